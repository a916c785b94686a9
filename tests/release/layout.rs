//! An image in its archive, read as a registry or a node would, and the files of its layers.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A path of the repository, wherever the test is run from.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// What a program printed; what it complained of is in the panic.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

pub fn digest(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// One entry of a tar.
pub struct Entry {
    pub content: Vec<u8>,
    pub mode: u64,
    pub user: u64,
    pub group: u64,
    pub modified: u64,
    pub is_folder: bool,
}

/// The entries by path, of the plain kind of tar that images are made of: with longer names or anything but files and folders it
/// is not this kind.
pub fn untar(archive: &[u8]) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    let mut rest = archive;
    while rest.len() >= 512 && rest[0] != 0 {
        let (header, after) = rest.split_at(512);
        let field = |from: usize, length: usize| {
            let field = &header[from..from + length];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(length);
            String::from_utf8(field[..end].to_vec()).unwrap()
        };
        let number = |from, length| u64::from_str_radix(field(from, length).trim(), 8).unwrap();
        let size = usize::try_from(number(124, 12)).unwrap();
        assert!(matches!(header[156], b'0' | b'5'), "{}: {}", field(0, 100), header[156]);
        let entry = Entry {
            content: after[..size].to_vec(),
            mode: number(100, 8),
            user: number(108, 8),
            group: number(116, 8),
            modified: number(136, 12),
            is_folder: header[156] == b'5',
        };
        let known = entries.insert(field(0, 100).trim_end_matches('/').to_owned(), entry);
        assert!(known.is_none(), "{} is there twice", field(0, 100));
        rest = &after[size.div_ceil(512) * 512..];
    }
    entries
}

pub fn gunzip(packed: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all(packed).unwrap();
    let gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(fs::File::open(file.path()).unwrap())
        .output();
    let gzip = gzip.unwrap();
    assert!(gzip.status.success(), "{}", String::from_utf8_lossy(&gzip.stderr));
    gzip.stdout
}

/// An archive with a layout of the OCI.
pub struct Archive {
    pub files: BTreeMap<String, Entry>,
}

impl Archive {
    pub fn read(file: &Path) -> Self {
        let files = untar(&fs::read(file).unwrap());
        assert_eq!(json(&files["oci-layout"].content)["imageLayoutVersion"], "1.0.0");
        Self { files }
    }

    /// A blob as a descriptor refers to it, which says the truth about it.
    pub fn blob(&self, descriptor: &Value) -> &[u8] {
        let name = descriptor["digest"].as_str().unwrap();
        let content = &self.files[&format!("blobs/{}", name.replace(':', "/"))].content;
        assert_eq!(
            (name, descriptor["size"].as_u64().unwrap()),
            (&*digest(content), content.len() as u64)
        );
        content
    }

    /// The only thing that the index of the archive names.
    pub fn root(&self) -> Value {
        let index = json(&self.files["index.json"].content);
        let [root] = &index["manifests"].as_array().unwrap()[..] else {
            panic!("not one: {index}");
        };
        root.clone()
    }
}

pub fn json(content: &[u8]) -> Value {
    serde_json::from_slice(content).unwrap()
}

/// The interpreter that has what the packer needs.
pub fn python() -> PathBuf {
    let mut install = Command::new(path("tools/python-programs.sh"));
    install.arg(path("tools/image/requirements.txt")).stdin(Stdio::null());
    Path::new(said(&install.output().unwrap()).trim()).join("python")
}
