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
mod story;
mod tracktik;
mod world;

use explorer::{Order, explore};
use rules::Rules;
use world::World;

fn holds(name: &str, rules: &Rules) {
    let found = explore(World::new(rules), rules, Order::DeepestFirst);
    eprintln!("{}", story::figures(name, &found));
    if let Some((promise, moves)) = &found.broken {
        panic!("{promise:?}\n{}", story::told(moves));
    }
}

fn bound(variable: &str, otherwise: u8) -> u8 {
    let asked = std::env::var(variable).ok();
    asked.map_or(otherwise, |asked| asked.parse().unwrap())
}

#[test]
fn first_tokens() {
    holds("first tokens", &Rules::new(bound("MODEL_FAULTS", 1)));
}
