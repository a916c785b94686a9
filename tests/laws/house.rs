//! The architecture, held by a test: which room may know which, and how large a file may grow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A file larger than this is two topics.
const CEILING: usize = 250;

/// Which room imports which: arrows point one way. Files beside the rooms are named by those that may use them.
const ROOMS: [(&str, &[&str]); 6] = [
    ("api", &["hex"]),
    ("rotation", &["api"]),
    ("secrets", &["api", "rotation", "hex", "object_key", "object_meta"]),
    ("oauth", &["api", "rotation", "secrets", "clock"]),
    (
        "cluster",
        &[
            "api",
            "rotation",
            "secrets",
            "clock",
            "credential_figures",
            "health",
            "metrics",
            "object_key",
            "object_meta",
            "random_id",
            "settings",
        ],
    ),
    (
        "controller",
        &[
            "api",
            "rotation",
            "secrets",
            "oauth",
            "cluster",
            "clock",
            "health",
            "metrics",
            "random_id",
        ],
    ),
];

/// What has an effect, or another answer at another time. The pure core must not be able to name it.
const EFFECTS: [&str; 17] = [
    "kube",
    "k8s_openapi",
    "tokio",
    "tokio_util",
    "reqwest",
    "hyper",
    "axum",
    "futures",
    "tracing",
    "getrandom",
    "rand",
    "std::time",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
];

fn sources(under: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut rooms = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(under)];
    while let Some(room) = rooms.pop() {
        for entry in fs::read_dir(room).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rooms.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn short(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The file without its tests, comments and doc comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let tested = text.split("#[cfg(test)]").next().unwrap_or_default();
    tested
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The rooms behind each `crate::`, those in braces as well.
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let list = rest.strip_prefix('{').map(top_level);
        for item in list.unwrap_or_else(|| vec![rest.to_owned()]) {
            let name: String = item
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            rooms.insert(name);
        }
    }
    rooms.remove("");
    rooms
}

/// The entries of a list in braces, whose opening brace is gone, without what is nested in them.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut entries, mut entry) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => entries.push(std::mem::take(&mut entry)),
            _ if depth == 0 => entry.push(c),
            _ => {}
        }
    }
    entries.push(entry);
    entries
}

#[test]
fn imports_are_read_as_they_are_written() {
    let code = "use crate::{\n    api::{Moment, Span},\n    rotation::backoff::Pace,\n};\nuse crate::secrets;\n";
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(found, ["api", "rotation", "secrets"]);
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for path in sources(&format!("src/{room}")) {
            for import in imports(&code(&path)) {
                if import != room && !allowed.contains(&import.as_str()) {
                    wrong.push(format!("{} imports crate::{import}", short(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What people run shares the rules, and neither the operator's work nor a second copy of it; and the operator knows
/// nothing of it.
#[test]
fn the_plugin_is_a_room_of_its_own() {
    let shared = ["api", "clock", "cluster", "oauth", "rotation", "secrets"];
    let mut wrong = Vec::new();
    for path in sources("src/plugin") {
        let code = code(&path)
            .replace("crate::", "")
            .replace("tracktik_operator::", "crate::");
        for import in imports(&code) {
            if !shared.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import} of the operator", short(&path)));
            }
        }
    }
    for path in sources("src") {
        let of_the_plugin = short(&path).starts_with("src/plugin/") || short(&path) == "src/kubectl_tracktik.rs";
        if !of_the_plugin && code(&path).contains("plugin::") {
            wrong.push(format!("{} names the plugin", short(&path)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_core_knows_no_effect() {
    let mut wrong = Vec::new();
    for path in sources("src/rotation") {
        let code = code(&path);
        let mentioned = |name: &str| code.contains(&format!("{name}::")) && !code.contains(&format!("_{name}::"));
        wrong.extend(
            EFFECTS
                .iter()
                .filter(|effect| mentioned(effect) || code.contains(&format!("use {effect};")))
                .map(|effect| format!("{}: {effect}", short(&path))),
        );
        if code.contains("async ") || code.contains(".await") {
            wrong.push(format!("{}: async", short(&path)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_file_says_in_its_first_line_what_it_is() {
    let silent: Vec<String> = sources("src")
        .iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| short(path))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn no_two_files_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in sources("src") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        places.entry(name).or_default().push(short(&path));
    }
    places.remove("mod.rs");
    places.retain(|_, paths| paths.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn files_stay_small_enough_to_be_read_in_one_go() {
    let mut large = Vec::new();
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text
            .split("#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        if lines > CEILING {
            large.push(format!("{}: {lines} lines", short(&path)));
        }
    }
    assert!(large.is_empty(), "more than {CEILING} lines: {large:#?}");
}

/// A star is every right that a later version of the API server may come to know.
#[test]
fn no_right_that_ships_is_a_star() {
    for file in ["deploy/rbac.yaml", "deploy/user-roles.yaml"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let rules: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .collect();
        assert!(rules.iter().any(|line| line.contains("verbs:")), "{file}");
        assert!(!rules.iter().any(|line| line.contains('*')), "{file}");
    }
}
