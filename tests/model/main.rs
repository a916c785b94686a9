//! The model check: a small world, in which everything that may go wrong does, in every order. The decisions, the steps
//! of an attempt, the failure record and the gate are the operator's own code; around them is a model of what carries
//! them out, of the API server, of TrackTik and of the election.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]
#![expect(
    clippy::print_stderr,
    reason = "figures and counter-examples are what these tests are also for"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "how much goes wrong is asked for by a variable; the operator has no part in it"
)]

mod answers;
mod api_server;
mod attempting;
mod beginnings;
mod calls;
mod calm;
mod circles;
mod election;
mod explorer;
mod hands;
mod happenings;
mod held_back;
mod instants;
mod invariants;
mod kept;
mod look;
mod moves;
mod observe;
mod others;
mod prepare;
mod process;
mod record;
mod rules;
mod safeguards;
mod searched;
mod story;
mod told;
mod tracktik;
mod world;

use rules::Rules;
use safeguards::due_when_its_mood_changes;
use searched::holds;
use tracktik::Mood;
use world::World;

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
    let rules = Rules::new(faults(2));
    holds("renewals", World::with_tokens_due(&rules), &rules);
}

#[test]
fn renewals_while_somebody_meddles() {
    let rules = Rules::new(faults(1)).meddled_with();
    holds("renewals, and hands", World::with_tokens_due(&rules), &rules);
}

/// A faulty world goes deeper with one credential.
#[test]
fn one_refresh() {
    let rules = Rules::new(faults(2)).alone().meddled_with();
    holds("one refresh, and hands", World::with_tokens_due(&rules), &rules);
}

#[test]
fn rotations_while_somebody_meddles() {
    let rules = Rules::new(faults(1)).meddled_with();
    holds("rotations, and hands", World::with_rotation_asked(&rules), &rules);
}

#[test]
fn one_rotation_and_a_backup() {
    let rules = Rules::new(faults(2)).alone().restored();
    holds("one rotation, and a backup", World::with_rotation_asked(&rules), &rules);
}

#[test]
fn a_wrong_password() {
    let rules = Rules::new(faults(2)).failing(Mood::Rejects);
    holds("a wrong password", World::new(&rules), &rules);
}

#[test]
fn a_server_that_fails() {
    let rules = Rules::new(faults(2)).failing(Mood::Fails);
    holds("a server that fails", World::new(&rules), &rules);
}

/// It fails from one moment to the next.
#[test]
fn renewals_at_a_server_that_fails() {
    let rules = Rules::new(faults(2)).failing(Mood::Fails);
    holds(
        "renewals at a server that fails",
        due_when_its_mood_changes(&rules),
        &rules,
    );
}

/// The password is changed at TrackTik while its tokens live.
#[test]
fn renewals_with_a_password_that_is_wrong_from_now_on() {
    let rules = Rules::new(faults(2)).failing(Mood::Rejects);
    holds(
        "renewals with a password that is wrong from now on",
        due_when_its_mood_changes(&rules),
        &rules,
    );
}

/// As in an upgrade of the operator: each token that was granted is stored, and the next process goes on at once.
#[test]
fn renewals_while_processes_are_asked_to_end() {
    let rules = Rules::new(faults(1)).upgraded();
    holds("renewals, and upgrades", World::with_tokens_due(&rules), &rules);
}

#[test]
fn one_refresh_while_processes_are_asked_to_end() {
    let rules = Rules::new(faults(2)).alone().upgraded();
    holds("one refresh, and upgrades", World::with_tokens_due(&rules), &rules);
}

#[test]
fn renewals_while_a_leader_loses_its_claim_for_a_while() {
    let rules = Rules::new(faults(1)).cut_off();
    holds("renewals, and a lost claim", World::with_tokens_due(&rules), &rules);
}

#[test]
fn one_refresh_while_a_leader_loses_its_claim_for_a_while() {
    let rules = Rules::new(faults(2)).alone().cut_off();
    holds("one refresh, and a lost claim", World::with_tokens_due(&rules), &rules);
}

/// They do not fight over status, nor for long over the Secret. Where two things go wrong at once, they may put their own
/// words into status in turns, at the pace of whoever yields.
#[test]
fn two_operators_by_mistake() {
    let rules = Rules::new(faults(1)).overlapping();
    holds("two operators", World::with_tokens_due(&rules), &rules);
}
