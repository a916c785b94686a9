//! What is in the image, and that the program in it needs nothing else.

use std::{fs, process::Command};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::json;

use crate::{
    image::{ARCHITECTURE, image},
    layout::{digest, path, said},
};

/// For one kind of machine, packed and unpacked: what a node downloads, and what it keeps.
const LIMIT: usize = 15_000_000;

#[test]
fn it_runs_the_operator_as_nobody_in_particular() {
    let image = image();
    assert_eq!(
        image.root["platform"],
        json!({"os": "linux", "architecture": ARCHITECTURE})
    );
    assert_eq!(image.configuration["architecture"], ARCHITECTURE);
    assert_eq!(image.configuration["os"], "linux");
    let config = &image.configuration["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/tracktik-operator"]));
    assert_eq!(config["Cmd"], json!(["run"]));
    assert_eq!(config["ExposedPorts"], json!({"8080/tcp": {}}));
    assert_eq!(image.configuration["rootfs"]["diff_ids"], json!([digest(&image.layer)]));
    let label = |name: &str| &config["Labels"][format!("org.opencontainers.image.{name}")];
    assert_eq!(label("title"), env!("CARGO_PKG_NAME"));
    assert_eq!(label("version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(label("licenses"), "Apache-2.0");
    assert_eq!(image.manifest["annotations"], config["Labels"]);
}

#[test]
fn it_holds_the_program_its_licence_and_whom_to_trust_and_nothing_else() {
    let files = &image().files;
    let found: Vec<_> = files.iter().map(|(path, entry)| (&**path, entry.mode)).collect();
    assert_eq!(
        found,
        [
            ("LICENSE", 0o644),
            ("THIRD-PARTY-LICENSES", 0o644),
            ("etc", 0o755),
            ("etc/ssl", 0o755),
            ("etc/ssl/certs", 0o755),
            ("etc/ssl/certs/ca-certificates.crt", 0o644),
            ("tracktik-operator", 0o755),
        ]
    );
    for (path, entry) in files {
        assert_eq!((entry.user, entry.group, entry.modified), (0, 0, 0), "{path}");
        assert_eq!(
            entry.is_folder,
            path.starts_with("etc") && !path.contains('.'),
            "{path}"
        );
    }
    let others = String::from_utf8(files["THIRD-PARTY-LICENSES"].content.clone()).unwrap();
    assert!(others.contains("ring 0.") && others.matches("Permission is hereby granted").count() > 20);
    assert!(files["LICENSE"].content == fs::read(path("LICENSE")).unwrap());
}

#[test]
fn it_trusts_authorities_that_can_be_read() {
    let bundle = &image().files["etc/ssl/certs/ca-certificates.crt"].content;
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(bundle).map(Result::unwrap).collect();
    let (trusted, refused) = RootCertStore::empty().add_parsable_certificates(authorities);
    assert!(trusted > 100, "{trusted}");
    assert_eq!(refused, 0);
}

/// A little-endian number in a program.
#[cfg(target_os = "linux")]
fn number(program: &[u8], from: usize, length: usize) -> usize {
    let bytes = program[from..from + length].iter().rev();
    bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The interpreter and the libraries that an ELF program asks for, by their place in it.
#[cfg(target_os = "linux")]
fn wanted(program: &[u8]) -> Vec<String> {
    const INTERPRETER: usize = 3;
    const DYNAMIC: usize = 2;
    const NEEDED: usize = 1;
    assert_eq!(&program[..6], b"\x7fELF\x02\x01", "64 bits, little-endian");
    let (table, size, count) = (number(program, 32, 8), number(program, 54, 2), number(program, 56, 2));
    let mut wanted = Vec::new();
    for header in (0..count).map(|index| table + index * size) {
        let (offset, length) = (number(program, header + 8, 8), number(program, header + 32, 8));
        match number(program, header, 4) {
            INTERPRETER => wanted.push(format!("an interpreter, at {offset}")),
            DYNAMIC => {
                for entry in (offset..offset + length).step_by(16) {
                    if number(program, entry, 8) == NEEDED {
                        wanted.push(format!("a library, at {entry}"));
                    }
                }
            }
            _ => {}
        }
    }
    wanted
}

/// A command that takes a folder, and what to run where that folder is all there is. Root needs nothing for it; others a user
/// namespace, which some systems, such as CI's, give to nobody, or sudo without a password.
#[cfg(target_os = "linux")]
fn with_another_root() -> Command {
    const WAYS: [&[&str]; 3] = [
        &["chroot"],
        &["unshare", "--map-root-user", "--root"],
        &["sudo", "-n", "chroot"],
    ];
    let mut told = Vec::new();
    for way in WAYS {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]);
        match command.args(["/", "true"]).output() {
            Ok(output) if output.status.success() => {
                let mut command = Command::new(way[0]);
                command.args(&way[1..]);
                return command;
            }
            Ok(output) => told.push(format!(
                "{}: {}",
                way.join(" "),
                String::from_utf8_lossy(&output.stderr)
            )),
            Err(error) => told.push(format!("{}: {error}", way.join(" "))),
        }
    }
    panic!(
        "no way to start a program where there is nothing else, as root or with a user namespace:\n{}",
        told.join("\n")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn its_program_is_static_and_starts_where_there_is_nothing_else() {
    let program = &image().files["tracktik-operator"].content;
    assert_eq!(wanted(program), Vec::<String>::new());
    // And it would tell: this test is linked as usual.
    assert!(wanted(&fs::read(std::env::current_exe().unwrap()).unwrap()).len() > 1);

    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("tracktik-operator");
    fs::write(&file, program).unwrap();
    said(&Command::new("chmod").arg("755").arg(&file).output().unwrap());
    let mut started = with_another_root();
    let started = started
        .arg(root.path())
        .args(["/tracktik-operator", "--version"])
        .output();
    assert_eq!(
        said(&started.unwrap()),
        concat!("tracktik-operator ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn it_is_small() {
    let image = image();
    let packed: usize = image.archive.files.values().map(|entry| entry.content.len()).sum();
    assert!(
        packed < LIMIT && image.layer.len() < LIMIT,
        "{packed} {}",
        image.layer.len()
    );
}
