//! Each alert has a page that says what it means and what to do, and each page an alert.

use std::{collections::BTreeSet, fs, path::Path};

use super::judgement::rules;

/// Where the pages stand in the repository.
const PAGES: &str = "docs/runbooks";

#[test]
fn each_alert_says_how_grave_it_is_and_where_to_read_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGES);
    let mut pages = BTreeSet::from(["README".to_owned()]);
    let index = fs::read_to_string(folder.join("README.md")).unwrap();
    for rule in rules() {
        let told = |annotation: &str| rule.annotations[annotation].as_str().unwrap().to_owned();
        assert!(["warning", "critical"].contains(&rule.labels["severity"].as_str().unwrap()));
        assert!(
            told("summary").len() < 120 && told("description").len() < 400,
            "{}",
            rule.alert
        );
        let address = format!("https://tracktik-operator.io/runbooks/{}", rule.alert);
        assert_eq!(told("runbook_url"), address);
        let page = fs::read_to_string(folder.join(format!("{}.md", rule.alert)))
            .unwrap_or_else(|_| panic!("{} has no page in {PAGES}", rule.alert));
        assert!(page.starts_with(&format!("# {}\n", rule.alert)), "{}", rule.alert);
        for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation", "Silence"] {
            assert!(page.contains(&format!("\n## {heading}\n")), "{}: {heading}", rule.alert);
        }
        assert!(index.contains(&format!("[{0}]({0}.md)", rule.alert)), "{}", rule.alert);
        pages.insert(rule.alert);
    }
    let there = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    assert_eq!(there.collect::<BTreeSet<_>>(), pages);
}
