//! The dashboard that ships: it can be drawn, asks only for what there is, and each question is `PromQL`.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use serde_json::Value;
use testbed::{promql, promtool};
use tracktik_operator::exposition::Exposition;

use crate::{metric_names::all_of_them, temporary};

fn dashboard() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/tracktik-operator/files/dashboard.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn scrape() -> String {
    Exposition::Text.of(all_of_them().render())
}

#[test]
fn promtool_has_nothing_to_say_against_the_metrics() {
    promtool::check_metrics(&scrape()).unwrap();
    let said = promtool::check_metrics("# TYPE things counter\nthings 1\n")
        .unwrap_err()
        .to_string();
    assert!(said.contains("things no help text"), "{said}");
}

#[test]
fn each_metric_that_it_asks_for_is_exported() {
    let scrape = scrape();
    let series = scrape.lines().filter(|line| !line.starts_with('#'));
    let exported: BTreeSet<&str> = series.filter_map(|line| line.split(['{', ' ']).next()).collect();
    let asked = promql::asked_by(&dashboard());
    assert!(asked.len() > 30, "{asked:#?}");
    for expression in asked {
        let names = promql::metrics_in(&expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            assert!(exported.contains(name.as_str()), "{name}: {expression}");
        }
    }
}

#[test]
fn each_question_can_be_asked() {
    let mut rules = String::from("groups: [{name: asked, rules: [");
    for (number, expression) in promql::asked_by(&dashboard()).iter().enumerate() {
        // What Grafana puts there.
        let filled = expression.replace("$__rate_interval", "5m").replace("$namespace", ".*");
        assert!(!filled.contains('$'), "{expression}");
        let rule = serde_json::json!({ "record": format!("asked:{number}"), "expr": filled });
        write!(rules, "{rule}, ").unwrap();
    }
    rules.push_str("]}]");
    promtool::check_rules(&temporary("asked.yaml", &rules)).unwrap();
}

#[test]
fn its_panels_say_what_they_show_and_lie_side_by_side() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], "tracktik-operator");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variables: Vec<&str> = variables.iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["datasource", "namespace"]);
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title}: its id is another's"
        );
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|of| panel["gridPos"][of].as_u64().unwrap());
        assert!(x + w <= 24, "{title} is cut off");
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{title} covers another at {place:?}");
        }
        if panel["type"] != "row" {
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{title}");
            for target in panel["targets"].as_array().unwrap() {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            }
        }
    }
}
