//! Renewal, and every change that a user makes: each costs exactly the logins it must.

use std::time::Duration;

use serde_json::json;

use crate::scene::{Scene, Status, eventually};

/// The logins that the simulator has seen, of which none was refused.
fn logins(scene: &Scene) -> u64 {
    let counts = scene.simulator.counts();
    assert_eq!(counts.refused, 0);
    counts.logins
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_the_old_one_goes_on() {
    // Of sixty seconds, the last thirty are the margin; two grants are thirty seconds apart.
    let scene = Scene::with_token_life("renewal", Duration::from_mins(1)).await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    let before = scene.ready("acme").await;
    assert!(
        before.message("Ready").contains("too short"),
        "{}",
        before.message("Ready")
    );
    let first = scene.token("acme").await;
    let second = eventually(Duration::from_secs(45), || async {
        let token = scene.token("acme").await;
        if token == first {
            Err("not renewed".to_owned())
        } else {
            Ok(token)
        }
    })
    .await;
    assert!(
        scene.simulator.valid(&first),
        "a mounted old token must not die under its readers"
    );
    assert!(scene.simulator.valid(&second));
    let renewed = |status: &Status| status.0["expirationTime"] != before.0["expirationTime"];
    let after = scene.status_that("acme", "status of the renewal", renewed).await;
    let transition = |status: &Status| status.condition("Ready")["lastTransitionTime"].clone();
    assert_eq!(transition(&before), transition(&after), "a renewal does not move Ready");
    assert_eq!(logins(&scene), 2);
    drop(operator);
}

#[tokio::test]
async fn a_changed_password_is_picked_up_within_two_seconds() {
    let scene = Scene::new("changed").await;
    let _operator = scene.start().await;
    let account = scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;

    assert!(scene.simulator.change_password(&account.username, "another"));
    let began = std::time::Instant::now();
    scene
        .patch_secret("acme", json!({ "stringData": { "password": "another" } }))
        .await;
    let second = scene.token_after("acme", &first).await;
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
    assert!(scene.simulator.valid(&second));
    assert_eq!(logins(&scene), 2);
}

#[tokio::test]
async fn cosmetic_changes_cost_no_login() {
    let scene = Scene::new("cosmetic").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;

    scene
        .patch_secret("acme", json!({ "metadata": { "labels": { "team": "a" } } }))
        .await;
    scene
        .patch("acme", json!({ "metadata": { "labels": { "team": "a" } } }))
        .await;
    scene
        .patch("acme", json!({ "spec": { "renewal": { "renewBeforeSeconds": 600 } } }))
        .await;
    let observed = |generation: i64| move |s: &Status| s.0["observedGeneration"] == json!(generation);
    scene.status_that("acme", "the new margin", observed(2)).await;
    scene.patch("acme", json!({ "spec": { "suspend": true } })).await;
    let suspended = scene.status_that("acme", "suspended", observed(3)).await;
    assert_eq!(suspended.ready(), "True");
    assert!(
        suspended.message("Ready").contains("suspend"),
        "{}",
        suspended.message("Ready")
    );
    scene.patch("acme", json!({ "spec": { "suspend": false } })).await;
    scene.status_that("acme", "resumed", observed(4)).await;
    // A later change of the source shows that the earlier ones have been dealt with.
    scene
        .patch_secret("acme", json!({ "metadata": { "labels": { "team": "b" } } }))
        .await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.token("acme").await, first);
    assert_eq!(logins(&scene), 1);
}

#[tokio::test]
async fn a_rotate_request_is_handled_once_per_value() {
    let scene = Scene::new("rotate").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    let second = scene.rotated("acme", "1", &first).await;
    assert_eq!(logins(&scene), 2);

    // The same value again, and a restart: nothing.
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    operator.terminate().await.unwrap();
    let _operator = scene.start().await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.token("acme").await, second);
    assert_eq!(logins(&scene), 2);
}

#[tokio::test]
async fn a_suspended_credential_waits_and_says_so() {
    let scene = Scene::new("suspend").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    scene.credential("acme", json!({ "suspend": true })).await;
    let status = scene.not_ready("acme", "Suspended").await;
    assert_eq!(status.is("Stalled"), "True");
    assert_eq!(logins(&scene), 0);
    scene.patch("acme", json!({ "spec": { "suspend": false } })).await;
    scene.ready("acme").await;
    assert_eq!(logins(&scene), 1);
}

#[tokio::test]
async fn a_renamed_target_keeps_the_old_secret_until_its_token_has_expired() {
    let scene = Scene::with_token_life("renamed", Duration::from_secs(40)).await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    let expires = scene.ready("acme").await.0["expirationTime"]
        .as_str()
        .unwrap()
        .to_owned();
    let old = scene.token("acme").await;
    scene
        .patch("acme", json!({ "spec": { "tokenSecret": { "name": "other" } } }))
        .await;
    scene
        .status_that("acme", "the new name", |s| s.0["binding"]["name"] == json!("other"))
        .await;
    assert_eq!(scene.value("acme-token", "access_token").await, Some(old.clone()));
    assert!(scene.value("other", "access_token").await.is_some());

    eventually(Duration::from_mins(1), || async {
        match scene.value("acme-token", "access_token").await {
            None => Ok(()),
            Some(_) => Err("the old Secret is still there".to_owned()),
        }
    })
    .await;
    let expires: k8s_openapi::jiff::Timestamp = expires.parse().unwrap();
    assert!(
        k8s_openapi::jiff::Timestamp::now() >= expires,
        "deleted before its token had expired"
    );
    scene.ready("acme").await;
}

#[tokio::test]
async fn a_changed_domain_asks_the_new_host_and_keeps_the_old_token_until_then() {
    let scene = Scene::new("domain").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    scene
        .patch("acme", json!({ "spec": { "domain": "tracktik.invalid" } }))
        .await;
    let status = scene.not_ready("acme", "DomainNotAllowed").await;
    assert_eq!(status.is("Stalled"), "True");
    assert!(
        status.message("Ready").contains("tracktik.invalid"),
        "{}",
        status.message("Ready")
    );
    assert_eq!(scene.token("acme").await, first);
    scene
        .patch("acme", json!({ "spec": { "domain": scene.simulator.domain() } }))
        .await;
    scene.ready("acme").await;
    assert_eq!(
        scene.token("acme").await,
        first,
        "the identity is the old one again: its token serves"
    );
    assert_eq!(logins(&scene), 1);
}
