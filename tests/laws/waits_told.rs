//! From when on status tells what the next token waits for at the gate.

use tracktik_operator::{
    api::{Moment, Span},
    rotation::{
        Because, Observation, decide,
        gate::WaitsFor,
        readiness::{readiness, waits_its_turn},
    },
};

use crate::{
    arbitrary::START,
    life::{new_credential, waiting, with_token},
};

/// An hour's token that is due, and lives for some minutes more.
const DUE: Moment = Moment::from_seconds(START.as_seconds() + 45 * 60);

/// What Ready says, and why a token is wanted, after waiting for so long since then for the host's pause to end.
fn ready(make: fn(&mut Observation), now: Moment, waited: i64) -> (Because, String) {
    let mut seen = with_token();
    make(&mut seen);
    let until = Some(now + Span::minutes(1));
    seen.waiting = Some(waiting(now - Span::seconds(waited), WaitsFor::HostThrottled, until));
    let decision = decide::decide(&seen, now);
    let says = readiness(&seen, &decision, now);
    (decision.because, says.statements[0].message.clone())
}

type Change = fn(&mut Observation);

#[test]
fn who_has_changed_something_is_told_after_ten_seconds_and_a_renewal_by_plan_after_two_minutes() {
    let early = START + Span::minutes(10);
    let table: [(Change, Moment, Because, i64); 3] = [
        (
            |seen| seen.sources.versions = vec!["account@1/8".to_owned()],
            early,
            Because::SourcesChanged,
            10,
        ),
        (
            |seen| seen.rotate = Some("now".to_owned()),
            early,
            Because::RotateAsked,
            10,
        ),
        (|_| (), DUE, Because::Due, 120),
    ];
    for (make, now, because, told_after) in table {
        for (waited, told) in [(told_after - 1, false), (told_after, true)] {
            let (why, message) = ready(make, now, waited);
            assert_eq!(why, because);
            let until = now + Span::minutes(1);
            let tells = message.contains(&format!("the host asked for a pause until {until}"));
            assert_eq!(tells, told, "{because:?} after {waited} s: {message}");
        }
    }
}

#[test]
fn a_wait_that_is_over_is_not_told() {
    let (why, message) = ready(|_| (), START + Span::minutes(10), 600);
    assert_eq!(why, Because::Fresh);
    assert!(!message.contains("waits"), "{message}");
}

#[test]
fn a_new_credential_says_nothing_while_it_only_waits_for_its_turn() {
    use WaitsFor::{Account, Budget, HostBusy, HostFirewall, HostSilent, HostThrottled, HostUntried, UnprovenBudget};
    let later = Some(START + Span::hours(1));
    let table = [
        (Account, None, 120),
        (Budget, None, 120),
        (UnprovenBudget, None, 120),
        (HostBusy, None, 120),
        (HostUntried, None, 10),
        (HostSilent, None, 0),
        // No turn, but the end of a pause.
        (Budget, later, 0),
        (UnprovenBudget, later, 0),
        (HostThrottled, later, 0),
        (HostFirewall, later, 0),
    ];
    for (what, until, quiet) in table {
        let says_nothing = |waited: i64| {
            let mut seen = new_credential();
            seen.waiting = Some(waiting(START, what, until));
            waits_its_turn(&seen, START + Span::seconds(waited))
        };
        assert_eq!(says_nothing(0), quiet > 0, "{what:?}");
        assert!(quiet == 0 || says_nothing(quiet - 1), "{what:?} after {} s", quiet - 1);
        assert!(!says_nothing(quiet), "{what:?} after {quiet} s");
    }
    let mut failed = new_credential();
    failed.waiting = Some(waiting(START, Budget, None));
    failed.failure.count = 1;
    assert!(!waits_its_turn(&failed, START), "a record is not to be lost");
    assert!(!waits_its_turn(&new_credential(), START));
    // Whose status was erased, by a backup or by hand.
    let mut alive = with_token();
    alive.waiting = Some(waiting(START, Budget, None));
    assert!(!waits_its_turn(&alive, START), "a live token is told of at once");
}
