//! The commands on the pages are at least a shell's: what is copied from them is not cut, and no quote is left open.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::pages::{blocks, pages};

/// What a shell says against a script, without running it.
fn complaint(script: &str) -> String {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    String::from_utf8_lossy(&bash.wait_with_output().unwrap().stderr).into_owned()
}

#[test]
fn each_block_of_commands_can_be_parsed() {
    let mut parsed = 0;
    let outside = ["README.md", "CONTRIBUTING.md", "charts/tracktik-operator/README.md"];
    for path in pages().into_iter().chain(outside.map(str::to_owned)) {
        for block in blocks(&path).into_iter().filter(|block| block.language == "sh") {
            assert_eq!(complaint(&block.text), "", "{path}:\n{}", block.text);
            parsed += 1;
        }
    }
    assert!(parsed > 40, "{parsed}");
}

#[test]
fn a_quote_that_is_left_open_is_told() {
    assert!(
        complaint("echo 'open\n").contains("unexpected EOF"),
        "{}",
        complaint("echo 'open\n")
    );
}

/// A reader's tools colour a block by its language, and the tests find it by that.
#[test]
fn each_block_says_what_it_is() {
    let known = ["cel", "console", "go", "js", "php", "python", "sh", "text", "yaml"];
    for path in pages() {
        for block in blocks(&path) {
            let language = block.language.as_str();
            assert!(known.contains(&language), "{path}: {language:?}\n{}", block.text);
        }
    }
}
