//! A token endpoint that takes a request and is silent for longer than anybody waits, to the operator as it ships.

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use testbed::simulator::{Fault, Target};

use crate::{
    figures::say,
    left_behind::leaves_nothing,
    scene::{Scene, Status, eventually},
};

/// The time that a token request has, and what a busy machine adds.
const GIVEN_UP: Duration = Duration::from_mins(1);

#[tokio::test]
async fn half_a_minute_of_silence_is_borne_and_then_the_request_is_given_up_and_not_repeated() {
    let scene = Scene::new("half-a-minute").await;
    let operator = scene.start().await;
    let account = scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    // The token is granted, and nobody learns of it.
    let silence = Fault::Silence { after_effect: true };
    scene
        .simulator
        .set_fault(Target::Username(account.username), silence, Some(1));
    let began = Instant::now();
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let status = eventually(GIVEN_UP, || async {
        let status = scene.status("acme").await;
        match status.is("Renewed") {
            "False" => Ok(status),
            _ => Err(format!("not given up: {}", status.0)),
        }
    })
    .await;
    let took = began.elapsed();
    say(&format!("given up after {} ms", took.as_millis()));
    assert!(took > Duration::from_secs(30), "{took:?}");
    let says = (status.reason("Renewed"), status.ready());
    assert_eq!(says, ("EndpointUnavailable", "True"), "{}", status.0);
    let time =
        |status: &Status, field: &str| -> Timestamp { status.0["failure"][field].as_str().unwrap().parse().unwrap() };
    let waits = time(&status, "nextAttemptTime").duration_since(time(&status, "lastTime"));
    assert!((30..=32).contains(&waits.as_secs()), "{waits:?}");
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.attempts("acme"), 2);
    leaves_nothing(&scene, &operator).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
