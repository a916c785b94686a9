//! The model check: a small world, in which everything that may go wrong does, in every order. The decisions, the steps
//! of an attempt, the failure record and the gate are the operator's own code; around them is a model of what carries
//! them out, of the API server, of TrackTik and of the election.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod api_server;
mod calls;
mod calm;
mod election;
mod explorer;
mod invariants;
mod look;
mod moves;
mod observe;
mod prepare;
mod process;
mod rules;
mod safeguards;
mod story;
mod tracktik;
mod world;

use explorer::{Order, explore};
use rules::{ONE_PLACE, Rules};
use tracktik::Mood;
use tracktik_operator::api::Span;
use world::World;

/// Searches everything from here, and tells of the promise that is broken, if one is.
fn holds(name: &str, first: World, rules: &Rules) {
    let found = explore(first, rules, Order::DeepestFirst);
    eprintln!("{}", story::figures(name, &found));
    if let Some((promise, moves)) = &found.broken {
        panic!("{promise:?}\n{}", story::told(moves));
    }
}

/// How much goes wrong at most; a full run asks for more.
fn faults(otherwise: u8) -> u8 {
    let asked = std::env::var("MODEL_FAULTS").ok();
    asked.map_or(otherwise, |asked| asked.parse().unwrap())
}

#[test]
fn first_tokens() {
    let rules = Rules::new(faults(1));
    holds("first tokens", World::new(&rules), &rules);
}

#[test]
fn renewals() {
    let rules = Rules::new(faults(1));
    holds("renewals", World::with_tokens_due(&rules), &rules);
}

#[test]
fn renewals_while_somebody_meddles() {
    let rules = Rules {
        hands: true,
        ..Rules::new(faults(1))
    };
    holds("renewals, and hands", World::with_tokens_due(&rules), &rules);
}

#[test]
fn a_wrong_password() {
    let rules = Rules {
        mood: Mood::Rejects,
        limits: ONE_PLACE,
        grain: Span::seconds(10),
        ..Rules::new(faults(1))
    };
    holds("a wrong password", World::new(&rules), &rules);
}

#[test]
fn a_server_that_fails() {
    let rules = Rules {
        mood: Mood::Fails,
        limits: ONE_PLACE,
        grain: Span::seconds(10),
        horizon: Span::minutes(4),
        ..Rules::new(faults(1))
    };
    holds("a server that fails", World::new(&rules), &rules);
}

#[test]
fn two_operators_by_mistake() {
    let rules = Rules {
        overlap: true,
        ..Rules::new(faults(1))
    };
    holds("two operators", World::with_tokens_due(&rules), &rules);
}
