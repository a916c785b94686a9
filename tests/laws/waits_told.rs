//! From when on status tells what the next token waits for at the gate.

use tracktik_operator::{
    api::{Moment, Span},
    rotation::{
        Because, Observation, decide,
        gate::WaitsFor,
        patience::{patient_wait, waits_its_turn, was_passed_over},
        readiness::readiness,
    },
};

use crate::{
    arbitrary::START,
    life::{new_credential, waiting, with_token},
};

/// An hour's token that is due, and lives for some minutes more.
const DUE: Moment = Moment::from_seconds(START.as_seconds() + 45 * 60);

/// What Ready says, and why a token is wanted, after waiting for so long since then for the host's pause to end, in milliseconds.
fn ready(make: fn(&mut Observation), now: Moment, waited: i64) -> (Because, String) {
    let mut seen = with_token();
    make(&mut seen);
    let until = Some(now + Span::minutes(1));
    seen.waiting = Some(waiting(now - Span::millis(waited), WaitsFor::HostThrottled, until));
    let decision = decide::decide(&seen, now);
    let says = readiness(&seen, &decision, now);
    (decision.because, says.statements[0].message.clone())
}

type Change = fn(&mut Observation);

#[test]
fn who_has_changed_something_is_told_after_ten_seconds_and_a_renewal_by_plan_once_its_patience_ends() {
    let patient = patient_wait(&with_token().uid).as_millis();
    let early = START + Span::minutes(10);
    let table: [(Change, Moment, Because, i64); 3] = [
        (
            |seen| seen.sources.versions = vec!["account@1/8".to_owned()],
            early,
            Because::SourcesChanged,
            10_000,
        ),
        (
            |seen| seen.rotate = Some("now".to_owned()),
            early,
            Because::RotateAsked,
            10_000,
        ),
        (|_| (), DUE, Because::Due, patient),
    ];
    for (make, now, because, told_after) in table {
        for (waited, told) in [(told_after - 1, false), (told_after, true)] {
            let (why, message) = ready(make, now, waited);
            assert_eq!(why, because);
            let until = now + Span::minutes(1);
            let tells = message.contains(&format!("the host asked for a pause until {until}"));
            assert_eq!(tells, told, "{because:?} after {waited} ms: {message}");
        }
    }
}

#[test]
fn a_wait_that_is_over_is_not_told() {
    let (why, message) = ready(|_| (), START + Span::minutes(10), 600_000);
    assert_eq!(why, Because::Fresh);
    assert!(!message.contains("waits"), "{message}");
}

#[test]
fn a_new_credential_says_nothing_while_it_only_waits_for_its_turn() {
    use WaitsFor::{Account, Budget, HostBusy, HostFirewall, HostSilent, HostThrottled, HostUntried, UnprovenBudget};
    let later = Some(START + Span::hours(1));
    let patient = patient_wait(&new_credential().uid).as_millis();
    let table = [
        (Account, None, patient),
        (Budget, None, patient),
        (UnprovenBudget, None, patient),
        (HostBusy, None, patient),
        // A place is held after somebody's failure: that it has an end makes it no other wait.
        (Budget, later, patient),
        (UnprovenBudget, later, patient),
        (HostUntried, None, 10_000),
        (HostSilent, None, 0),
        // No turn, but the end of a pause.
        (HostSilent, later, 0),
        (HostThrottled, later, 0),
        (HostFirewall, later, 0),
    ];
    for (what, until, quiet) in table {
        let says_nothing = |waited: i64| {
            let mut seen = new_credential();
            seen.waiting = Some(waiting(START, what, until));
            waits_its_turn(&seen, START + Span::millis(waited))
        };
        assert_eq!(says_nothing(0), quiet > 0, "{what:?}");
        assert!(quiet == 0 || says_nothing(quiet - 1), "{what:?} after {} ms", quiet - 1);
        assert!(!says_nothing(quiet), "{what:?} after {quiet} ms");
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

/// A thousand that came at once and still wait do not write in one second.
#[test]
fn patience_ends_between_two_minutes_and_two_and_a_half_and_not_for_all_at_once() {
    let mut in_each_second = [0; 30];
    for number in 0..3_000 {
        let extra = patient_wait(&format!("uid-{number}")) - Span::minutes(2);
        let second = usize::try_from(extra.as_seconds()).unwrap();
        in_each_second[second] += 1;
    }
    let (least, most) = (in_each_second.iter().min(), in_each_second.iter().max());
    assert!(least >= Some(&50) && most <= Some(&150), "{in_each_second:?}");
}

#[test]
fn who_was_there_for_two_minutes_while_an_earlier_process_was_at_work_was_passed_over() {
    let table = [
        // Applied while nobody was at work, or nobody ever was.
        (START, START - Span::hours(1), false),
        (START, Moment::default(), false),
        (START, START, false),
        (START, START + Span::seconds(119), false),
        (START, START + Span::seconds(120), true),
        (START, START + Span::hours(1), true),
    ];
    for (created, others_worked_until, expected) in table {
        let passed_over = was_passed_over(created, others_worked_until);
        assert_eq!(passed_over, expected, "{created}, {others_worked_until}");
    }
}
