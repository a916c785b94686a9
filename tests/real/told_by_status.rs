//! Status is what the operator says, not what it believes: whoever may write it can neither point the operator at a
//! Secret nor have it log in, and what is erased there is told again from the token Secret.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::scene::{Scene, Status};

impl Scene {
    async fn write_status(&self, name: &str, status: Value) {
        let patch = Patch::Merge(json!({ "status": status }));
        let parameters = PatchParams::default();
        self.credentials()
            .patch_status(name, &parameters, &patch)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_status_that_names_another_secret_has_it_neither_read_nor_written() {
    let scene = Scene::new("pointed").await;
    let operator = scene.start().await;
    scene.secret("theirs", &[("key", "kept")]).await;
    let theirs = scene.secrets().get("theirs").await.unwrap();
    scene.everyday("acme").await;
    let before = scene.ready("acme").await;
    let token = scene.token("acme").await;
    let pointing = json!({
        "tokenSecret": { "name": "theirs", "resourceVersion": theirs.metadata.resource_version },
        "binding": { "name": "theirs" },
        "expirationTime": "2001-01-01T00:00:00Z",
        "renewalTime": "2001-01-01T00:00:00Z",
    });
    scene.write_status("acme", pointing.clone()).await;
    let own = |status: &Status| status.0["tokenSecret"]["name"] == "acme-token";
    let status = scene.status_that("acme", "put right", own).await;
    assert_eq!(status.0["expirationTime"], before.0["expirationTime"]);
    // So it is with an operator that has never seen another status.
    operator.kill().await.unwrap();
    scene.write_status("acme", pointing).await;
    let _operator = scene.settled(1).await;
    let status = scene.status_that("acme", "put right", own).await;
    assert_eq!(status.0["binding"]["name"], "acme-token");
    status.assert_well();

    assert_eq!(scene.secrets().get("theirs").await.unwrap(), theirs);
    assert_eq!(scene.reads_of("theirs"), 0);
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn a_status_that_is_erased_is_told_again_from_the_secret_without_a_login() {
    let scene = Scene::new("erased").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    let before = scene.ready("acme").await;
    operator.kill().await.unwrap();
    let erased = json!({
        "conditions": [], "observedGeneration": -1, "tokenSecret": null, "binding": null, "issuedTime": null,
        "expirationTime": null, "renewalTime": null, "failure": null,
    });
    scene.write_status("acme", erased).await;
    assert_eq!(scene.status("acme").await.ready(), "");
    let _operator = scene.settled(1).await;
    let after = scene.ready("acme").await;
    for field in [
        "binding",
        "issuedTime",
        "expirationTime",
        "renewalTime",
        "observedGeneration",
    ] {
        assert_eq!(after.0[field], before.0[field], "{field}");
    }
    after.assert_well();
    assert_eq!(scene.simulator.counts().token_requests, 1);
}
