//! Several credentials of one account: what was refused for one is not sent for another, and each says why it waits.

use std::time::Instant;

use serde_json::json;
use testbed::simulator::{Account, Fault, Target};

use crate::{
    figures::{SOON, say},
    scene::{Scene, Status},
};

/// Credentials that read the same source Secret.
const OF_ONE_ACCOUNT: [&str; 4] = ["a", "b", "c", "d"];

/// One login is refused, and the others tell so without having been sent.
async fn refused_once(scene: &Scene, account: &Account, reason: &str, what: &str) -> Vec<Status> {
    for name in OF_ONE_ACCOUNT {
        let of = json!({ "credentials": { "secretRef": { "name": "acme" } } });
        scene.credential(name, of).await;
    }
    let mut held_back = Vec::new();
    for name in OF_ONE_ACCOUNT {
        let status = scene.not_ready(name, reason).await;
        let message = status.message("Ready").to_owned();
        let next = status.0["failure"]["nextAttemptTime"].as_str().unwrap();
        for part in [what, &format!("Next attempt at {next}")] {
            assert!(message.contains(part), "no {part:?} in {message:?}");
        }
        for of in ["Renewed", "Stalled"] {
            assert_eq!(status.reason(of), reason, "{}", status.0);
        }
        assert!(!message.contains("until then"), "{message}");
        if message.contains("another credential") {
            held_back.push(status);
        }
    }
    let attempts = scene.simulator.counts().token_requests;
    assert_eq!((attempts, held_back.len()), (1, OF_ONE_ACCOUNT.len() - 1));
    for status in &held_back {
        let said = status.0.to_string();
        assert!(!said.contains(&account.username), "{said}");
        assert!(status.0["failure"]["recentTimes"].is_null(), "it is no attempt: {said}");
    }
    held_back
}

#[tokio::test]
async fn a_wrong_password_of_four_credentials_is_sent_once_and_a_right_one_serves_all() {
    let scene = Scene::new("one-account").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    scene.source_with_password("acme", &account, "wrong").await;
    refused_once(
        &scene,
        &account,
        "CredentialsRejected",
        "refused the username or password",
    )
    .await;
    let began = Instant::now();
    scene.source("acme", &account).await;
    for name in OF_ONE_ACCOUNT {
        scene.ready(name).await;
    }
    // One after the other, since they log in to one account.
    let took = began.elapsed();
    say(&format!(
        "four credentials of one account are ready after {} ms",
        took.as_millis()
    ));
    assert!(took < SOON * 4, "{took:?}");
    assert_eq!(scene.simulator.counts().token_requests, 1 + OF_ONE_ACCOUNT.len() as u64);
}

#[tokio::test]
async fn a_wrong_client_of_four_credentials_is_told_as_one_by_all() {
    let scene = Scene::new("one-client").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    let wrong = json!({ "stringData": { "client_secret": "wrong" } });
    scene.patch_secret("acme", wrong).await;
    refused_once(
        &scene,
        &account,
        "ClientRejected",
        "refused the client id or client secret",
    )
    .await;
}

/// Over a live token no condition moves, and whoever asked would see nothing.
#[tokio::test]
async fn a_rotate_that_waits_behind_another_of_its_account_is_told_over_a_live_token() {
    let scene = Scene::new("one-at-a-time").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    for name in ["a", "b"] {
        let of = json!({ "credentials": { "secretRef": { "name": "acme" } } });
        scene.credential(name, of).await;
        scene.ready(name).await;
    }
    let (first, second) = (scene.token("a").await, scene.token("b").await);
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 14_000 }, Some(1));
    scene.annotate("a", "tracktik-operator.io/rotate", "1").await;
    scene.in_flight().await;
    scene.annotate("b", "tracktik-operator.io/rotate", "1").await;
    let told = |status: &Status| {
        status
            .message("Ready")
            .contains("another request with this account is under way")
    };
    let status = scene.status_that("b", "told what it waits for", told).await;
    status.assert_well();
    assert!(status.0["lastHandledRotate"].is_null(), "{}", status.0);
    for (name, before) in [("a", first), ("b", second)] {
        scene.token_after(name, &before).await;
        let done = |status: &Status| status.0["lastHandledRotate"] == "1" && !told(status);
        scene.status_that(name, "rotated", done).await.assert_well();
    }
    assert_eq!(scene.simulator.counts().token_requests, 4);
}
