//! What the log is like, for people and for what collects it.

use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene};

#[tokio::test]
async fn a_normal_life_is_told_in_json_by_credential_and_without_an_error() {
    let scene = Scene::new("log-lines").await;
    let operator = scene.operator_at("trace").start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    scene.token_after("acme", &first).await;
    // Put right by itself: nothing that a person must know of.
    let gone = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } });
    scene.patch_secret("acme-token", gone).await;
    operator.log_line("repaired the token Secret", PATIENCE).await.unwrap();
    let acme = scene.credentials();
    acme.delete("acme", &kube::api::DeleteParams::default()).await.unwrap();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));

    let mut looks = Vec::new();
    for line in operator.logs() {
        let record: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["timestamp", "level", "message", "target"] {
            assert!(
                record[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key}: {line}"
            );
        }
        assert_ne!(record["level"], "ERROR", "{line}");
        let target = record["target"].as_str().unwrap();
        if target.starts_with("tracktik_operator::controller") {
            assert_eq!(record["namespace"], scene.namespace, "{line}");
            assert_eq!(record["name"], "acme", "{line}");
            looks.push(
                record["reconcile_id"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{line}"))
                    .to_owned(),
            );
        }
    }
    assert!(looks.len() >= 4, "{:#?}", operator.logs());
    let all = looks.len();
    looks.sort_unstable();
    looks.dedup();
    assert!(
        (3..all).contains(&looks.len()),
        "one for each look, in all of its lines: {looks:?}"
    );
}
