//! What `tools/release/publish.sh` publishes and signs, and what it refuses, on a registry on this machine. The signer is a stand-in
//! that notes what it is to sign: the true one takes minutes to build, and an identity.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    layout::{digest, json as parsed, path, said},
    packing::pack,
    publishing::{Registry, crane},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A program of a few lines in place of another one.
pub fn stand_in(file: &Path, script: &str) {
    fs::write(file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes the sums of all files in a folder beside them.
pub fn sum(folder: &Path) {
    let _ = fs::remove_file(folder.join("SHA256SUMS"));
    let mut sums = Command::new("sh");
    sums.args(["-c", "sha256sum -- *"]).current_dir(folder);
    let sums = said(&sums.output().unwrap());
    fs::write(folder.join("SHA256SUMS"), sums).unwrap();
}

/// A release for one registry.
struct Release {
    repository: String,
    files: TempDir,
    /// The signer, and what it noted.
    signer: TempDir,
    image: String,
}

impl Release {
    /// Of that revision, with a chart that names that image if not its own.
    fn of(registry: &Registry, revision: &str, named: Option<&str>) -> Self {
        let repository = format!("{}/owner/tracktik-operator", registry.address);
        let (files, signer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let image = pack(files.path(), Some(revision))["tracktik-operator.tar"].clone();
        let mut chart = Command::new(path("tools/release/chart.sh"));
        chart.args([&*repository, named.unwrap_or(&image)]).arg(files.path());
        said(&chart.stdin(Stdio::null()).output().unwrap());
        fs::write(files.path().join("tracktik-operator.cdx.json"), "{}").unwrap();
        sum(files.path());
        stand_in(
            &signer.path().join("cosign"),
            "echo \"$@\" >>\"$(dirname \"$0\")/noted\"",
        );
        Self {
            repository,
            files,
            signer,
            image,
        }
    }

    fn publish(&self) -> Output {
        let mut publish = Command::new(path("tools/release/publish.sh"));
        publish.arg(&self.repository).env("FILES", self.files.path());
        publish.env("COSIGN", self.signer.path().join("cosign"));
        publish.env_remove("COSIGN_FLAGS").stdin(Stdio::null());
        publish.output().unwrap()
    }

    /// That it is refused, in these words, and nothing signed.
    fn is_refused(&self, words: &str) {
        let output = self.publish();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(words), "{told}");
        assert_eq!(self.signed(), Vec::<String>::new());
    }

    fn chart(&self) -> String {
        format!("{}/charts/tracktik-operator", self.repository)
    }

    fn signed(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.signer.path().join("noted")).unwrap_or_default();
        noted.lines().map(str::to_owned).collect()
    }
}

/// What the registry has under that name.
fn found(name: &str) -> Option<String> {
    let output = crane().args(["digest", name]).output().unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn image_and_chart_are_signed_by_the_digests_that_were_pushed_and_the_same_again_changes_nothing() {
    let registry = Registry::start();
    let release = Release::of(&registry, "0123", None);
    let printed = said(&release.publish());
    let chart = found(&format!("{}:{VERSION}", release.chart())).unwrap();
    let (repository, image) = (&release.repository, &release.image);
    assert_eq!(
        printed,
        format!("repository={repository}\nimage={image}\nchart={chart}\n")
    );
    assert_eq!(found(&format!("{repository}:{VERSION}")).as_ref(), Some(image));
    let packed = fs::read(release.files.path().join(format!("tracktik-operator-{VERSION}.tgz"))).unwrap();
    let manifest = said(
        &crane()
            .args(["manifest", &format!("{}@{chart}", release.chart())])
            .output()
            .unwrap(),
    );
    assert_eq!(
        parsed(manifest.as_bytes())["layers"][0]["digest"],
        json!(digest(&packed))
    );
    let list = release.files.path().join("tracktik-operator.cdx.json");
    let signed = [
        format!("sign --yes --recursive --allow-http-registry {repository}@{image}"),
        format!(
            "attest --yes --type cyclonedx --predicate {} --allow-http-registry {repository}@{image}",
            list.display()
        ),
        format!("sign --yes --allow-http-registry {}@{chart}", release.chart()),
    ];
    assert_eq!(release.signed(), signed);

    // Pushed again, a chart with another time, such as that of a download, would get another digest.
    let file = release.files.path().join(format!("tracktik-operator-{VERSION}.tgz"));
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(said(&release.publish()), printed);
    assert_eq!(found(&format!("{}:{VERSION}", release.chart())).as_ref(), Some(&chart));
    assert_eq!(release.signed(), [signed.clone(), signed].concat());
}

#[test]
fn a_chart_that_names_another_image_is_not_published() {
    let registry = Registry::start();
    let other = format!("sha256:{}", "0".repeat(64));
    let release = Release::of(&registry, "0123", Some(&other));
    release.is_refused(&format!("the chart names {}@{other}", release.repository));
    assert_eq!(found(&format!("{}:{VERSION}", release.repository)), None);
    // Neither is the image of another repository.
    let mut elsewhere = Release::of(&registry, "0123", None);
    elsewhere.repository = format!("{}/somebody/else", registry.address);
    elsewhere.is_refused("the chart names");
    assert_eq!(found(&format!("{}:{VERSION}", elsewhere.repository)), None);
}

#[test]
fn a_published_version_stays_what_it_is() {
    let registry = Registry::start();
    let first = Release::of(&registry, "0123", None);
    said(&first.publish());
    let second = Release::of(&registry, "4567", None);
    second.is_refused("is published already");
    assert_eq!(
        found(&format!("{}:{VERSION}", first.repository)).as_ref(),
        Some(&first.image)
    );
}

#[test]
fn a_chart_that_somebody_else_published_is_neither_signed_nor_replaced() {
    let registry = Registry::start();
    let release = Release::of(&registry, "0123", None);
    let chart = format!("{}:{VERSION}", release.chart());
    let mut foreign = crane();
    foreign.args(["append", "--new_tag", &chart, "--new_layer"]);
    foreign.arg(release.files.path().join("tracktik-operator-amd64.tar"));
    said(&foreign.output().unwrap());
    let before = found(&chart);
    assert!(before.is_some());
    release.is_refused(&format!("tracktik-operator-{VERSION}.tgz is sha256:"));
    assert_eq!(found(&chart), before);
    assert_eq!(found(&format!("{}:{VERSION}", release.repository)), None);
}

#[test]
fn files_that_are_not_those_of_the_sums_are_not_published() {
    let registry = Registry::start();
    let release = Release::of(&registry, "0123", None);
    let list = release.files.path().join("tracktik-operator.cdx.json");
    fs::write(&list, "{\"another\": true}").unwrap();
    release.is_refused("the files are not those of SHA256SUMS");
    // And one that they do not name could be anything.
    fs::remove_file(&list).unwrap();
    sum(release.files.path());
    fs::write(&list, "{}").unwrap();
    release.is_refused("SHA256SUMS does not name tracktik-operator.cdx.json");
    assert_eq!(found(&format!("{}:{VERSION}", release.repository)), None);
}
