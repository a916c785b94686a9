//! The image in `target/image`, built on the first use.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use crate::layout::{Archive, Entry, gunzip, json, path, said, untar};

pub const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// Builds it, in an environment with these variables, and returns the archive and its digest as the build prints them.
pub fn build(variables: &[(&str, &str)]) -> (PathBuf, String) {
    let mut script = Command::new(path("tools/image/build.sh"));
    script.arg(ARCHITECTURE).envs(variables.iter().copied());
    let printed = said(&script.stdin(Stdio::null()).output().unwrap());
    let [file, digest, ..] = printed.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{printed}");
    };
    (path(file), digest.to_owned())
}

/// It, and what is in it.
pub struct Image {
    pub file: PathBuf,
    pub archive: Archive,
    pub root: Value,
    pub manifest: Value,
    pub configuration: Value,
    pub layer: Vec<u8>,
    pub files: BTreeMap<String, Entry>,
}

pub fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let (file, printed) = build(&[]);
        let archive = Archive::read(&file);
        let root = archive.root();
        assert_eq!(root["digest"], *printed);
        let manifest = json(archive.blob(&root));
        let configuration = json(archive.blob(&manifest["config"]));
        let [layer] = &manifest["layers"].as_array().unwrap()[..] else {
            panic!("not one layer: {manifest}");
        };
        let layer = gunzip(archive.blob(layer));
        let files = untar(&layer);
        Image {
            file,
            archive,
            root,
            manifest,
            configuration,
            layer,
            files,
        }
    })
}
