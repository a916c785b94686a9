//! What `make e2e` has beside its scenes: where it is skipped and where it fails, and what packs images for it.

#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{
    layout::{Archive, gunzip, json, path, said, untar},
    publish_script::stand_in,
};

/// What a node is started with, each of which says yes to everything.
const TOOLS: [&str; 18] = [
    "awk", "base64", "comm", "diff", "find", "flock", "ip", "mkdir", "mount", "openssl", "python3", "readlink",
    "rmdir", "sed", "setpriv", "setsid", "tail", "umount",
];

/// Runs a script on a machine whose programs are these, where not the ones given here.
fn on_a_machine(changes: &[(&str, Option<&str>)], script: &str, arguments: &[&str]) -> Output {
    let programs = tempfile::tempdir().unwrap();
    let mut stand_ins: BTreeMap<_, _> = TOOLS.iter().map(|tool| (*tool, Some("true"))).collect();
    stand_ins.extend([("id", Some("echo 0")), ("unshare", Some("echo --kill-child"))]);
    stand_ins.extend(changes.iter().copied());
    for (tool, does) in &stand_ins {
        if let Some(does) = does {
            stand_in(&programs.path().join(tool), does);
        }
    }
    for real in ["bash", "dirname", "grep", "sh", "sort", "uname"] {
        // Never through a link to the machine's own.
        if stand_ins.contains_key(real) {
            continue;
        }
        let found = Command::new("sh").args(["-c", "command -v \"$0\"", real]).output();
        symlink(said(&found.unwrap()).trim(), programs.path().join(real)).unwrap();
    }
    let mut script = Command::new(path(script));
    let output = script.args(arguments).env("PATH", programs.path()).stdin(Stdio::null());
    output.output().unwrap()
}

#[test]
fn a_machine_that_can_run_no_node_is_told_from_one_that_lacks_a_tool() {
    let possible = |changes: &[(&str, Option<&str>)], status: i32, words: &str| {
        let output = on_a_machine(changes, "tools/node/possible.sh", &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(status) && told.contains(words),
            "{changes:?}: {output:?}"
        );
    };
    possible(&[], 0, "");
    possible(&[("id", Some("echo 1000"))], 3, "needs root");
    possible(&[("uname", Some("echo Darwin"))], 3, "needs Linux");
    possible(&[("mkdir", Some("exit 1"))], 3, "needs cgroups that can be written");
    possible(
        &[("unshare", Some("[ $1 = --help ] && echo --kill-child"))],
        3,
        "needs namespaces",
    );
    for tool in TOOLS.iter().filter(|tool| !matches!(**tool, "mkdir" | "rmdir")) {
        possible(&[(tool, None)], 1, &format!("missing: {tool},"));
    }
    // Those of busybox.
    possible(&[("unshare", Some("true"))], 1, "missing: unshare,");
    possible(&[("setpriv", Some("exit 1"))], 1, "missing: setpriv,");
    // Before it matters which tools are there.
    possible(&[("id", Some("echo 1000")), ("ip", None)], 3, "needs root");
}

#[test]
fn it_is_skipped_loudly_and_not_for_a_missing_tool() {
    let nobody = [("id", Some("echo 1000"))];
    let output = on_a_machine(&nobody, "tools/e2e.sh", &["--if-possible"]);
    assert!(said(&output).contains("*** make e2e is SKIPPED, nothing was tested on a real node"));
    let output = on_a_machine(&nobody, "tools/e2e.sh", &[]);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let output = on_a_machine(&[("ip", None)], "tools/e2e.sh", &["--if-possible"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("missing: ip,"), "{output:?}");
}

#[test]
fn a_program_is_packed_with_what_it_is_linked_to() {
    let folder = tempfile::tempdir().unwrap();
    let pack = |to: &str| {
        let file = folder.path().join(to);
        let mut pack = Command::new(path("tools/image/pack-files.py"));
        pack.arg("--output")
            .arg(&file)
            .args(["--name", "localhost/shell:1", "--user", "7:7"]);
        pack.args(["/bin/sh:/shell", &format!("{}:/", content(folder.path()))]);
        said(&pack.stdin(Stdio::null()).output().unwrap());
        file
    };
    let file = pack("one.tar");
    assert!(fs::read(&file).unwrap() == fs::read(pack("two.tar")).unwrap());
    let archive = Archive::read(&file);
    assert_eq!(
        archive.root()["annotations"]["io.containerd.image.name"],
        "localhost/shell:1"
    );
    let manifest = json(archive.blob(&archive.root()));
    let configuration = json(archive.blob(&manifest["config"]));
    assert_eq!(configuration["config"]["Entrypoint"], serde_json::json!(["/shell"]));
    assert_eq!(configuration["config"]["User"], "7:7");
    let files = untar(&gunzip(archive.blob(&manifest["layers"][0])));
    assert!(files["shell"].content == fs::read("/bin/sh").unwrap() && files["shell"].mode == 0o755);
    assert_eq!(
        (
            files["a folder/of text"].content.as_slice(),
            files["a folder/of text"].mode
        ),
        (&b"text"[..], 0o644)
    );
    assert!(files["a folder"].is_folder);
    assert!(
        files
            .values()
            .all(|file| (file.modified, file.user, file.group) == (0, 0, 0))
    );
    // The loader at least, if that shell is not a static one.
    let needed = Command::new("ldd").arg("/bin/sh").output().unwrap();
    let libraries = files.keys().filter(|name| name.contains(".so")).count();
    assert_eq!(libraries > 1, needed.status.success(), "{:?}", files.keys());
}

/// A folder with a file in a folder.
fn content(within: &Path) -> String {
    let content = within.join("content");
    fs::create_dir_all(content.join("a folder")).unwrap();
    fs::write(content.join("a folder/of text"), "text").unwrap();
    content.into_os_string().into_string().unwrap()
}
