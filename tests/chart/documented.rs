//! The commands and values for Helm in the documents: whoever copies them meets no value that the chart does not know.

use std::collections::BTreeSet;

use crate::chart::{CHART, helm, path, read, said, template};

const PAGES: [&str; 8] = [
    "README.md",
    "charts/tracktik-operator/README.md",
    "docs/high-availability.md",
    "docs/installation.md",
    "docs/metrics-and-alerts.md",
    "docs/quick-start.md",
    "docs/security.md",
    "docs/upgrades.md",
];

/// The blocks of this language on a page.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = read(page);
    let parts: Vec<&str> = text.split("```").collect();
    let inside = parts.into_iter().skip(1).step_by(2);
    let of_it = inside.filter_map(|block| block.trim_start().strip_prefix(language)?.strip_prefix('\n'));
    of_it.map(str::to_owned).collect()
}

/// The settings of each `helm install`, `upgrade` and `template` of a page.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for block in blocks(page, "sh") {
        for line in block.replace("\\\n", " ").lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["helm", "install" | "upgrade" | "template", ..] = words[..] {
                let sets = words.windows(2).filter(|pair| pair[0] == "--set");
                commands.push(sets.map(|pair| pair[1].trim_matches('\'').to_owned()).collect());
            }
        }
    }
    commands
}

#[test]
fn the_chart_takes_the_settings_of_each_command() {
    let (mut rendered, mut keys) = (0, BTreeSet::new());
    for page in PAGES {
        for settings in commands(page) {
            let arguments: Vec<&str> = settings.iter().flat_map(|set| ["--set", set.as_str()]).collect();
            let result = template("tracktik-operator", &arguments);
            assert!(result.is_ok(), "{page} {settings:?}: {result:?}");
            rendered += 1;
            keys.extend(settings);
        }
    }
    assert!(rendered >= 8 && keys.len() >= 4, "{rendered} {keys:?}");
}

#[test]
fn the_chart_takes_the_values_on_the_pages() {
    let mut rendered = 0;
    for page in PAGES {
        let values = blocks(page, "yaml").into_iter();
        for values in values.filter(|block| block.starts_with("image:\n")) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &values).unwrap();
            let mut helm = helm();
            helm.args(["template", "tracktik-operator", "--values"])
                .arg(file.path());
            let result = said(&helm.arg(path(CHART)).output().unwrap());
            assert!(result.is_ok(), "{page}: {result:?}\n{values}");
            rendered += 1;
        }
    }
    assert!(rendered >= 2, "{rendered}");
}

/// The values that a page names within a line, as in a table, are the chart's.
#[test]
fn the_chart_has_each_value_that_is_named() {
    let values: serde_json::Value = serde_saphyr::from_str(&read(&format!("{CHART}/values.yaml"))).unwrap();
    let mut named = 0;
    for page in [
        "docs/installation.md",
        "docs/security.md",
        "docs/upgrades.md",
        "docs/troubleshooting.md",
        "docs/service-binding.md",
    ] {
        for code in read(page).split('`').skip(1).step_by(2) {
            let name = code.split(['=', ':']).next().unwrap();
            let top = name.split('.').next().unwrap();
            // A field of ours, a file and a host have dots too.
            if !name.contains('.') || values.get(top).is_none() {
                continue;
            }
            let pointer = format!("/{}", name.replace('.', "/"));
            assert!(values.pointer(&pointer).is_some(), "{page}: {code}");
            named += 1;
        }
    }
    assert!(named >= 15, "{named}");
}
