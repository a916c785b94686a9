//! README and book leave out no flag, reason or metric, and the links of all documents lead somewhere.

use std::{collections::BTreeSet, fs, path::Path};

use tracktik_operator::{api::Reason, command_line};

/// The pages of people's own writing: those at the top, and all below `docs/`.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = ["README.md", "CONTRIBUTING.md", "charts/tracktik-operator/README.md"]
        .map(str::to_owned)
        .into();
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if Path::new(&path).extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    found
}

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The rows of the tables whose first cell begins with a name in backticks, each with all names of that cell.
fn rows(document: &str) -> Vec<(BTreeSet<&str>, &str)> {
    let table = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = |row| first_cell(row).split('`').step_by(2).collect();
    table.map(|row| (named(row), row)).collect()
}

/// Up to the bar between two cells; one within a cell has a backslash before it.
fn first_cell(row: &str) -> &str {
    row.split(" | ").next().unwrap_or_default()
}

/// Both ways: a reason that is gone is looked up by nobody.
#[test]
fn each_reason_has_a_part_of_the_page_on_trouble_and_tells_what_to_do() {
    let page = text("docs/troubleshooting.md");
    let mut told = BTreeSet::new();
    for part in page.split("\n### `").skip(1) {
        let (reason, rest) = part.split_once('`').unwrap();
        let rest = rest.split("\n#").next().unwrap();
        assert!(rest.contains("**What to do:**"), "{reason}");
        told.insert(reason);
    }
    assert_eq!(told, BTreeSet::from(Reason::ALL.map(Reason::as_str)));
}

/// What a message says stands there in the operator's own words, or nobody finds it.
#[test]
fn what_a_request_waits_for_is_told_in_the_words_of_the_messages() {
    let (page, messages) = (
        text("docs/troubleshooting.md"),
        text("tests/laws/snapshots/laws__status_table__every_message_a_user_can_see.snap"),
    );
    let table = page
        .split("| the message says |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let told: Vec<&str> = table
        .lines()
        .skip(2)
        .filter_map(|row| row.split(" | ").next()?.strip_prefix("| "))
        .collect();
    assert_eq!(told.len(), 9, "as many as src/rotation/obstacle.rs has: {told:?}");
    let unknown: Vec<&&str> = told.iter().filter(|words| !messages.contains(**words)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn each_flag_has_a_row_with_its_variable_and_its_default() {
    let readme = text("README.md");
    let rows = rows(&readme);
    let mut line = command_line::definition();
    line.build();
    let run = line.find_subcommand("run").unwrap();
    let mut checked = 0;
    for flag in run.get_arguments().filter(|flag| !flag.is_hide_set()) {
        let Some(variable) = flag.get_env().and_then(|name| name.to_str()) else {
            continue;
        };
        let long = format!("--{}", flag.get_long().unwrap());
        let row = rows
            .iter()
            .find(|(cell, _)| cell.iter().any(|code| code.split(' ').next() == Some(&long)));
        let (_, row) = row.unwrap_or_else(|| panic!("{long} has no row"));
        assert!(row.contains(&format!("`{variable}`")), "{long}: {row}");
        for default in flag.get_default_values().iter().filter_map(|value| value.to_str()) {
            assert!(row.contains(default), "{long} {default}: {row}");
        }
        checked += 1;
    }
    assert!(checked >= 14, "{checked}");
}

#[test]
fn each_metric_has_a_row() {
    let (page, golden) = (text("docs/metrics-and-alerts.md"), text("tests/process/metrics.golden"));
    let rows = rows(&page);
    let types = golden
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let names = types.map(|(name, kind)| match kind {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    });
    let missing: Vec<String> = names
        .filter(|name| !rows.iter().any(|(cell, _)| cell.contains(name.as_str())))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// Without code, in blocks or within a line, in which a pattern looks like a link.
fn prose(document: &str) -> String {
    let mut in_block = false;
    let lines = document.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    lines
        .map(|line| line.split('`').step_by(2).collect::<String>() + "\n")
        .collect()
}

#[test]
fn code_is_no_prose() {
    let document = "[`a`](b)\n```sh\n[c](d)\n```\n`[e](f)` g\n";
    assert_eq!(prose(document), "[](b)\n g\n");
}

#[test]
fn each_link_leads_to_a_file_and_a_heading() {
    let mut dead = Vec::new();
    for from in documents() {
        let document = prose(&text(&from));
        let links = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&from).parent().unwrap();
            let file = if file.is_empty() {
                Path::new(&from).to_path_buf()
            } else {
                folder.join(file)
            };
            let to = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            let found =
                heading.is_empty() || fs::read_to_string(&to).is_ok_and(|text| anchors(&text).contains(heading));
            if !to.exists() || !found {
                dead.push(format!("{from}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}
