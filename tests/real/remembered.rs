//! What the process remembers must not outlive what it is about, and what it writes down must be what it did.

use serde_json::json;

use crate::scene::{PATIENCE, Scene, eventually};

#[tokio::test]
async fn a_secret_that_is_deleted_without_its_mark_is_made_anew() {
    let scene = Scene::new("unmarked").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    let unmarked = json!({ "metadata": { "annotations": { "tracktik-operator.io/credential": null } } });
    scene.patch_secret("acme-token", unmarked).await;
    scene.not_ready("acme", "TargetConflict").await;
    // As the message says.
    scene
        .secrets()
        .delete("acme-token", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    scene.ready("acme").await;
    eventually(PATIENCE, || async {
        match scene.value("acme-token", "access_token").await {
            Some(token) if token != first => Ok(()),
            found => Err(format!("Ready, over {:?}", found.map(|_| "the old token"))),
        }
    })
    .await;
    assert_eq!(scene.simulator.counts().logins, 2);
}

#[tokio::test]
async fn a_label_on_a_source_costs_no_login_at_any_later_restart() {
    let scene = Scene::new("labelled").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    scene
        .patch_secret("acme", json!({ "metadata": { "labels": { "team": "a" } } }))
        .await;
    // The next grant is made with the labelled version, and says so.
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let second = scene.token_after("acme", &first).await;
    scene
        .status_that("acme", "the echo", |status| status.0["lastHandledRotate"] == json!("1"))
        .await;
    operator.terminate().await.unwrap();

    let _operator = scene.start().await;
    scene.annotate("acme", "reconcile.fluxcd.io/requestedAt", "after").await;
    scene
        .status_that("acme", "a look", |status| {
            status.0["lastHandledReconcileAt"] == json!("after")
        })
        .await;
    assert_eq!(scene.token("acme").await, second);
    assert_eq!(scene.simulator.counts().logins, 2);
}
