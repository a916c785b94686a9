//! The workflows: that nobody can change what they run, that each job has no more rights than it says why, and what linters say.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::layout::{path, said};

fn workflows() -> Vec<(String, String)> {
    let files = fs::read_dir(path(".github/workflows"))
        .unwrap()
        .map(|file| file.unwrap().path());
    let named = |file: PathBuf| (file.display().to_string(), fs::read_to_string(file).unwrap());
    files.map(named).collect()
}

/// The lines that use an action otherwise than by a commit, with the version that it is in a comment.
fn unpinned(workflow: &str) -> Vec<&str> {
    let used = workflow
        .lines()
        .filter_map(|line| line.split_once("uses:"))
        .map(|(_, used)| used.trim());
    let pinned = |used: &&str| {
        let Some((action, rest)) = used.split_once('@') else {
            return false;
        };
        let Some((commit, version)) = rest.split_once(" # v") else {
            return false;
        };
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        action.split('/').count() == 2
            && commit.len() == 40
            && commit.bytes().all(hexadecimal)
            && version.split('.').count() == 3
            && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    used.filter(|used| !pinned(used)).collect()
}

#[test]
fn each_action_is_used_by_its_commit() {
    let mut used = 0;
    for (name, workflow) in workflows() {
        assert_eq!(unpinned(&workflow), Vec::<&str>::new(), "{name}");
        used += workflow.matches("uses:").count();
    }
    assert!(used > 5, "{used}");
    let commit = "0123456789012345678901234567890123456789";
    for moved in [
        "actions/checkout@v7".to_owned(),
        "actions/checkout@v7 # v7.0.1".to_owned(),
        format!("actions/checkout@{commit}"),
        format!("actions/checkout@{commit} # v7"),
        "docker://alpine:3".to_owned(),
    ] {
        assert_eq!(unpinned(&format!("      - uses: {moved}")), [moved]);
    }
}

#[test]
fn no_job_has_a_right_that_it_does_not_name() {
    for (name, workflow) in workflows() {
        let parsed: serde_json::Value = serde_saphyr::from_str(&workflow).unwrap();
        assert_eq!(parsed["permissions"], serde_json::json!({}), "{name}");
        // Without it a failure before a pipe goes unseen.
        assert_eq!(parsed["defaults"]["run"]["shell"], "bash", "{name}");
        for (job, definition) in parsed["jobs"].as_object().unwrap() {
            // What builds runs foreign code.
            let expected = if job == "publish" && name.ends_with("/release.yml") {
                serde_json::json!({
                    "contents": "write", "packages": "write", "id-token": "write", "attestations": "write",
                })
            } else {
                serde_json::json!({"contents": "read"})
            };
            assert_eq!(definition["permissions"], expected, "{name}: {job}");
        }
    }
}

#[test]
fn the_real_node_is_tested_as_root() {
    let ci: serde_json::Value =
        serde_saphyr::from_str(&fs::read_to_string(path(".github/workflows/ci.yml")).unwrap()).unwrap();
    let jobs = ci["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    let commands: Vec<_> = steps.filter_map(|step| step["run"].as_str()).collect();
    // Where `.ci/run` is not root it skips this.
    let asked = |command: &&&str| command.starts_with("sudo env ") && command.ends_with(" make e2e");
    assert_eq!(commands.iter().filter(asked).count(), 1, "{commands:?}");
}

fn folder_of(script: &str, arguments: &[&str]) -> PathBuf {
    let mut script = Command::new(path(script));
    let built = script
        .current_dir(path("."))
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    PathBuf::from(said(&built.unwrap()).trim())
}

/// What a linter says of a workflow, as it came and after a change that it must object to.
fn judged(linter: &Path, arguments: &[&str], from: &str, to: &str, objection: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, workflow) in workflows() {
        let file = folder.path().join("workflow.yml");
        let judge = |content: &str| {
            fs::write(&file, content).unwrap();
            let mut judge = Command::new(linter);
            // A token would have it ask GitHub.
            judge
                .args(arguments)
                .arg(&file)
                .current_dir(folder.path())
                .env_remove("GH_TOKEN")
                .env_remove("GITHUB_TOKEN");
            let output = judge.stdin(Stdio::null()).output().unwrap();
            let text = [&output.stdout[..], &output.stderr[..]].concat();
            (output.status.success(), String::from_utf8_lossy(&text).into_owned())
        };
        let (accepted, said) = judge(&workflow);
        assert!(accepted, "{name}: {said}");
        assert!(workflow.contains(from), "{name}");
        let (accepted, said) = judge(&workflow.replacen(from, to, 1));
        assert!(!accepted && said.contains(objection), "{name}: {said}");
    }
}

#[test]
fn actionlint_understands_them() {
    let folder = folder_of("tools/release/programs.sh", &["actionlint"]);
    // Their scripts are the shell's own business: they are short, and shellcheck need not be there.
    let arguments = ["-shellcheck=", "-pyflakes="];
    judged(
        &folder.join("actionlint"),
        &arguments,
        "runs-on: ubuntu-24.04",
        "runs-on: ubuntu-2404",
        "is unknown",
    );
}

#[test]
fn zizmor_finds_no_way_in() {
    let folder = folder_of("tools/python-programs.sh", &["tests/release/linters/requirements.txt"]);
    let arguments = ["--offline", "--no-progress", "--persona=pedantic"];
    judged(
        &folder.join("zizmor"),
        &arguments,
        "permissions: {}",
        "permissions: write-all",
        "excessive-permissions",
    );
}
