//! The leadership goes from one operator to the next, by its end or its death: the work goes on, and nothing is asked for
//! twice.

use std::time::{Duration, Instant};

use crate::{
    figures::{say, soon},
    replicas::{Replicas, WITHIN_THE_LEASE, assert_idle, leads, reconciles},
    scene::eventually,
};

#[tokio::test]
async fn of_two_operators_one_works_and_hands_over_within_two_seconds_of_its_end() {
    let (replicas, first, second, token) = Replicas::at_work("handed-over").await;
    let scene = &replicas.scene;
    assert!(first.metrics().await.unwrap().contains("tracktik_credential_ready{"));
    assert_idle(&second).await;

    let began = Instant::now();
    assert_eq!(first.terminate().await.unwrap().code(), Some(0));
    say(&format!("the end took {} ms", began.elapsed().as_millis()));
    let looked = || async {
        match reconciles(&second).await {
            0.0 => Err("the next has not looked at anything".to_owned()),
            _ => Ok(()),
        }
    };
    eventually(WITHIN_THE_LEASE, looked).await;
    soon("the next leader's first reconcile", began);
    second.ready(WITHIN_THE_LEASE).await.unwrap();
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
    scene.rotated("acme", "by the second", &token).await;
    assert_eq!(scene.simulator.counts().token_requests, 2);

    // The last of the first was to give the Lease up.
    let logged = first.logs();
    let at = |message: &str| logged.iter().position(|line| line.contains(message));
    assert!(at("leadership released").is_some(), "{logged:#?}");
    assert!(at("leadership released") < at(r#""message":"stopped""#), "{logged:#?}");
}

#[tokio::test]
async fn a_grant_that_is_under_way_at_the_end_is_stored_before_the_next_leads() {
    let (replicas, first, second, token) = Replicas::at_work("last-grant").await;
    let scene = &replicas.scene;
    // Longer than a claim lasts: the Lease has to be renewed meanwhile.
    scene.simulator.set_fault(
        testbed::simulator::Target::Everywhere,
        testbed::simulator::Fault::Delay { milliseconds: 12_000 },
        Some(1),
    );
    scene.annotate("acme", "tracktik-operator.io/rotate", "slowly").await;
    scene.in_flight().await;
    first.signal("TERM").await.unwrap();
    let stored = scene.token_after("acme", &token).await;
    let granted = Instant::now();
    assert_eq!(first.wait().await.code(), Some(0));
    leads(&second, true).await;
    soon("the next leads after the last grant was stored", granted);
    scene.looked_at_again("acme").await;
    assert_eq!(scene.token("acme").await, stored);
    assert_eq!(scene.simulator.counts().token_requests, 2);
}

#[tokio::test]
async fn a_leader_that_is_killed_is_replaced_within_the_lease() {
    let (replicas, first, second, token) = Replicas::at_work("killed").await;
    let scene = &replicas.scene;
    let began = Instant::now();
    first.kill().await.unwrap();
    leads(&second, true).await;
    let took = began.elapsed();
    say(&format!("taken over {} ms after a kill", took.as_millis()));
    assert!(
        took < Duration::from_secs(20),
        "the lease, and what a machine that is busy adds: {took:?}"
    );
    scene.looked_at_again("acme").await;
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
    scene.rotated("acme", "by the second", &token).await;
    assert_eq!(scene.simulator.counts().token_requests, 2);
}
