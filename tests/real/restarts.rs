//! An operator that is restarted, killed, or has nothing to do: it asks TrackTik for nothing and writes nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use testbed::simulator::{Fault, Target};

use crate::{
    crowd::HUNDRED,
    figures::{reconciles, say},
    scene::{PATIENCE, Scene, eventually},
};

#[tokio::test]
async fn twenty_restarts_of_a_hundred_fresh_credentials_cost_neither_a_login_nor_a_write() {
    let scene = Scene::new("restarts").await;
    scene.hundred_fresh().await;
    let written = scene.written_by_operator().len();
    let began = Instant::now();
    for _ in 0..20 {
        let operator = scene.settled(HUNDRED).await;
        assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    }
    say(&format!("20 restarts in {} ms", began.elapsed().as_millis()));
    for _ in 0..4 {
        let operator = scene.settled(HUNDRED).await;
        operator.kill().await.unwrap();
    }
    let writes = scene.written_by_operator().split_off(written);
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(scene.simulator.counts().token_requests, HUNDRED);
}

#[tokio::test]
async fn a_hundred_fresh_credentials_left_alone_for_a_minute_cost_nothing() {
    let scene = Scene::new("idle").await;
    scene.hundred_fresh().await;
    let operator = scene.settled(HUNDRED).await;
    let asked = scene.asked_by_operator().len();
    // Nothing is waited for: what an idle minute costs is the question.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let mut events = scene.asked_by_operator().split_off(asked);
    events.retain(|event| event.verb != "watch");
    assert!(events.is_empty(), "{events:#?}");
    assert_eq!(scene.simulator.counts().token_requests, HUNDRED);
    assert!(operator.get("/livez").await.unwrap().0.is_success());
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_by_ten_operators_in_a_row() {
    let scene = Scene::new("wrong-again").await;
    let account = scene.with_password("acme", "mistyped").await;
    let operator = scene.start().await;
    let first = scene.not_ready("acme", "CredentialsRejected").await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    let written = scene.written_by_operator().len();
    for round in 0..10 {
        let operator = scene.settled(1).await;
        if round % 2 == 0 {
            operator.terminate().await.unwrap();
        } else {
            operator.kill().await.unwrap();
        }
    }
    assert_eq!(scene.attempts("acme"), 1);
    let writes = scene.written_by_operator().split_off(written);
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(scene.status("acme").await.0, first.0);

    // The next one still knows that a new password is new.
    let _operator = scene.settled(1).await;
    let began = Instant::now();
    scene.source("acme", &account).await;
    scene.ready_soon("acme", began).await;
    assert_eq!(scene.attempts("acme"), 2);
}

#[tokio::test]
async fn a_kill_between_a_request_and_its_record_is_found_and_not_repeated_by_five_operators_in_a_row() {
    let scene = Scene::new("killed").await;
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 60_000 }, Some(1));
    let account = scene.with_password("acme", "mistyped").await;
    let operator = scene.start().await;
    eventually(PATIENCE, || async {
        match scene.simulator.counts().in_flight {
            0 => Err("no token request is in flight".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    operator.kill().await.unwrap();
    for _ in 0..5 {
        let operator = scene.settled(1).await;
        operator.kill().await.unwrap();
    }
    assert_eq!(scene.attempts("acme"), 1);

    let _operator = scene.settled(1).await;
    let status = scene.looked_at_again("acme").await;
    assert_eq!(
        (status.ready(), status.reason("Ready")),
        ("False", "Issuing"),
        "{}",
        status.0
    );
    let message = status.message("Ready");
    for part in [
        "the operator stopped before the outcome of a token request was recorded",
        "Next attempt at",
    ] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    assert_eq!(scene.attempts("acme"), 1);
    let began = Instant::now();
    scene.source("acme", &account).await;
    scene.ready_soon("acme", began).await;
    assert_eq!(scene.attempts("acme"), 2);
}

#[tokio::test]
async fn a_thousand_reconciles_of_a_fresh_credential_cost_one_login() {
    let scene = Scene::new("thousand").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    let mut round = 0;
    while reconciles(&operator).await < 1_000.0 {
        for _ in 0..20 {
            round += 1;
            let stamp = format!("{round}");
            scene.annotate("acme", "reconcile.fluxcd.io/requestedAt", &stamp).await;
            scene
                .patch("acme", json!({ "metadata": { "labels": { "round": stamp } } }))
                .await;
            let touched = json!({ "metadata": { "annotations": { "round": stamp } } });
            scene.patch_secret("acme-token", touched.clone()).await;
            scene.patch_secret("acme", touched).await;
        }
    }
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
    say(&format!("a thousand reconciles after {round} rounds of four edits"));
}
