//! What a wrong password costs where the operator is killed every ten seconds: five minutes of it, as the process that
//! ships, on a real control plane.
//!
//! `cargo bench --bench restarts`, or `cargo bench --bench restarts -- 60` for another number of seconds. It fails where
//! TrackTik saw more than one login; a second is let pass where a kill fell between a request and the record of its answer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for the developers of the operator, which prints its figures and may look at a clock"
)]

mod common;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;
use testbed::simulator::Account;

use crate::common::{length, scene, scene::Scene};

/// How long each operator lives.
const LIFE: Duration = Duration::from_secs(10);

/// The credential, and the source Secret beside it.
const NAME: &str = "acme";

/// A credential whose password is wrong, and that no operator has seen yet.
async fn with_a_wrong_password() -> Scene {
    let scene = Scene::new("restarts").await;
    let account = scene.account(NAME).await;
    let mistyped = Account {
        password: "mistyped".to_owned(),
        ..account
    };
    scene.source(NAME, &mistyped).await;
    scene.credential(NAME, json!({})).await;
    scene
}

/// One life of the operator; answers whether a login was made in it whose outcome the kill has kept from being recorded.
async fn live_and_die(scene: &Scene) -> bool {
    let began = Instant::now();
    let before = scene.attempts(NAME);
    let operator = scene.start().await;
    tokio::time::sleep(LIFE.saturating_sub(began.elapsed())).await;
    operator.kill().await.expect("it can be killed");
    let announced = !scene.status(NAME).await.0["failure"]["pending"].is_null();
    announced && scene.attempts(NAME) > before
}

/// Writes of the credential's status, and all others, events among them.
async fn writes(scene: &Scene) -> (usize, usize) {
    let all = scene.written_until_now().await;
    let of_status = all.iter().filter(|event| event.subresource == "status").count();
    (of_status, all.len() - of_status)
}

#[tokio::main]
async fn main() -> ExitCode {
    let length = length(Duration::from_mins(5));
    let scene = with_a_wrong_password().await;
    println!(
        "killing the operator every {} s for {} s",
        LIFE.as_secs(),
        length.as_secs()
    );
    let began = Instant::now();
    let (mut operators, mut lost) = (0, 0);
    while began.elapsed() < length {
        operators += 1;
        lost += u64::from(live_and_die(&scene).await);
    }
    let (logins, refused) = (scene.attempts(NAME), scene.simulator.counts().refused);
    let (status_writes, other_writes) = writes(&scene).await;
    let status = scene.status(NAME).await;
    println!(
        "killed for {} s: operators={operators} logins={logins} failed={refused} kills_before_the_record={lost} \
         status_writes={status_writes} other_writes={other_writes} ready={} reason={}",
        began.elapsed().as_secs(),
        status.ready(),
        status.reason("Ready"),
    );
    // None at all would say that nothing was tried.
    if logins == 1 || (logins == 2 && lost > 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
