//! Token endpoints that answer wrongly or not at all: each kind has its reason, is asked once, and says both when it
//! will be asked again and how to have that happen at once.

use std::time::Instant;

use futures::StreamExt;
use serde_json::json;
use testbed::{operator::Operator, simulator::Target};

use crate::{
    bad_answer_rows::{Bad, THROTTLED, all},
    figures::soon,
    left_behind::leaves_nothing,
    scene::{Scene, Status},
};

/// An operator that waits no longer than two seconds for an answer.
async fn impatient(scene: &Scene) -> Operator {
    let flags = ["--request-timeout-seconds", "2", "--connect-timeout-seconds", "2"];
    scene.operator().args(flags).start(scene.plane).await.unwrap()
}

fn assert_says_what_where_and_when(scene: &Scene, bad: &Bad, status: &Status, of: &str) {
    let message = status.message(of);
    let domain = scene.simulator.domain();
    let next = format!("Next attempt at {}", status.0["renewalTime"].as_str().unwrap());
    for part in [bad.says, &domain, &next] {
        assert!(message.contains(part), "{}: no {part:?} in {message:?}", bad.name);
    }
    for part in [
        "sooner when a source Secret or spec changes",
        "tracktik-operator.io/rotate",
    ] {
        assert_eq!(message.contains(part), !pauses(bad), "{}: {message:?}", bad.name);
    }
    let failure = &status.0["failure"];
    assert_eq!((&failure["reason"], &failure["count"]), (&json!(bad.reason), &json!(1)));
    let seconds = seconds_between(&failure["lastTime"], &failure["nextAttemptTime"]);
    let waits = bad.waits.as_secs_f64();
    assert!(
        (waits - 1.0..=waits + 2.0).contains(&seconds),
        "{} waits {seconds} s",
        bad.name
    );
}

fn seconds_between(earlier: &serde_json::Value, later: &serde_json::Value) -> f64 {
    let at = |time: &serde_json::Value| time.as_str().unwrap().parse::<k8s_openapi::jiff::Timestamp>().unwrap();
    at(later).duration_since(at(earlier)).as_secs_f64()
}

/// Each with a host and an operator of its own: what one host did holds back others that ask it.
async fn each<F: Future<Output = ()>>(check: impl Fn(Bad) -> F) {
    futures::stream::iter(all()).for_each_concurrent(4, check).await;
}

/// The host asked for a pause: then nobody can have it asked sooner.
fn pauses(bad: &Bad) -> bool {
    bad.reason == THROTTLED
}

#[tokio::test]
async fn a_bad_answer_is_told_apart_asked_for_once_and_asked_for_again_by_rotate() {
    each(async |bad| {
        let scene = Scene::new(&format!("answers-{}", bad.name)).await;
        let operator = impatient(&scene).await;
        let account = scene.account(bad.name).await;
        let whose = Target::Username(account.username);
        scene.simulator.set_fault(whose, bad.fault.clone(), None);
        scene.credential(bad.name, json!({})).await;
        let status = scene.not_ready(bad.name, bad.reason).await;
        assert_says_what_where_and_when(&scene, &bad, &status, "Ready");
        assert_eq!(
            (status.is("Renewed"), status.reason("Renewed")),
            ("False", bad.reason),
            "{}",
            bad.name
        );
        // Time may mend it, so a pipeline goes on waiting.
        assert_eq!((status.is("Reconciling"), status.is("Stalled")), ("True", ""));
        scene.looked_at_again(bad.name).await;
        assert_eq!(scene.attempts(bad.name), 1, "{}", bad.name);
        assert_eq!(scene.simulator.counts().stray_requests, 0, "a redirect was followed");

        scene.simulator.clear_faults();
        let began = Instant::now();
        scene.annotate(bad.name, "tracktik-operator.io/rotate", "fixed").await;
        if pauses(&bad) {
            scene.looked_at_again(bad.name).await;
            assert_eq!(scene.attempts(bad.name), 1, "{}", bad.name);
            return leaves_nothing(&scene, &operator).await;
        }
        let status = scene.ready_soon(bad.name, began).await;
        assert_eq!(status.0["lastHandledRotate"], "fixed");
        assert_eq!(status.0["failure"]["reason"], json!(null));
        assert_eq!(scene.attempts(bad.name), 2, "{}", bad.name);
        leaves_nothing(&scene, &operator).await;
    })
    .await;
}

#[tokio::test]
async fn a_bad_answer_leaves_a_live_token_ready() {
    each(async |bad| {
        let scene = Scene::new(&format!("live-token-{}", bad.name)).await;
        let operator = impatient(&scene).await;
        scene.everyday(bad.name).await;
        scene.ready(bad.name).await;
        let token = scene.token(bad.name).await;
        let username = format!("api.{}@{}.example", bad.name, scene.namespace);
        let whose = Target::Username(username);
        scene.simulator.set_fault(whose, bad.fault.clone(), None);
        scene.annotate(bad.name, "tracktik-operator.io/rotate", "first").await;
        let status = scene.renewal_off(bad.name, bad.reason).await;
        assert_says_what_where_and_when(&scene, &bad, &status, "Renewed");
        assert_eq!((status.ready(), status.reason("Ready")), ("True", "TokenValid"));
        assert_eq!((status.is("Reconciling"), status.is("Stalled")), ("", ""));
        assert_eq!(scene.token(bad.name).await, token, "the live token is kept");
        assert!(scene.simulator.valid(&token));

        scene.simulator.clear_faults();
        let began = Instant::now();
        scene.annotate(bad.name, "tracktik-operator.io/rotate", "second").await;
        if pauses(&bad) {
            scene.looked_at_again(bad.name).await;
            assert_eq!(scene.attempts(bad.name), 2, "{}", bad.name);
            return leaves_nothing(&scene, &operator).await;
        }
        scene.token_after(bad.name, &token).await;
        scene.renewed(bad.name).await;
        soon(&format!("{} is renewed", bad.name), began);
        assert_eq!(scene.attempts(bad.name), 3, "{}", bad.name);
        leaves_nothing(&scene, &operator).await;
    })
    .await;
}
