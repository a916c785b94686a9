//! The document that says what is promised: each test that it names as a proof is there.

use std::{collections::BTreeSet, fs, path::Path};

/// Fewer than this, and the names are not found as they are written.
const LEAST: usize = 80;

fn text(file: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()
}

/// Whatever the document names in the manner of a test: the text between two backticks that begins with a path of ours.
fn named(document: &str) -> BTreeSet<&str> {
    let code = document.split('`').skip(1).step_by(2);
    code.filter(|code| (code.starts_with("tests/") || code.starts_with("src/")) && code.contains(".rs"))
        .collect()
}

/// Whether the file has this function, with the attribute of a test right above it.
fn is_test(file: &str, name: &str) -> bool {
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        let signature = line.strip_prefix("async ").unwrap_or(line);
        signature
            .strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let Some(at) = lines.iter().position(|line| is_it(line)) else {
        return false;
    };
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    above
        .into_iter()
        .any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
}

#[test]
fn each_test_that_is_named_as_a_proof_is_there() {
    let document = text("docs/guarantees.md").unwrap();
    let named = named(&document);
    assert!(named.len() >= LEAST, "only {} tests are named", named.len());
    let missing: Vec<&str> = named
        .into_iter()
        .filter(|code| {
            let there = code
                .split_once(": ")
                .and_then(|(file, name)| Some(is_test(&text(file)?, name)));
            there != Some(true)
        })
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn a_test_is_told_from_a_function_and_from_one_with_a_longer_name() {
    let file = "fn plain() {}\n\n    #[test]\n    fn tried(n in 0..3) {}\n#[tokio::test(start_paused = true)]\nasync fn waited() {}\n";
    for (name, expected) in [
        ("plain", false),
        ("tried", true),
        ("trie", false),
        ("waited", true),
        ("absent", false),
    ] {
        assert_eq!(is_test(file, name), expected, "{name}");
    }
    assert_eq!(named("`tests/a.rs: b`, `b.rs`, `src/c.rs`").len(), 2);
}
