//! The image and the chart as they are published, into a registry on this machine. Signing needs an identity and is not in it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::OnceLock,
};

use crate::{
    image::image,
    layout::{json, path, said},
};

/// What reads and writes registries.
pub fn crane() -> Command {
    static FOLDER: OnceLock<String> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let mut build = Command::new(path("tools/release/programs.sh"));
        said(&build.arg("crane").stdin(Stdio::null()).output().unwrap())
    });
    let mut crane = Command::new(Path::new(folder.trim()).join("crane"));
    crane.stdin(Stdio::null());
    crane
}

/// A registry that ends with its standard input, and so with this process.
pub struct Registry {
    shell: Child,
    pub address: String,
    /// Its log, which it could not write on without somebody who may read it.
    _log: BufReader<ChildStderr>,
}

impl Registry {
    pub fn start() -> Self {
        let program = crane().get_program().to_owned();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "\"$0\" registry serve --address 127.0.0.1:0 & cat; kill $!; wait"])
            .arg(program);
        let mut shell = shell.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(shell.stderr.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the registry ended");
            if let Some((_, port)) = line.trim().split_once("serving on port ") {
                break port;
            }
        };
        let address = format!("127.0.0.1:{port}");
        Self {
            shell,
            address,
            _log: log,
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }
}

#[test]
fn a_registry_takes_the_image_under_the_digest_that_the_build_printed() {
    let registry = Registry::start();
    let layout = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .arg("-xf")
        .arg(&image().file)
        .arg("-C")
        .arg(layout.path())
        .output();
    said(&unpacked.unwrap());
    let name = format!("{}/tracktik-operator:{}", registry.address, env!("CARGO_PKG_VERSION"));
    let pushed = said(&crane().arg("push").arg(layout.path()).arg(&name).output().unwrap());
    assert_eq!(pushed.trim().split_once('@').unwrap().1, image().root["digest"]);
    // Each digest, size and layer, as another implementation reads them.
    said(&crane().args(["validate", "--remote", &name]).output().unwrap());
    let configuration = said(&crane().args(["config", &name]).output().unwrap());
    assert_eq!(json(configuration.as_bytes()), image().configuration);
}

#[test]
fn the_chart_is_published_with_the_image_by_its_digest_and_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let digest = image().root["digest"].as_str().unwrap();
    let pack = |name: &str, repository: &str| {
        let mut pack = Command::new(path("tools/release/chart.sh"));
        pack.args([repository, digest])
            .arg(folder.path().join(name))
            .stdin(Stdio::null());
        said(&pack.output().unwrap());
        let file = format!("{name}/tracktik-operator-{}.tgz", env!("CARGO_PKG_VERSION"));
        fs::read(folder.path().join(file)).unwrap()
    };
    let first = pack("first", "registry.example.com/tracktik-operator");
    assert!(first == pack("again", "registry.example.com/tracktik-operator"));
    assert!(first != pack("other", "other.example.com/tracktik-operator"));
    let mut unpack = Command::new("tar");
    unpack.args(["-xzf", "-", "-C"]).arg(folder.path());
    let file = format!("first/tracktik-operator-{}.tgz", env!("CARGO_PKG_VERSION"));
    unpack.stdin(fs::File::open(folder.path().join(file)).unwrap());
    said(&unpack.output().unwrap());
    let values = fs::read_to_string(folder.path().join("tracktik-operator/values.yaml")).unwrap();
    let values: serde_json::Value = serde_saphyr::from_str(&values).unwrap();
    assert_eq!(values["image"]["repository"], "registry.example.com/tracktik-operator");
    assert_eq!(values["image"]["digest"], digest);
    // All else is as it was.
    let original = fs::read_to_string(path("charts/tracktik-operator/values.yaml")).unwrap();
    let mut original: serde_json::Value = serde_saphyr::from_str(&original).unwrap();
    original["image"]["repository"] = values["image"]["repository"].clone();
    original["image"]["digest"] = digest.into();
    assert_eq!(values, original);
}

#[test]
fn a_tag_of_another_version_is_not_released() {
    let check = |tag: &str| {
        let mut check = Command::new(path("tools/release/check-version.sh"));
        check.arg(tag).output().unwrap()
    };
    said(&check(concat!("v", env!("CARGO_PKG_VERSION"))));
    for tag in [env!("CARGO_PKG_VERSION"), "v99.0.0"] {
        let refused = check(tag);
        assert!(!refused.status.success());
        let told = String::from_utf8(refused.stderr).unwrap();
        for file in [
            "Cargo.toml",
            "the chart's version",
            "the chart's appVersion",
            "deploy/kustomization.yaml",
        ] {
            assert!(told.contains(file), "{told}");
        }
    }
}
