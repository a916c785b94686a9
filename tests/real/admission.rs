//! A token that could not be stored is not requested: quota, policies, a webhook's kind of mutation, RBAC.

use serde_json::{Value, json};
use testbed::manifests::apply;

use crate::scene::Scene;

/// Only for Secrets that the operator makes, in this scene's namespace.
pub fn applies_to(scene: &Scene, operations: &Value) -> Value {
    json!({
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": scene.namespace } },
        "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": operations, "resources": ["secrets"] }],
    })
}

const OURS: &str = "object.metadata.name.endsWith('-token')";

pub async fn policy(scene: &Scene, kind: &str, name: &str, spec: Value, actions: Value) {
    let version = "admissionregistration.k8s.io/v1";
    let policy = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name }, "spec": spec });
    apply(&scene.client, &policy).await.unwrap();
    let mut binding = json!({ "policyName": name });
    if actions != Value::Null {
        binding["validationActions"] = actions;
    }
    let kind = format!("{kind}Binding");
    let binding = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name }, "spec": binding });
    apply(&scene.client, &binding).await.unwrap();
}

pub async fn remove(scene: &Scene, kind: &str, name: &str) {
    for kind in [format!("{kind}binding"), kind.to_owned()] {
        let answer = scene.plane.kubectl(&["delete", &kind, name]).await.unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    }
}

/// Makes sure that a policy is in force: it is a second or so before it is.
async fn in_force(scene: &Scene, shows: impl Fn(&Result<Value, String>) -> bool) {
    let probe = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "probe-token", "namespace": scene.namespace, "annotations": { "tracktik-operator.io/issue": "x" } },
    });
    crate::scene::eventually(crate::scene::PATIENCE, || async {
        let answer = apply(&scene.client, &probe).await;
        let answer = answer
            .map(|object| serde_json::to_value(object).unwrap())
            .map_err(|error| format!("{error:?}"));
        if shows(&answer) {
            Ok(())
        } else {
            Err(format!("the policy is not in force: {answer:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_refuses_the_secret_is_found_out_before_a_login() {
    let scene = Scene::new("refusing").await;
    let _operator = scene.start().await;
    let name = scene.namespace.clone();
    let spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": applies_to(&scene, &json!(["CREATE", "UPDATE"])),
        "matchConditions": [{ "name": "ours", "expression": OURS }],
        "validations": [{ "expression": "false", "message": "no Secrets today" }],
    });
    policy(&scene, "ValidatingAdmissionPolicy", &name, spec, json!(["Deny"])).await;
    in_force(&scene, |answer| {
        answer.as_ref().is_err_and(|error| error.contains("no Secrets today"))
    })
    .await;
    scene.everyday("acme").await;
    let status = scene.not_ready("acme", "TargetNotWritable").await;
    assert_eq!(status.is("Reconciling"), "True");
    assert!(
        status.message("Ready").contains("acme-token"),
        "{}",
        status.message("Ready")
    );
    assert_eq!(scene.simulator.counts().token_requests, 0);
    remove(&scene, "validatingadmissionpolicy", &name).await;
    scene.ready("acme").await;
    assert_eq!(scene.simulator.counts().logins, 1);
}

#[tokio::test]
async fn a_policy_that_strips_our_annotation_is_named_and_costs_no_login() {
    let scene = Scene::new("stripping").await;
    let _operator = scene.start().await;
    let name = scene.namespace.clone();
    let strip = "[JSONPatch{op: 'remove', path: '/metadata/annotations/tracktik-operator.io~1issue'}]";
    let spec = json!({
        "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": applies_to(&scene, &json!(["CREATE", "UPDATE"])),
        "matchConditions": [{ "name": "ours", "expression": OURS }],
        "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": strip } }],
    });
    policy(&scene, "MutatingAdmissionPolicy", &name, spec, Value::Null).await;
    let stripped = |object: &Value| object["metadata"]["annotations"]["tracktik-operator.io/issue"] == Value::Null;
    in_force(&scene, |answer| answer.as_ref().is_ok_and(stripped)).await;
    scene.everyday("acme").await;
    let status = scene.not_ready("acme", "TargetNotWritable").await;
    assert!(
        status.message("Ready").contains("tracktik-operator.io/issue"),
        "{}",
        status.message("Ready")
    );
    assert_eq!(scene.simulator.counts().token_requests, 0);
    remove(&scene, "mutatingadmissionpolicy", &name).await;
    scene.ready("acme").await;
    assert_eq!(scene.simulator.counts().logins, 1);
}

#[tokio::test]
async fn a_used_up_quota_is_found_out_before_a_login() {
    let scene = Scene::new("quota").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    let quota = |secrets: &str| json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q" }, "spec": { "hard": { "secrets": secrets } } });
    scene.apply(quota("1")).await;
    // Until the quota has been counted, it refuses everything with another word; both are the same to a user.
    scene.credential("acme", json!({})).await;
    let status = scene.not_ready("acme", "TargetNotWritable").await;
    assert!(status.message("Ready").contains("quota"), "{}", status.message("Ready"));
    assert_eq!(scene.simulator.counts().token_requests, 0);
    scene.apply(quota("10")).await;
    scene.ready("acme").await;
    assert_eq!(scene.simulator.counts().logins, 1);
}
