//! What the process remembers must not outlive what it is about, and what it writes down must be what it did.

use serde_json::json;

use crate::scene::Scene;

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
    scene.delete_secret("acme-token").await;
    scene.ready("acme").await;
    scene.token_after("acme", &first).await;
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
    let second = scene.rotated("acme", "1", &first).await;
    operator.terminate().await.unwrap();

    let _operator = scene.start().await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.token("acme").await, second);
    assert_eq!(scene.simulator.counts().logins, 2);
}
