//! What a Prometheus sees of the process that ships, at work: exactly what the reference lists, all that the alerts and
//! the dashboard ask for, and nothing of a credential that is gone.

use std::{collections::BTreeSet, fs, path::Path};

use kube::api::DeleteParams;
use serde_json::{Value, json};
use testbed::{promql, promtool};

use crate::scene::{PATIENCE, Scene, eventually};

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The names of the series of a scrape.
fn names(scrape: &str) -> BTreeSet<&str> {
    let series = scrape.lines().filter(|line| !line.starts_with('#'));
    series.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

/// The families with their types, as a scrape has them.
fn exported(scrape: &str) -> BTreeSet<(&str, &str)> {
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|of| of.split_once(' ')).collect()
}

/// The families with their types, as the reference has them.
fn listed(reference: &str) -> BTreeSet<(&str, &str)> {
    let (metrics, _) = reference.split_once("\n## ").unwrap();
    let rows = metrics.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split(" | ");
        (cells.next().unwrap().trim_end_matches('`'), cells.next().unwrap())
    })
    .collect()
}

/// The expressions of the alerts.
fn alerts() -> Vec<String> {
    let rules: Value = serde_saphyr::from_str(&file("charts/tracktik-operator/files/alerts.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules.map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_reference_the_alerts_and_the_dashboard_know_what_a_scrape_has() {
    let scene = Scene::new("observed").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.with_password("wrong", "not-the-password").await;
    scene.everyday("paused").await;
    scene.ready("acme").await;
    scene.ready("paused").await;
    scene.patch("paused", json!({ "spec": { "suspend": true } })).await;
    scene.not_ready("wrong", "CredentialsRejected").await;
    let suspended = format!(
        "tracktik_credential_suspended{{namespace=\"{}\",name=\"paused\"}} 1",
        scene.namespace
    );
    let scrape = eventually(PATIENCE, || async {
        let scrape = operator.metrics().await.unwrap();
        let told = scrape.contains(&suspended) && scrape.contains("reason=\"CredentialsRejected\"");
        if told { Ok(scrape) } else { Err(scrape) }
    })
    .await;

    promtool::check_metrics(&scrape).unwrap();
    let reference = file("docs/reference/metrics.md");
    assert_eq!(exported(&scrape), listed(&reference));
    let dashboard: Value = serde_json::from_str(&file("charts/tracktik-operator/files/dashboard.json")).unwrap();
    let (names, mut asked) = (names(&scrape), promql::asked_by(&dashboard));
    asked.extend(alerts());
    for expression in asked {
        for name in promql::metrics_in(&expression) {
            assert!(names.contains(name.as_str()), "{name}: {expression}");
        }
    }

    scene
        .credentials()
        .delete("acme", &DeleteParams::default())
        .await
        .unwrap();
    eventually(PATIENCE, || async {
        let scrape = operator.metrics().await.unwrap();
        if scrape.contains("\"acme\"") {
            Err(scrape)
        } else {
            Ok(())
        }
    })
    .await;
    assert!(operator.metrics().await.unwrap().contains("\"paused\""));
}
