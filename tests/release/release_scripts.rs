//! What a release is of, a merged commit without changes, and that it has every file that its sums name.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{
    layout::{path, said},
    packing::pack,
    publish_script::{stand_in, sum},
};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    said(&git.args(arguments).current_dir(folder).output().unwrap())
}

fn is_refused(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(words), "{told}");
}

/// A repository that has one script of a release, in one commit.
fn repository_with(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("tools/release")).unwrap();
    fs::copy(path(script), folder.path().join(script)).unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message=One"]);
    folder
}

#[test]
fn the_release_has_every_file_that_its_sums_name() {
    let (folder, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = [
        "THIRD-PARTY-LICENSES",
        "kubectl-tracktik-1.2.3-linux-amd64.tar.gz",
        "tracktik-operator-1.2.3.tgz",
        "tracktik-operator.cdx.json",
        "tracktik-operator.tar",
    ];
    for file in files {
        fs::write(folder.path().join(file), file).unwrap();
    }
    sum(folder.path());
    stand_in(
        &programs.path().join("gh"),
        "for argument; do printf '%s\\n' \"$argument\"; done",
    );
    let mut announce = Command::new("sh");
    announce.args(["-c", "PATH=$0:$PATH exec \"$@\""]).arg(programs.path());
    announce.arg(path("tools/release/announce.sh"));
    announce.args([
        "v1.2.3",
        "registry.example.com/tracktik-operator",
        "sha256:0",
        "sha256:1",
    ]);
    announce
        .env("FILES", folder.path())
        .env("GITHUB_SERVER_URL", "https://example.com");
    announce.env("GITHUB_REPOSITORY", "owner/tracktik-operator");
    announce.stdin(Stdio::null());
    let said = said(&announce.output().unwrap());
    let arguments: Vec<_> = said.lines().collect();
    assert_eq!(arguments[..4], ["release", "create", "v1.2.3", "--verify-tag"]);
    let uploaded: BTreeSet<_> = arguments.iter().copied().filter(|one| one.starts_with('/')).collect();
    let there: BTreeSet<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path().display().to_string())
        .collect();
    let notes = uploaded
        .iter()
        .filter(|one| !Path::new(one).starts_with(folder.path()))
        .count();
    assert_eq!(notes, 1, "{arguments:?}");
    let uploaded: BTreeSet<_> = uploaded
        .into_iter()
        .filter(|one| Path::new(one).starts_with(folder.path()))
        .map(str::to_owned)
        .collect();
    assert_eq!(there.len(), files.len() + 1);
    assert_eq!(uploaded, there);
}

#[test]
fn an_image_of_no_commit_or_of_another_is_not_released() {
    let check = |revision: Option<&str>| {
        let folder = tempfile::tempdir().unwrap();
        pack(folder.path(), revision);
        let mut check = Command::new(path("tools/release/check-revision.sh"));
        check.arg(folder.path().join("tracktik-operator.tar")).output().unwrap()
    };
    let commit = git(&path("."), &["rev-parse", "HEAD"]);
    said(&check(Some(commit.trim())));
    is_refused(&check(None), "is of no revision");
    is_refused(&check(Some("0123")), "is of 0123");
}

#[test]
fn nothing_is_built_for_a_release_from_changes_that_are_in_no_commit() {
    let folder = repository_with("tools/release/files.sh");
    fs::write(folder.path().join("change"), "").unwrap();
    let mut build = Command::new(folder.path().join("tools/release/files.sh"));
    let output = build.arg("registry.example.com/tracktik-operator").output().unwrap();
    is_refused(&output, "changes that are in no commit");
    assert!(!folder.path().join("target").exists());
}

#[test]
fn a_commit_that_was_not_merged_is_not_released() {
    let script = "tools/release/check-commit.sh";
    let folder = repository_with(script);
    let check = || Command::new(folder.path().join(script)).output().unwrap();
    let words = "is not in origin/main";
    // Where main is, is not known.
    is_refused(&check(), words);
    git(folder.path(), &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    said(&check());
    git(
        folder.path(),
        &["commit", "--quiet", "--allow-empty", "--message=Not merged"],
    );
    is_refused(&check(), words);
    // Merged, and main has gone on since.
    git(folder.path(), &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(folder.path(), &["checkout", "--quiet", "--detach", "HEAD~1"]);
    said(&check());
}
