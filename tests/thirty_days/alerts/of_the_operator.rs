//! Alerts about the operator as a whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use http::{Method, StatusCode};
use tracktik_operator::metrics::{GateFigures, Metrics};

use super::{
    Watched,
    judgement::{Firing, judge},
    operator,
    recording::Recording,
};
use crate::{
    tracktik::Answer,
    world::{START, World},
};

#[tokio::test(start_paused = true)]
async fn its_absence_is_told_where_status_says_that_all_is_well() {
    let mut watched = Watched::of(World::with(&["acme"]));
    watched.until(20).await;
    watched.world.kill().await;
    watched.runs = false;
    watched.until(70).await;
    assert_eq!(watched.world.api.condition("acme", "Ready").0, "True");
    watched.world.start();
    watched.runs = true;
    let absent = Firing {
        alert: "TracktikOperatorAbsent",
        about: vec![],
    };
    watched
        .fires(&[
            (23, vec![]),
            (27, vec![absent.clone()]),
            (65, vec![absent]),
            (75, vec![]),
        ])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_failures_use_up_is_told() {
    let names: Vec<String> = (0..80).map(|number| format!("acme-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut watched = Watched::of(World::with(&names));
    watched.until(20).await;
    watched.world.tracktik.answers(Answer::Rejection);
    let low = operator("TracktikLoginBudgetLow", &[]);
    let checks = [(20, vec![]), (37, vec![]), (47, vec![low]), (68, vec![])];
    watched.fires_only(&["TracktikLoginBudgetLow"], &checks).await;
}

/// Two replicas that lead as they are told.
fn replicas() -> [(Metrics, Arc<AtomicBool>); 2] {
    [(), ()].map(|()| {
        let (metrics, leads) = (Metrics::default(), Arc::new(AtomicBool::new(false)));
        metrics.elected_by("tracktik-operator");
        let asked = Arc::clone(&leads);
        metrics.leader_from(Arc::new(move || asked.load(Ordering::Relaxed)));
        (metrics, leads)
    })
}

#[test]
fn no_leader_and_two_leaders_are_told_and_a_hand_over_is_not() {
    let [(first, first_leads), (second, second_leads)] = replicas();
    let mut recording = Recording::since(START);
    for minute in 0..50 {
        first_leads.store((10..35).contains(&minute), Ordering::Relaxed);
        // From the 20th minute on beside the first, and again right before the first is found to have ended.
        second_leads.store((20..30).contains(&minute) || minute >= 34, Ordering::Relaxed);
        recording.scrape(&[("a", &first.render()), ("b", &second.render())]);
    }
    let name = ("name", "tracktik-operator");
    let checks = [
        (1, vec![]),
        (5, vec![operator("TracktikOperatorNoLeader", &[name])]),
        (15, vec![]),
        (22, vec![]),
        (28, vec![operator("TracktikOperatorSeveralLeaders", &[name])]),
        (33, vec![]),
        (35, vec![]),
        (45, vec![]),
    ];
    judge(&recording, &checks, &[]).unwrap();
}

#[test]
fn an_api_server_that_fails_is_told_and_a_conflict_is_not() {
    let metrics = Metrics::default();
    metrics.elected_by("tracktik-operator");
    metrics.leader_from(Arc::new(|| true));
    let mut recording = Recording::since(START);
    for minute in 0..60 {
        for code in [
            StatusCode::OK,
            StatusCode::OK,
            StatusCode::NOT_FOUND,
            StatusCode::CONFLICT,
        ] {
            metrics.api_request(&Method::PATCH, Some(code));
        }
        if (20..40).contains(&minute) {
            metrics.api_request(&Method::GET, Some(StatusCode::INTERNAL_SERVER_ERROR));
            metrics.api_request(&Method::GET, None);
        }
        recording.scrape(&[("a", &metrics.render())]);
    }
    let errors = operator("TracktikOperatorApiErrors", &[]);
    judge(
        &recording,
        &[(15, vec![]), (28, vec![]), (36, vec![errors]), (50, vec![])],
        &[],
    )
    .unwrap();
}

#[test]
fn a_budget_of_which_a_quarter_is_left_is_none_to_be_told_of() {
    let metrics = Metrics::default();
    metrics.elected_by("tracktik-operator");
    metrics.leader_from(Arc::new(|| true));
    let free = Arc::new(AtomicUsize::new(5));
    let asked = Arc::clone(&free);
    metrics.gate_from(Arc::new(move || {
        let places_left = asked.load(Ordering::Relaxed);
        Some(GateFigures {
            places_left,
            in_flight: 1,
            held: 17 - places_left,
            waiting: 0,
        })
    }));
    let mut recording = Recording::since(START);
    for minute in 0..40 {
        free.store(if minute < 20 { 5 } else { 4 }, Ordering::Relaxed);
        recording.scrape(&[("a", &metrics.render())]);
    }
    let low = operator("TracktikLoginBudgetLow", &[]);
    judge(&recording, &[(19, vec![]), (23, vec![]), (30, vec![low])], &[]).unwrap();
}
