//! Changes of a credential around refreshes: of the grant, of the keys, of the source; each costs what it must.

use serde_json::{Value, json};
use testbed::simulator::{Fault, Target};

use crate::scene::{PATIENCE, Scene, eventually};

const ROTATE: &str = "tracktik-operator.io/rotate";

impl Scene {
    async fn spec(&self, spec: Value) {
        self.patch("acme", json!({ "spec": spec })).await;
    }
}

#[tokio::test]
async fn grants_and_layouts_may_change_at_any_time() {
    let scene = Scene::new("changes").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;

    // The session that a login began for the other grant is gone on with.
    scene.spec(json!({ "renewal": { "grant": "Refresh" } })).await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.grants(), (1, 0));
    let second = scene.rotated("acme", "1", &first).await;
    assert_eq!(scene.grants(), (1, 1));

    // Other keys, among them the refresh token in one that is not exactly it.
    let data = json!({ "token": "$(accessToken)", "again": "$(refreshToken)", "both": "$(domain) $(refreshToken)" });
    scene.spec(json!({ "tokenSecret": { "data": data } })).await;
    scene.keys_are(&["again", "both", "token"]).await;
    assert_eq!(scene.value("acme-token", "token").await.as_ref(), Some(&second));
    scene.looked_at_again("acme").await.assert_well();
    scene.annotate("acme", ROTATE, "2").await;
    eventually(PATIENCE, || async {
        match scene.value("acme-token", "token").await {
            Some(token) if token != second => Ok(()),
            _ => Err("still the second token".to_owned()),
        }
    })
    .await;
    assert_eq!(scene.grants(), (1, 2));
    scene.spec(json!({ "tokenSecret": { "data": null } })).await;
    scene
        .keys_are(&["access_token", "domain", "expires_at", "refresh_token", "token_type"])
        .await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.grants(), (1, 2));

    // Back to logins: sessions are independent again.
    let third = scene.token("acme").await;
    scene.spec(json!({ "renewal": { "grant": "Password" } })).await;
    scene.looked_at_again("acme").await.assert_well();
    scene.rotated("acme", "3", &third).await;
    assert!(scene.simulator.valid(&third));
    assert_eq!(scene.grants(), (2, 2));
}

#[tokio::test]
async fn a_refresh_token_that_was_discarded_is_had_again_by_a_login() {
    let scene = Scene::new("discarded").await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    let discard = json!({ "renewal": { "grant": "Refresh" }, "tokenSecret": { "refreshToken": "Discard" } });
    let refused = scene.try_credential("acme", discard).await.unwrap_err();
    let refused = format!("{refused:?}");
    assert!(
        refused.contains("must be Publish while renewal.grant is Refresh"),
        "{refused}"
    );

    let logins = json!({ "grant": "Password" });
    scene
        .spec(json!({ "renewal": logins, "tokenSecret": { "refreshToken": "Discard" } }))
        .await;
    scene
        .keys_are(&["access_token", "domain", "expires_at", "token_type"])
        .await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.token("acme").await, first);
    assert_eq!(scene.grants(), (1, 0));

    // The keys that are asked for need it, so the login does not wait for the next renewal.
    let refreshes = json!({ "grant": "Refresh" });
    scene
        .spec(json!({ "renewal": refreshes, "tokenSecret": { "refreshToken": "Publish" } }))
        .await;
    let second = scene.token_after("acme", &first).await;
    assert_eq!(scene.grants(), (2, 0));
    scene.ready("acme").await;
    scene.rotated("acme", "1", &second).await;
    assert_eq!(scene.grants(), (2, 1));
}

#[tokio::test]
async fn a_changed_source_begins_a_new_session() {
    let scene = Scene::new("source-refresh").await;
    let _operator = scene.start().await;
    let account = scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    assert!(scene.simulator.change_password(&account.username, "another"));
    scene.source_with_password("acme", &account, "another").await;
    let second = scene.token_after("acme", &first).await;
    assert_eq!(scene.grants(), (2, 0));
    let third = scene.rotated("acme", "1", &second).await;
    assert_eq!(scene.grants(), (2, 1));

    // A label on it is no change, and the session goes on.
    scene
        .patch_secret("acme", json!({ "metadata": { "labels": { "team": "a" } } }))
        .await;
    scene.looked_at_again("acme").await.assert_well();
    scene.rotated("acme", "2", &third).await;
    assert_eq!(scene.grants(), (2, 2));
}

#[tokio::test]
async fn a_suspended_session_rests_and_goes_on() {
    let scene = Scene::new("rests").await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    scene.spec(json!({ "suspend": true })).await;
    scene.annotate("acme", ROTATE, "1").await;
    let status = scene.looked_at_again("acme").await;
    assert!(status.message("Ready").contains("spec.suspend"), "{}", status.0);
    assert_eq!(scene.grants(), (1, 0));
    assert_eq!(scene.mark_and_issue("acme").await.0, None);
    scene.spec(json!({ "suspend": false })).await;
    let second = scene.token_after("acme", &first).await;
    assert_eq!(scene.grants(), (1, 1));

    // Between a refresh that gave nothing and the login that follows it.
    let lost = Fault::Status {
        status: 503,
        after_effect: true,
    };
    scene.simulator.set_fault(Target::Everywhere, lost, Some(1));
    scene.annotate("acme", ROTATE, "2").await;
    scene.renewal_off("acme", "EndpointUnavailable").await;
    scene.spec(json!({ "suspend": true })).await;
    // Without the suspension this would end the wait.
    scene.annotate("acme", ROTATE, "3").await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.grants(), (1, 2));
    scene.spec(json!({ "suspend": false })).await;
    let third = scene.token_after("acme", &second).await;
    assert!(scene.simulator.valid(&third));
    assert_eq!(scene.grants(), (2, 2));
}
