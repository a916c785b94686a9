//! The rules as they ship, and promtool, which says when they fire.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use testbed::promtool;

use super::recording::Recording;

const RULES: &str = "charts/tracktik-operator/files/alerts.yaml";

/// An alert that fires, with the labels that tell what it is about, and its severity.
#[derive(Clone)]
pub struct Firing {
    pub alert: &'static str,
    pub about: Vec<(&'static str, &'static str)>,
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// An alert of the file.
#[derive(Deserialize)]
pub struct Rule {
    pub alert: String,
    pub labels: Map<String, Value>,
    pub annotations: Map<String, Value>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All alerts of the file.
pub fn rules() -> Vec<Rule> {
    let text = fs::read_to_string(root().join(RULES)).unwrap();
    let rules: Rules = serde_saphyr::from_str(&text).unwrap();
    rules.groups.into_iter().flat_map(|group| group.rules).collect()
}

impl Rule {
    /// The annotations, filled in with these labels.
    fn told(&self, labels: &Map<String, Value>) -> Map<String, Value> {
        let fill = |text: &Value| {
            let mut text = text.as_str().unwrap().to_owned();
            for (name, value) in labels {
                text = text.replace(&format!("{{{{ $labels.{name} }}}}"), value.as_str().unwrap());
            }
            assert!(!text.contains("{{"), "{}: it has no such label: {text}", self.alert);
            json!(text)
        };
        self.annotations
            .iter()
            .map(|(of, text)| (of.clone(), fill(text)))
            .collect()
    }

    fn expected(&self, firing: &[Firing]) -> Vec<Value> {
        let own = firing.iter().filter(|firing| firing.alert == self.alert);
        own.map(|firing| {
            let mut labels = self.labels.clone();
            labels.extend(
                firing
                    .about
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), json!(value))),
            );
            json!({ "exp_labels": labels, "exp_annotations": self.told(&labels) })
        })
        .collect()
    }
}

/// Whether, over this recording, exactly these alerts fire at each of these minutes; else what promtool says. Of `only`
/// these alerts, where it names any.
pub fn judge(recording: &Recording, checks: &[(usize, Vec<Firing>)], only: &[&str]) -> Result<(), String> {
    let rules = rules();
    let judged: Vec<&Rule> = rules
        .iter()
        .filter(|rule| only.is_empty() || only.contains(&rule.alert.as_str()))
        .collect();
    let mut expected = Vec::new();
    for (minute, firing) in checks {
        for Firing { alert, .. } in firing {
            assert!(
                judged.iter().any(|rule| rule.alert == *alert),
                "there is no alert {alert}"
            );
        }
        expected.extend(judged.iter().map(|rule| {
            json!({ "eval_time": format!("{minute}m"), "alertname": rule.alert, "exp_alerts": rule.expected(firing) })
        }));
    }
    run(&json!({
        "rule_files": [root().join(RULES)],
        "evaluation_interval": "1m",
        "tests": [{ "interval": "1m", "input_series": recording.input_series(), "alert_rule_test": expected }],
    }))
}

fn run(test: &Value) -> Result<(), String> {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("alerts-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    // JSON is YAML as well.
    let file = folder.join(format!("{}.json", WRITTEN.fetch_add(1, Ordering::Relaxed)));
    fs::write(&file, test.to_string()).unwrap();
    promtool::test_rules(&file).map_err(|said| format!("{}: {said}", file.display()))?;
    fs::remove_file(file).unwrap();
    Ok(())
}
