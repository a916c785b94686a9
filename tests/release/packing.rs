//! That the same sources give the same bytes, for all kinds of machine in one index; and the list of what is in the image.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    image::{build, image},
    layout::{Archive, gunzip, json as parsed, path, python, said, untar},
};

/// Beside the archives.
const LIST: &str = "tracktik-operator.cdx.json";

#[test]
fn packing_again_elsewhere_gives_the_same_bytes() {
    let first = image();
    let folder = tempfile::tempdir().unwrap();
    let into = ("INTO", folder.path().to_str().unwrap());
    let elsewhere = [into, ("TZ", "Pacific/Apia"), ("LC_ALL", "C"), ("PYTHONHASHSEED", "7")];
    let (again, digest) = build(&elsewhere);
    assert_eq!(first.root["digest"], *digest);
    assert!(fs::read(&first.file).unwrap() == fs::read(again).unwrap());
    let list = |beside: &std::path::Path| fs::read(beside.with_file_name(LIST)).unwrap();
    assert!(list(&first.file) == list(&folder.path().join(LIST)));
    // And a change would show.
    let (_, changed) = build(&[into, ("SOURCE", "https://example.com/tracktik-operator")]);
    assert_ne!(changed, digest);
}

#[test]
fn what_the_builder_has_set_does_not_matter() {
    image();
    let mut build = Command::new(path("tools/image/binaries.sh"));
    build.args([
        "tracktik-operator",
        &format!("{}-unknown-linux-musl", std::env::consts::ARCH),
    ]);
    build.envs([
        ("RUSTC", "false"),
        ("RUSTC_WRAPPER", "false"),
        ("RUSTC_WORKSPACE_WRAPPER", "false"),
        ("RUSTC_BOOTSTRAP", "1"),
        ("RUSTFLAGS", "-Copt-level=0"),
        ("CARGO_BUILD_RUSTC_WRAPPER", "false"),
        ("CARGO_INCREMENTAL", "1"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "2"),
        ("CFLAGS", "-O0"),
        ("CRATE_CC_NO_DEFAULTS", "1"),
    ]);
    let output = build.output().unwrap();
    said(&output);
    // Whatever gets to cargo, or to a build script that asks for it, has something compiled anew.
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("Finished") && !told.contains("Compiling"), "{told}");
}

/// Packs images for both kinds of machine, each with a program that is only its kind's name, into a folder; returns the digest of
/// each archive.
pub fn pack(folder: &Path, revision: Option<&str>) -> BTreeMap<String, String> {
    let content = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = content.path().join(name);
        fs::write(&file, text).unwrap();
        file.into_os_string().into_string().unwrap()
    };
    let programs = ["arm64", "amd64"].map(|kind| format!("{kind}={}", file(kind, kind)));
    let mut pack = Command::new(python());
    pack.arg(path("tools/image/pack.py")).arg("--into").arg(folder);
    pack.args([
        "--name",
        "registry.example.com:5000/operator",
        "--version",
        "1.2.3",
        "--made-with",
        "hands",
    ]);
    pack.args([
        "--license",
        &file("license", "may"),
        "--licenses",
        &file("others", "may too"),
        "--authorities",
        &file("authorities", ""),
    ]);
    if let Some(revision) = revision {
        pack.args(["--revision", revision]);
    }
    let printed = said(&pack.args(programs).output().unwrap());
    let digests = printed.lines().map(|line| line.split_once(' ').unwrap());
    digests
        .map(|(archive, digest)| (archive.to_owned(), digest.to_owned()))
        .collect()
}

#[test]
fn one_index_has_the_images_of_all_kinds_of_machine() {
    let folder = tempfile::tempdir().unwrap();
    let printed = pack(folder.path(), None);
    let whole = Archive::read(&folder.path().join("tracktik-operator.tar"));
    let root = whole.root();
    assert_eq!(root["digest"], *printed["tracktik-operator.tar"]);
    assert_eq!(
        root["annotations"]["io.containerd.image.name"],
        "registry.example.com:5000/operator:1.2.3"
    );
    let index = parsed(whole.blob(&root));
    for (image, kind) in index["manifests"].as_array().unwrap().iter().zip(["amd64", "arm64"]) {
        assert_eq!(image["platform"]["architecture"], kind);
        let manifest = parsed(whole.blob(image));
        assert_eq!(parsed(whole.blob(&manifest["config"]))["architecture"], kind);
        let layer = gunzip(whole.blob(&manifest["layers"][0]));
        assert_eq!(untar(&layer)["tracktik-operator"].content, kind.as_bytes());
        // The archive for this kind alone has the very same image.
        let name = format!("tracktik-operator-{kind}.tar");
        assert_eq!(*printed[&name], image["digest"]);
        let single = Archive::read(&folder.path().join(name));
        assert_eq!(single.root()["digest"], image["digest"]);
        // Where an older Docker looks.
        let docker = &parsed(&single.files["manifest.json"].content)[0];
        assert_eq!(docker["RepoTags"], json!(["registry.example.com:5000/operator:1.2.3"]));
        assert!(single.files.contains_key(docker["Config"].as_str().unwrap()));
        assert!(single.files.contains_key(docker["Layers"][0].as_str().unwrap()));
    }
}

#[test]
fn the_list_has_what_is_linked_and_nothing_else() {
    let list = fs::read_to_string(image().file.with_file_name(LIST)).unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["bomFormat"], "CycloneDX");
    let root = &list["metadata"]["component"];
    assert_eq!(
        (&root["name"], &root["version"]),
        (&json!("tracktik-operator"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let components = list["components"].as_array().unwrap();
    let lock = fs::read_to_string(path("Cargo.lock")).unwrap();
    for component in components {
        let name = component["name"].as_str().unwrap();
        assert!(component["licenses"].is_array(), "{name}");
        if !component["purl"].as_str().unwrap().starts_with("pkg:cargo/") {
            continue;
        }
        let checksum = component["hashes"][0]["content"].as_str().unwrap();
        let version = component["version"].as_str().unwrap();
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        let (_, entry) = lock
            .split_once(&locked)
            .unwrap_or_else(|| panic!("{name} {version} is not locked"));
        assert!(entry.split("[[package]]").next().unwrap().contains(checksum), "{name}");
    }
    let has = |wanted: &str| components.iter().any(|component| component["name"] == wanted);
    for linked in ["kube", "ring", "rustls", "tokio", "rust-std", "certifi"] {
        assert!(has(linked), "{linked}");
    }
    // Of a build script, of a macro, of tests, of another system.
    for other in ["cc", "serde_derive", "proptest", "testbed", "windows-sys"] {
        assert!(!has(other), "{other}");
    }
}
