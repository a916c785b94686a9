//! A user's copy of a token Secret, annotations and all, as `kubectl get -o yaml` and `kubectl apply` make it.

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene, eventually};

const ISSUE: &str = "tracktik-operator.io/issue";

/// The facts of a token as they would be a day after it expired.
pub fn expired(secret: &Secret) -> Value {
    let mut facts: Value = serde_json::from_str(&secret.metadata.annotations.as_ref().unwrap()[ISSUE]).unwrap();
    facts["issuedAt"] = json!("2026-01-01T00:00:00Z");
    facts["expiresAt"] = json!("2026-01-01T01:00:00Z");
    json!({ "metadata": { "annotations": { ISSUE: facts.to_string() } } })
}

#[tokio::test]
async fn a_copy_under_another_name_is_the_users_also_when_its_token_has_expired() {
    let scene = Scene::new("copies").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let original = scene.secrets().get("acme-token").await.unwrap();
    let mut copy = original.clone();
    // Looked at before the original, in the order of names.
    copy.metadata.name = Some("a-copy".to_owned());
    copy.metadata.resource_version = None;
    copy.metadata.uid = None;
    copy.metadata.managed_fields = None;
    scene.secrets().create(&PostParams::default(), &copy).await.unwrap();
    scene.patch_secret("a-copy", expired(&original)).await;

    // The original, once it is an old target, is the operator's to delete.
    scene
        .patch("acme", json!({ "spec": { "tokenSecret": { "name": "elsewhere" } } }))
        .await;
    scene
        .status_that("acme", "moved", |status| status.0["tokenSecret"]["name"] == "elsewhere")
        .await;
    scene.patch_secret("acme-token", expired(&original)).await;
    eventually(PATIENCE, || async {
        match scene.secrets().get_opt("acme-token").await.unwrap() {
            None => Ok(()),
            Some(_) => Err("the old target is still there".to_owned()),
        }
    })
    .await;
    assert_eq!(scene.secrets().get("a-copy").await.unwrap().data, original.data);
    let touched = scene.plane.audit_events().unwrap().into_iter().any(|event| {
        event.namespace == scene.namespace && event.name == "a-copy" && event.user.ends_with(":tracktik-operator")
    });
    assert!(!touched);

    // Nor is it taken for a token of the operator's where it stands in the way.
    scene
        .patch("acme", json!({ "spec": { "tokenSecret": { "name": "a-copy" } } }))
        .await;
    scene.not_ready("acme", "TargetConflict").await;
    assert_eq!(scene.secrets().get("a-copy").await.unwrap().data, original.data);
}
