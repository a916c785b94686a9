//! A copy of a token Secret, annotations and all: a user's, as `kubectl get -o yaml` and `kubectl apply` make it, or one
//! that a replicator makes in another namespace.

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene, eventually};

const ISSUE: &str = "tracktik-operator.io/issue";

/// The facts of a token as they would be a day after it expired.
fn expired(secret: &Secret) -> Value {
    let mut facts: Value = serde_json::from_str(&secret.metadata.annotations.as_ref().unwrap()[ISSUE]).unwrap();
    facts["issuedAt"] = json!("2026-01-01T00:00:00Z");
    facts["expiresAt"] = json!("2026-01-01T01:00:00Z");
    json!({ "metadata": { "annotations": { ISSUE: facts.to_string() } } })
}

/// Waits until an old target has been deleted.
async fn gone(scene: &Scene, name: &str) {
    eventually(PATIENCE, || async {
        match scene.secrets().get_opt(name).await.unwrap() {
            None => Ok(()),
            Some(_) => Err("the old target is still there".to_owned()),
        }
    })
    .await;
}

/// As it can be created.
fn copy_of(original: &Secret) -> Secret {
    let mut copy = original.clone();
    copy.metadata.resource_version = None;
    copy.metadata.uid = None;
    copy.metadata.managed_fields = None;
    copy
}

#[tokio::test]
async fn a_copy_under_another_name_is_the_users_also_when_its_token_has_expired() {
    let scene = Scene::new("copies").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let original = scene.secrets().get("acme-token").await.unwrap();
    let mut copy = copy_of(&original);
    // Looked at before the original, in the order of names.
    copy.metadata.name = Some("a-copy".to_owned());
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
    gone(&scene, "acme-token").await;
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

/// Users may ask for such copies: keys of replicators are theirs to set.
#[tokio::test]
async fn a_replicators_copy_in_another_namespace_is_not_ours_though_it_carries_all_our_marks() {
    const REPLICATE: &str = "replicator.v1.mittwald.de/replicate-to";
    let (scene, elsewhere) = (Scene::new("replicated").await, Scene::new("replica").await);
    let operator = scene.operator().namespaces([elsewhere.namespace.as_str()]);
    let _operator = operator.start(scene.plane).await.unwrap();
    let account = scene.account("acme").await;
    let notes = json!({ REPLICATE: elsewhere.namespace });
    let spec = json!({ "tokenSecret": { "metadata": { "annotations": notes } } });
    scene.credential("acme", spec).await;
    scene.ready("acme").await;
    let original = scene.secrets().get("acme-token").await.unwrap();
    assert_eq!(
        original.metadata.annotations.as_ref().unwrap()[REPLICATE],
        elsewhere.namespace
    );

    let mut copy = copy_of(&original);
    copy.metadata.namespace = Some(elsewhere.namespace.clone());
    // The owner lives in the other namespace: with the reference, the garbage collector would take the copy away.
    copy.metadata.owner_references = None;
    elsewhere.secrets().create(&PostParams::default(), &copy).await.unwrap();

    // In the way of a credential of the same name, it is no Secret that a deleted one has left behind.
    elsewhere.source("acme", &account).await;
    let domain = scene.simulator.domain();
    elsewhere.credential("acme", json!({ "domain": domain })).await;
    elsewhere.not_ready("acme", "TargetConflict").await;
    elsewhere.patch_secret("acme-token", expired(&original)).await;
    let copy = elsewhere.secrets().get("acme-token").await.unwrap();
    let status = elsewhere.looked_at_again("acme").await;
    assert_eq!(status.reason("Ready"), "TargetConflict", "{}", status.0);
    assert_eq!(scene.simulator.counts().token_requests, 1);

    // Nor is it an old target of either, to be deleted.
    let other_name = json!({ "spec": { "tokenSecret": { "name": "elsewhere" } } });
    for scene in [&elsewhere, &scene] {
        scene.patch("acme", other_name.clone()).await;
        scene
            .status_that("acme", "moved", |status| status.0["tokenSecret"]["name"] == "elsewhere")
            .await;
    }
    scene.patch_secret("acme-token", expired(&original)).await;
    gone(&scene, "acme-token").await;
    elsewhere.looked_at_again("acme").await;
    assert_eq!(elsewhere.secrets().get("acme-token").await.unwrap(), copy);
}
