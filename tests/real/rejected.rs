//! A wrong password is tried once. Nothing but new values, a rotate request or half an hour brings another login, since
//! TrackTik locks accounts and bans addresses.

use std::time::Instant;

use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::{
    figures::soon,
    scene::{Scene, Status},
};

fn assert_rejected(status: &Status, reason: &str, says: &str) {
    for of in ["Ready", "Renewed", "Stalled"] {
        assert_eq!(status.reason(of), reason, "{}", status.0);
        for part in [
            says,
            "Next attempt at",
            "sooner when a source Secret or spec changes",
            "tracktik-operator.io/rotate",
        ] {
            assert!(status.message(of).contains(part), "no {part:?} in {}", status.0);
        }
    }
    assert_eq!(
        (
            status.ready(),
            status.is("Renewed"),
            status.is("Stalled"),
            status.is("Reconciling")
        ),
        ("False", "False", "True", "")
    );
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_whatever_is_touched_and_a_right_one_at_once() {
    let scene = Scene::new("password").await;
    let _operator = scene.start().await;
    let account = scene.with_password("acme", "wrong").await;
    let status = scene.not_ready("acme", "CredentialsRejected").await;
    assert_rejected(
        &status,
        "CredentialsRejected",
        "refused the username or password (400 invalid_grant)",
    );
    let next = status.0["failure"]["nextAttemptTime"].clone();

    for round in 0..5 {
        let touched = format!("{round}");
        scene
            .patch("acme", json!({ "metadata": { "labels": { "touched": touched } } }))
            .await;
        scene.annotate("acme", "touched", &touched).await;
        // Also by somebody who erases the record of the failure: the process remembers.
        let erased =
            Patch::Merge(json!({ "status": { "failure": null, "observedGeneration": round, "conditions": [] } }));
        let parameters = PatchParams::default();
        scene
            .credentials()
            .patch_status("acme", &parameters, &erased)
            .await
            .unwrap();
        let status = scene.looked_at_again("acme").await;
        assert_rejected(&status, "CredentialsRejected", "refused the username or password");
        assert_eq!(status.0["failure"]["nextAttemptTime"], next);
    }
    assert_eq!(scene.attempts("acme"), 1);

    // The operator has to read the source to know that nothing changed in it.
    for round in 0..3 {
        let before = scene.reads_of("acme");
        scene
            .patch_secret(
                "acme",
                json!({ "metadata": { "labels": { "touched": format!("{round}") } } }),
            )
            .await;
        scene.reads_beyond("acme", before).await;
        let status = scene.looked_at_again("acme").await;
        assert_rejected(&status, "CredentialsRejected", "refused the username or password");
        assert_eq!(scene.attempts("acme"), 1);
    }

    let began = Instant::now();
    scene.source("acme", &account).await;
    scene.ready_soon("acme", began).await;
    assert_eq!(scene.attempts("acme"), 2);
}

#[tokio::test]
async fn a_wrong_client_is_told_apart_from_a_wrong_password() {
    let scene = Scene::new("client").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    scene
        .patch_secret("acme", json!({ "stringData": { "client_secret": "wrong" } }))
        .await;
    scene.credential("acme", json!({})).await;
    let status = scene.not_ready("acme", "ClientRejected").await;
    assert_rejected(
        &status,
        "ClientRejected",
        "refused the client id or client secret (401 invalid_client)",
    );
    assert_eq!(scene.attempts("acme"), 1);
    let began = Instant::now();
    scene.source("acme", &account).await;
    scene.ready_soon("acme", began).await;
}

#[tokio::test]
async fn a_password_that_is_put_right_at_tracktik_is_tried_at_once_by_rotate() {
    let scene = Scene::new("serverside").await;
    let _operator = scene.start().await;
    let account = scene.with_password("acme", "new").await;
    scene.not_ready("acme", "CredentialsRejected").await;
    assert!(scene.simulator.change_password(&account.username, "new"));
    let began = Instant::now();
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    scene.ready_soon("acme", began).await;
    let token = scene.token("acme").await;

    // With a live token: one that TrackTik refuses from now on leaves it Ready.
    assert!(scene.simulator.change_password(&account.username, "newer"));
    scene.annotate("acme", "tracktik-operator.io/rotate", "2").await;
    let status = scene.renewal_off("acme", "CredentialsRejected").await;
    assert_eq!(
        (status.ready(), status.is("Stalled"), status.is("Reconciling")),
        ("True", "", "")
    );
    for part in ["Next attempt at", "tracktik-operator.io/rotate"] {
        assert!(status.message("Renewed").contains(part), "{}", status.0);
    }
    assert_eq!(scene.token("acme").await, token);
    assert!(scene.simulator.valid(&token));

    // Once somebody puts other values in place and these are refused too, the mistake is not hidden behind the token.
    scene.source_with_password("acme", &account, "mistyped").await;
    let status = scene.not_ready("acme", "CredentialsRejected").await;
    assert_rejected(&status, "CredentialsRejected", "refused the username or password");
    assert_eq!(scene.token("acme").await, token, "the old token is kept");
    let began = Instant::now();
    scene.source_with_password("acme", &account, "newer").await;
    scene.renewed("acme").await;
    soon("the right password is in use", began);
    assert_ne!(scene.token("acme").await, token);
    assert_eq!(scene.attempts("acme"), 5);
}

/// As two keys that are edited one after the other: between the two edits stands an account that does not exist.
#[tokio::test]
async fn an_account_that_is_changed_in_two_steps_costs_one_refused_login_and_keeps_the_old_token_meanwhile() {
    let scene = Scene::new("two-steps").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let old = scene.token("acme").await;
    let other = scene.account("other").await;
    let username = json!({ "stringData": { "username": other.username } });
    scene.patch_secret("acme", username).await;
    scene.not_ready("acme", "CredentialsRejected").await;
    assert_eq!(scene.token("acme").await, old);
    assert!(scene.simulator.valid(&old));
    let began = Instant::now();
    let rest = json!({ "stringData": {
        "client_id": other.client_id, "client_secret": other.client_secret, "password": other.password,
    } });
    scene.patch_secret("acme", rest).await;
    let new = scene.token_after("acme", &old).await;
    soon("the other account is in use", began);
    assert_eq!(scene.simulator.owner_of(&new), Some(other.username));
    assert_eq!(scene.simulator.counts().token_requests, 3);
}

#[tokio::test]
async fn a_back_off_is_ended_early_three_times_an_hour_and_no_more() {
    let scene = Scene::new("early").await;
    let _operator = scene.start().await;
    let account = scene.with_password("acme", "wrong").await;
    scene.not_ready("acme", "CredentialsRejected").await;
    for early in 1..=3 {
        scene
            .source_with_password("acme", &account, &format!("wrong-{early}"))
            .await;
        let tried = |status: &Status| status.0["failure"]["recentTimes"].as_array().map(Vec::len) == Some(1 + early);
        scene.status_that("acme", "tried again", tried).await;
    }
    assert_eq!(scene.attempts("acme"), 4);
    let first = time(&scene.status("acme").await.0["failure"]["recentTimes"][0]);

    // Right or not, nobody can know: it waits until an hour after the first.
    scene.source("acme", &account).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "please").await;
    let status = scene.looked_at_again("acme").await;
    assert_eq!(scene.attempts("acme"), 4);
    assert_eq!(status.ready(), "False", "{}", status.0);
    let wait = time(&status.0["renewalTime"]).duration_since(first);
    assert!(wait.as_secs() <= 3_600 && wait.as_secs() >= 1_790, "{wait:?}");
}

fn time(text: &serde_json::Value) -> k8s_openapi::jiff::Timestamp {
    text.as_str().unwrap().parse().unwrap()
}
