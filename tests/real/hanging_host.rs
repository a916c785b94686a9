//! One host that takes requests and never answers, beside two hundred credentials on another: those are renewed as if it
//! were not there.

use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use serde_json::{Value, json};
use testbed::simulator::{Fault, Target};

use crate::{
    figures::say,
    scene::{Scene, eventually},
};

const OTHERS: usize = 200;
const HANGING: usize = 20;

/// Of sixty seconds, the last thirty are the margin.
const LIFE: Duration = Duration::from_mins(1);

/// What a renewal may be late by on a busy machine: half of the margin.
const LATE: i64 = 15;

fn names(of: &'static str, how_many: usize) -> impl Iterator<Item = String> {
    (0..how_many).map(move |number| format!("{of}-{number}"))
}

/// Credentials of these names with first tokens, on this domain.
async fn ready(scene: &Scene, names: impl Iterator<Item = String>, domain: &str) {
    stream::iter(names)
        .for_each_concurrent(16, async |name| {
            scene.account(&name).await;
            scene.credential(&name, json!({ "domain": domain })).await;
            scene.ready(&name).await;
        })
        .await;
}

/// When the tokens of the others were issued, and when they will be renewed, in seconds, by name.
async fn times(scene: &Scene) -> Vec<(String, i64, i64)> {
    let all = scene.credentials().list(&ListParams::default()).await.unwrap();
    let seconds = |time: &Value| time.as_str().unwrap().parse::<Timestamp>().unwrap().as_second();
    let others = all.items.into_iter().filter_map(|credential| {
        let name = credential.metadata.name?;
        let status = &credential.data["status"];
        let times = (seconds(&status["issuedTime"]), seconds(&status["renewalTime"]));
        name.starts_with("other").then_some((name, times.0, times.1))
    });
    others.collect()
}

/// Waits until each of the others is renewed; how late each was, in order.
async fn lateness(scene: &Scene) -> Vec<i64> {
    let before = times(scene).await;
    assert_eq!(before.len(), OTHERS);
    let after = eventually(LIFE, || async {
        let after = times(scene).await;
        let renewed = before
            .iter()
            .zip(&after)
            .filter(|((_, then, _), (_, now, _))| now > then);
        match renewed.count() {
            OTHERS => Ok(after),
            renewed => Err(format!("{renewed} are renewed")),
        }
    })
    .await;
    let late = before
        .iter()
        .zip(&after)
        .map(|((_, _, due), (_, issued, _))| issued - due);
    let mut late: Vec<i64> = late.collect();
    late.sort_unstable();
    late
}

fn shown(when: &str, late: &[i64]) {
    let (median, most) = (late[late.len() / 2], late[late.len() * 95 / 100]);
    let worst = late[late.len() - 1];
    say(&format!(
        "{when}: half are at most {median} s late, 95 % {most} s, all {worst} s"
    ));
    assert!(worst <= LATE, "{when}: {late:?}");
}

#[tokio::test]
async fn two_hundred_credentials_are_renewed_on_time_while_another_host_hangs() {
    let scene = Scene::with_token_life("hanging", LIFE).await;
    let other = format!("localhost:{}", scene.simulator.port());
    let operator = scene.operator_at("info").args(["--allowed-domain", &other]);
    let operator = operator.start(scene.plane).await.unwrap();
    ready(&scene, names("hanging", HANGING), &other).await;
    ready(&scene, names("other", OTHERS), &scene.simulator.domain()).await;
    shown("while all hosts answer", &lateness(&scene).await);

    let hung = scene.simulator.counts().token_requests;
    let silence = Fault::Silence { after_effect: false };
    scene
        .simulator
        .set_fault(Target::Host("localhost".to_owned()), silence, None);
    eventually(LIFE, || async {
        match scene.simulator.counts().faulted {
            0 => Err("nobody hangs yet".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    shown("while one host hangs", &lateness(&scene).await);
    let counts = scene.simulator.counts();
    say(&format!("{} requests of {HANGING} hang or hung", counts.faulted));
    assert!((1..=16).contains(&counts.faulted), "eight at a time, and then one");
    assert!(counts.token_requests > hung + 200 && counts.refused == 0);
    assert!(operator.get("/livez").await.unwrap().0.is_success());
}
