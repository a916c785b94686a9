//! A mark that cannot be written, or that does not stay: without it no refresh token is sent.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use testbed::manifests::apply;

use crate::{
    admission::{applies_to, policy, remove},
    refreshing::TRIED,
    scene::{PATIENCE, Scene, Status, eventually},
};

/// When the next attempt is, as the message says.
fn next_attempt(status: &Status) -> Timestamp {
    let message = status.message("Renewed");
    let (_, behind) = message.split_once("Next attempt at ").unwrap();
    behind.split([',', ';']).next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_policy_that_strips_the_mark_is_named_and_costs_no_request() {
    let scene = Scene::new("stripped-mark").await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let token = scene.token("acme").await;
    let name = scene.namespace.clone();
    let marked = format!("has(object.metadata.annotations) && '{TRIED}' in object.metadata.annotations");
    let strip = "[JSONPatch{op: 'remove', path: '/metadata/annotations/tracktik-operator.io~1tried'}]";
    let spec = json!({
        "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": applies_to(&scene, &json!(["CREATE", "UPDATE"])),
        "matchConditions": [{ "name": "marked", "expression": marked }],
        "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": strip } }],
    });
    policy(&scene, "MutatingAdmissionPolicy", &name, spec, Value::Null).await;
    eventually(PATIENCE, || async {
        let metadata = json!({ "name": "probe", "namespace": scene.namespace, "annotations": { TRIED: "x" } });
        let probe = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata });
        let made = serde_json::to_value(apply(&scene.client, &probe).await.unwrap()).unwrap();
        match &made["metadata"]["annotations"][TRIED] {
            Value::Null => Ok(()),
            _ => Err("the policy is not in force".to_owned()),
        }
    })
    .await;

    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let status = scene.renewal_off("acme", "TargetNotWritable").await;
    for part in ["Secret \"acme-token\"", TRIED, "mutates Secrets"] {
        assert!(status.message("Renewed").contains(part), "{}", status.0);
    }
    assert_eq!(status.ready(), "True");
    // Tried again at the pace of refusals, which grows; each time without a request, and without handling the annotation.
    let first = next_attempt(&status);
    let again = |status: &Status| status.is("Renewed") == "False" && next_attempt(status) > first;
    let status = scene.status_that("acme", "tried again", again).await;
    let grown = next_attempt(&status).as_second() - first.as_second();
    assert!(grown >= 18, "{grown} s");
    assert_eq!(status.0["lastHandledRotate"], json!(null));
    assert_eq!(status.0["failure"], json!(null));
    assert_eq!(scene.grants(), (1, 0));
    assert_eq!(scene.token("acme").await, token);

    remove(&scene, "mutatingadmissionpolicy", &name).await;
    // At the next attempt, or at the one after it where the API server closes the connection in place of an answer.
    let next = eventually(Duration::from_secs(90), || async {
        match scene.token("acme").await {
            next if next != token => Ok(next),
            _ => Err(format!("still the old token: {}", scene.status("acme").await.0)),
        }
    })
    .await;
    assert!(scene.simulator.valid(&next));
    scene.renewed("acme").await.assert_well();
    assert_eq!(scene.grants(), (1, 1));
}
