//! Anything but a usable answer to a refresh spends the refresh token: one login follows, at the pace of that answer, and
//! the next renewal is a refresh again.

use std::time::{Duration, Instant};

use futures::StreamExt;
use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use testbed::simulator::{Fault, RetryAfter, Target};

use crate::{
    figures::say,
    left_behind::leaves_nothing,
    scene::{Scene, Status},
};

const ROTATE: &str = "tracktik-operator.io/rotate";

/// A host that asks for less, or for none in particular, is left alone for as long.
const SHORTEST_PAUSE: Duration = Duration::from_mins(1);

/// How long after the attempt the next may be, in seconds.
fn waits(status: &Status) -> i64 {
    let time = |field: &str| -> Timestamp { status.0["failure"][field].as_str().unwrap().parse().unwrap() };
    time("nextAttemptTime").as_second() - time("lastTime").as_second()
}

#[tokio::test]
async fn a_refused_refresh_is_followed_by_one_login_half_a_minute_later() {
    let scene = Scene::new("refused").await;
    let operator = scene.start().await;
    let account = scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    scene.simulator.end_sessions(&account.username);
    scene.annotate("acme", ROTATE, "1").await;
    let status = scene.renewal_off("acme", "EndpointMisbehaved").await;
    let message = status.message("Renewed");
    for part in ["refused the refresh token", "a login follows", "Next attempt at"] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    assert!((30..=33).contains(&waits(&status)), "{}", status.0);
    assert_eq!(scene.grants(), (1, 1));
    // Nobody does anything: the login comes by itself, and once.
    let second = scene.token_in_the_end("acme", &first).await;
    assert!(scene.simulator.valid(&second));
    scene.renewed("acme").await.assert_well();
    assert_eq!(scene.grants(), (2, 1));
    scene.rotated("acme", "2", &second).await;
    assert_eq!(scene.grants(), (2, 2));
    let refused = scene.simulator.counts().refused;
    assert_eq!(refused, 1);
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}

/// What the endpoint does to a refresh, for whose credential, and how long the login waits at least.
fn faults() -> Vec<(&'static str, Fault, i64)> {
    let lost = |status| Fault::Status {
        status,
        after_effect: true,
    };
    let failed = Fault::Status {
        status: 500,
        after_effect: false,
    };
    let missing = Fault::MissingKey {
        key: "access_token".to_owned(),
    };
    let redirect = Fault::Redirect {
        location: "/elsewhere".to_owned(),
    };
    let error = Fault::OkWithError {
        error: "invalid_grant".to_owned(),
    };
    let later = |retry_after| Fault::Unavailable { retry_after };
    // Those first that take a minute, which is the shortest pause there is.
    vec![
        ("throttled", Fault::TooManyRequests { retry_after: None }, 60),
        ("soon", later(RetryAfter::Seconds(5)), 60),
        ("soon-date", later(RetryAfter::DateIn(5)), 60),
        ("closed", Fault::Close { after_effect: true }, 30),
        ("lost", lost(503), 30),
        ("late", lost(504), 30),
        ("failed", failed, 30),
        ("cut", Fault::CutBody, 30),
        ("silent", Fault::Silence { after_effect: true }, 30),
        ("page", Fault::Html, 600),
        ("huge", Fault::HugeBody, 600),
        ("redirect", redirect, 600),
        ("error-200", error, 600),
        ("malformed", Fault::MalformedJson, 600),
        ("no-token", missing, 600),
        ("later", later(RetryAfter::Seconds(700)), 700),
        ("later-date", later(RetryAfter::DateIn(700)), 699),
        ("firewall", Fault::Firewall, 600),
    ]
}

/// Each at a host of its own: what one host did holds back others that ask it.
#[tokio::test]
async fn whatever_else_becomes_of_a_refresh_its_token_is_not_sent_again() {
    let all = futures::stream::iter(faults());
    all.for_each_concurrent(8, async |(name, fault, least)| {
        let scene = Scene::new(&format!("spent-by-{name}")).await;
        let patience = ["--request-timeout-seconds", "5"];
        let operator = scene.operator().args(patience);
        let operator = operator.start(scene.plane).await.unwrap();
        let account = scene.refreshing(name).await;
        let whose = Target::Username(account.username);
        scene.simulator.set_fault(whose, fault.clone(), Some(1));
        let before = scene.token(name).await;
        let asked = Instant::now();
        scene.annotate(name, ROTATE, "1").await;
        let failed = |status: &Status| status.is("Renewed") == "False";
        let status = scene.status_that(name, "failed", failed).await;
        assert!((least..=least + 20).contains(&waits(&status)), "{name}: {}", status.0);
        assert_eq!(status.0["lastHandledRotate"], "1", "{name}");
        let (mark, issue) = scene.mark_and_issue(name).await;
        assert_eq!(mark, Some(issue), "{name}");
        assert_eq!(scene.token(name).await, before, "{name}");
        assert_eq!(scene.simulator.counts().stray_requests, 0, "a redirect was followed");
        assert_eq!(scene.grants(), (1, 1), "{name}");
        match fault {
            // The host asked for a pause, which nobody can end: not even who asks for a rotation.
            Fault::TooManyRequests { .. } | Fault::Unavailable { .. } | Fault::Firewall => {
                assert!(scene.simulator.valid(&before), "{name}");
                scene.annotate(name, ROTATE, "2").await;
                scene.looked_at_again(name).await;
                assert_eq!(scene.attempts(name), 2, "{name}");
                if least > 60 {
                    return leaves_nothing(&scene, &operator).await;
                }
                let token = scene.token_in_the_end(name, &before).await;
                assert!(scene.simulator.valid(&token), "{name}");
                let paused = asked.elapsed();
                say(&format!("{name}: a login after {} ms", paused.as_millis()));
                assert!(paused >= SHORTEST_PAUSE, "{name}: {paused:?}");
            }
            // Nobody asks, and a login is made; the lost answer was a refresh that was done.
            Fault::Close { .. } => {
                assert!(!scene.simulator.valid(&before), "{name}");
                scene.token_in_the_end(name, &before).await;
            }
            // Whoever asks need not wait, and it is a login that is made.
            _ => {
                let token = scene.rotated(name, "2", &before).await;
                assert!(scene.simulator.valid(&token), "{name}");
            }
        }
        scene.renewed(name).await.assert_well();
        scene.looked_at_again(name).await.assert_well();
        assert_eq!(scene.attempts(name), 3, "{name}");
        assert_eq!(scene.grants(), (2, 1), "{name}");
        leaves_nothing(&scene, &operator).await;
    })
    .await;
}

#[tokio::test]
async fn where_the_server_gives_no_refresh_token_each_renewal_is_a_login() {
    let scene = Scene::new("none-given").await;
    let _operator = scene.start().await;
    let none = Fault::MissingKey {
        key: "refresh_token".to_owned(),
    };
    scene.simulator.set_fault(Target::Everywhere, none.clone(), Some(2));
    scene.refreshing("acme").await;
    assert_eq!(scene.value("acme-token", "refresh_token").await, None);
    let first = scene.token("acme").await;
    let second = scene.rotated("acme", "1", &first).await;
    assert!(scene.simulator.valid(&first), "a login leaves the other session alone");
    assert_eq!(scene.grants(), (2, 0));
    // A login gives one again, and a refresh none.
    let third = scene.rotated("acme", "2", &second).await;
    assert_eq!(scene.grants(), (3, 0));
    scene.simulator.set_fault(Target::Everywhere, none, Some(1));
    let fourth = scene.rotated("acme", "3", &third).await;
    assert_eq!(scene.grants(), (3, 1));
    let status = scene.looked_at_again("acme").await;
    status.assert_well();
    assert_eq!(status.0["failure"], json!(null));
    scene.rotated("acme", "4", &fourth).await;
    assert_eq!(scene.grants(), (4, 1));
}
