//! Whatever somebody else writes into status, and however often, ends no wait that this process knows of for the values it
//! has now.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Failure, Moment, Pending, Reason, Span, Tried},
    rotation::{
        failure_wait::{wait_until, written_at},
        merging::Surroundings,
        recollection::Recollection,
    },
};

use crate::arbitrary::{START, clock, failure, tried};

/// Somebody else has written this into status; there is no token.
fn heeds(remembered: &mut Recollection, theirs: Option<&Failure>, stands: &Tried, now: Moment) {
    let around = Surroundings {
        anothers: true,
        failure: theirs,
        handled_rotate: None,
        rotate: stands.rotate.as_ref(),
        in_place: None,
        identity: &stands.identity,
        sources: &stands.sources,
    };
    remembered.look(&around, now);
}

fn wait(remembered: &Recollection, stands: &Tried, now: Moment) -> Option<Moment> {
    wait_until(remembered.failure.as_deref()?, stands, None, now)
}

/// What a process remembers of a failure that it has met with these values; nothing is under way.
fn remembering(ours: Failure, stands: &Tried) -> Recollection {
    let ours = Failure {
        tried: Some(stands.clone()),
        pending: None,
        ..ours
    };
    Recollection {
        failure: Some(ours.clone().into()),
        own: ours.into(),
        ..Recollection::default()
    }
}

/// Of somebody who sees the same rotate annotation.
fn foreign(record: Failure, stands: &Tried) -> Failure {
    let tried = record.tried.map(|tried| Tried {
        rotate: stands.rotate.clone(),
        ..tried
    });
    Failure { tried, ..record }
}

/// A time at which none of these is of the future: of one that is, nobody can say until when it asks to wait.
fn after(records: &[&Failure], now: Moment) -> Moment {
    let written = records.iter().filter_map(|record| written_at(record));
    written.fold(now, Moment::max).min(Moment::MAX - Span::hours(24))
}

proptest! {
    #[test]
    fn a_foreign_record_of_other_values_ends_no_wait(
        ours in failure(), theirs in failure(), other in tried(), stands in tried(), now in clock(),
    ) {
        let mut other = other;
        if (&other.identity, &other.sources) == (&stands.identity, &stands.sources) {
            other.identity.push('x');
        }
        let theirs = foreign(Failure { tried: Some(other), ..theirs }, &stands);
        let mut remembered = remembering(ours, &stands);
        let now = after(&[remembered.failure.as_deref().unwrap(), &theirs], now);
        let before = wait(&remembered, &stands, now);
        heeds(&mut remembered, Some(&theirs), &stands, now);
        prop_assert!(wait(&remembered, &stands, now) >= before, "{remembered:?}");
    }

    /// Of any values, or of none, and one after the other.
    #[test]
    fn two_foreign_records_in_a_row_end_no_wait(
        ours in failure(), (first, second) in (failure(), failure()), stands in tried(), now in clock(),
        later in 0_i64..7_200,
    ) {
        let (first, second) = (foreign(first, &stands), foreign(second, &stands));
        let mut remembered = remembering(ours, &stands);
        let now = after(&[remembered.failure.as_deref().unwrap(), &first, &second], now);
        let then = now + Span::seconds(later);
        let before = wait(&remembered, &stands, then);
        heeds(&mut remembered, Some(&first), &stands, now);
        heeds(&mut remembered, Some(&second), &stands, then);
        prop_assert!(wait(&remembered, &stands, then) >= before, "{remembered:?}");
    }
}

fn values(version: &str) -> Tried {
    Tried {
        identity: "acme".to_owned(),
        sources: vec![format!("account@1/{version}")],
        rotate: None,
    }
}

fn rejected(of: Tried, at: Moment) -> Failure {
    Failure {
        reason: Some(Reason::CredentialsRejected),
        count: 1,
        first_time: Some(at),
        last_time: Some(at),
        next_attempt_time: Some(at + Span::minutes(30)),
        recent_times: vec![at],
        tried: Some(of),
        ..Failure::default()
    }
}

/// A second operator that has not seen yet that the password was changed, and had the old one refused a second later.
#[test]
fn the_refusal_of_an_older_password_elsewhere_does_not_have_the_newer_one_tried_again() {
    let stands = values("8");
    let theirs = rejected(values("7"), START + Span::seconds(1));
    let nothing = Failure::default();
    let now = START + Span::minutes(1);
    for then in [&theirs, &nothing] {
        let mut remembered = remembering(rejected(stands.clone(), START), &stands);
        let before = wait(&remembered, &stands, now);
        assert!(before.is_some());
        for written in [&theirs, then] {
            heeds(&mut remembered, Some(written), &stands, now);
            assert!(wait(&remembered, &stands, now) >= before, "{remembered:?}");
        }
    }
}

/// A later record of other values counted; and one that asked for longer only for its announcement took the place of ours, so
/// that nothing was left once that was taken back.
#[test]
fn neither_other_values_nor_two_steps_end_a_wait() {
    let stands = values("7");
    let mut remembered = Recollection::default();
    remembered.failed(
        &Failure::default(),
        "u",
        ("ours", stands.clone()),
        &crate::life::rejected(),
        START,
    );
    let ours = remembered.failure.as_deref().cloned().unwrap();
    let look = |remembered: &mut Recollection, theirs: &Failure, now: Moment| {
        heeds(remembered, Some(theirs), &stands, now);
        let record = remembered.failure(Some(theirs), None, None);
        wait_until(&record, &stands, None, now)
    };
    let now = START + Span::minutes(1);
    let other = Tried {
        identity: "other".to_owned(),
        ..stands.clone()
    };
    let of_other_values = rejected(other, now);
    let over = Failure {
        next_attempt_time: Some(now),
        ..of_other_values.clone()
    };
    let announced_over_a_day = Failure {
        next_attempt_time: Some(START - Span::minutes(1)),
        first_time: Some(START - Span::hours(25)),
        last_time: Some(START - Span::hours(24)),
        pending: Some(Pending {
            issue_id: "theirs".to_owned(),
            time: now,
        }),
        ..rejected(stands.clone(), START)
    };
    let ends = ours.next_attempt_time;
    for theirs in [
        &of_other_values,
        &over,
        &announced_over_a_day,
        &Failure::default(),
        &over,
    ] {
        let waits = look(&mut remembered, theirs, now);
        assert!(waits >= ends, "{waits:?} after {theirs:?}");
    }
    // By itself, it ends when it was to end.
    let later = ends.unwrap() + Span::seconds(1);
    assert_eq!(look(&mut remembered, &Failure::default(), later), None);
}
