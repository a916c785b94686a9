//! Of two failure records, by two processes, what counts.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Failure, Moment, Reason, Span, Tried},
    rotation::{
        failure_wait::wait_until,
        merging::{Surroundings, merged, tells_more},
        observation::Issue,
        recollection::Recollection,
    },
};

use crate::arbitrary::{START, clock, failure, tried};

fn recent(record: &Failure, now: Moment) -> Vec<Moment> {
    let mut times = record.recent_times.clone();
    times.retain(|time| *time + Span::hours(1) > now);
    times.sort_unstable();
    times
}

/// What comes of many heeding each other.
fn times_in_both(one: &[Moment], other: &[Moment]) -> Vec<Moment> {
    let mut all = one.to_vec();
    let mut of_one = one.to_vec();
    for time in other {
        match of_one.iter().position(|at| at == time) {
            Some(same) => {
                of_one.swap_remove(same);
            }
            None => all.push(*time),
        }
    }
    all.sort_unstable();
    let excess = all.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    all.drain(..excess);
    all
}

proptest! {
    #[test]
    fn of_the_same_values_no_wait_is_shorter_than_either(
        (mut ours, mut theirs) in (failure(), failure()), tried in tried(), stands in tried(), now in clock(),
    ) {
        for record in [&mut ours, &mut theirs] {
            record.tried = Some(tried.clone());
        }
        ours.pending = theirs.pending.clone().filter(|_| ours.pending.is_some());
        let wait = |record: &Failure| wait_until(record, &tried, None, now);
        let both = merged(&ours, &theirs, now);
        prop_assert!(wait(&both) >= wait(&ours).max(wait(&theirs)), "{both:?}");
        // Nor does a difference end it for the sake of having been merged.
        let early = |record: &Failure| wait_until(record, &stands, None, now);
        let least = early(&ours).min(early(&theirs));
        prop_assert!(early(&both) >= least, "{both:?}");
    }

    #[test]
    fn the_requests_of_both_are_remembered(ours in failure(), theirs in failure(), now in clock()) {
        let expected = times_in_both(&recent(&ours, now), &recent(&theirs, now));
        prop_assert_eq!(merged(&ours, &theirs, now).recent_times, expected);
    }

    /// Two that heed each other come to say the same, and then nothing more is to be said.
    #[test]
    fn two_that_heed_each_other_agree(one in failure(), other in failure(), now in clock()) {
        let (one, other) = (Failure { pending: None, ..one }, Failure { pending: None, ..other });
        let first = merged(&one, &other, now);
        let second = merged(&other, &first, now);
        prop_assert_eq!(&second, &first);
        prop_assert_eq!(merged(&first, &second, now), second);
        prop_assert!(!tells_more(Some(&first), Some(&first), now));
    }

    /// Whatever was lost if theirs stood in status alone, is told once ours has been written.
    #[test]
    fn what_is_told_at_once_is_told_once(ours in failure(), theirs in failure(), now in clock()) {
        let both = merged(&ours, &theirs, now);
        prop_assert!(!tells_more(Some(&both), Some(&both), now));
        let empty = Failure { recent_times: recent(&ours, now), ..Failure::default() };
        prop_assert!(!tells_more(Some(&empty), Some(&ours), now), "a success is told by its token");
    }
}

fn rejected(at: Moment) -> Failure {
    Failure {
        reason: Some(Reason::CredentialsRejected),
        count: 1,
        first_time: Some(at),
        last_time: Some(at),
        next_attempt_time: Some(at + Span::minutes(30)),
        recent_times: vec![at],
        tried: Some(values()),
        ..Failure::default()
    }
}

fn values() -> Tried {
    Tried {
        identity: "acme".to_owned(),
        sources: vec!["account@1/7".to_owned()],
        rotate: None,
    }
}

fn token(issued_at: Moment) -> Issue {
    Issue {
        issue_id: "theirs".to_owned(),
        issued_at,
        identity: values().identity,
        sources: values().sources,
        ..Issue::default()
    }
}

fn after(theirs: Option<&Failure>, in_place: Option<&Issue>, now: Moment) -> Failure {
    let mut remembered = Recollection {
        failure: Some(rejected(START).into()),
        ..Recollection::default()
    };
    let around = Surroundings {
        anothers: true,
        failure: theirs,
        handled_rotate: None,
        rotate: None,
        in_place,
        identity: "other",
        sources: &[],
    };
    remembered.look(&around, now);
    remembered.failure.as_deref().cloned().unwrap()
}

/// It was ended by any record of the same second, and by any later `issuedTime`.
#[test]
fn who_writes_status_ends_no_wait() {
    let now = START + Span::seconds(2);
    let sooner = Failure {
        next_attempt_time: Some(START + Span::seconds(5)),
        ..rejected(START)
    };
    for theirs in [None, Some(&Failure::default()), Some(&sooner)] {
        assert_eq!(after(theirs, None, now), rejected(START), "{theirs:?}");
    }
}

#[test]
fn a_later_token_of_the_same_values_ends_a_wait_and_keeps_the_requests() {
    let now = START + Span::minutes(1);
    let over = Failure {
        recent_times: vec![START],
        ..Failure::default()
    };
    assert_eq!(after(None, Some(&token(START + Span::seconds(1))), now), over);
    // Within one second the token says nothing, but for who says that all is well.
    assert_eq!(after(None, Some(&token(START)), now), over);
    let another = rejected(START);
    assert_eq!(after(Some(&another), Some(&token(START)), now), another);
    let earlier = token(START - Span::seconds(1));
    let of_a_clock_ahead = token(now + Span::hours(1));
    let of_other_values = Issue {
        identity: "other".to_owned(),
        ..token(START + Span::seconds(1))
    };
    for token in [earlier, of_a_clock_ahead, of_other_values] {
        assert_eq!(after(None, Some(&token), now), rejected(START), "{token:?}");
    }
}

/// Two operators, one of which is ahead with a password that was put right: the other kept, and wrote into status again and
/// again, that the wrong one had been refused.
#[test]
fn a_later_token_of_the_values_that_stand_ends_the_failure_of_others() {
    let now = START + Span::minutes(1);
    let look = |ours: &Failure, issued_at: Moment, sources: &[&str]| {
        let mut remembered = Recollection {
            failure: Some(ours.clone().into()),
            heeds: true,
            ..Recollection::default()
        };
        let put_right = Issue {
            sources: vec!["account@1/8".to_owned()],
            ..token(issued_at)
        };
        let around = Surroundings {
            anothers: false,
            failure: None,
            handled_rotate: None,
            rotate: None,
            in_place: Some(&put_right),
            identity: &put_right.identity,
            sources: &sources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        remembered.look(&around, now);
        remembered.failure.as_deref().cloned().unwrap()
    };
    let later = START + Span::seconds(1);
    let refused = rejected(START);
    assert_eq!(look(&refused, later, &["account@1/8"]).reason, None);
    // What was refused is what stands, or nobody can say what does.
    assert_eq!(look(&refused, later, &["account@1/7"]), refused);
    assert_eq!(look(&refused, later, &[]), refused);
    assert_eq!(look(&refused, START, &["account@1/8"]), refused);
    // What is left of an announcement that another has resolved, and what was never sent.
    let left = Failure {
        reason: refused.reason,
        tried: Some(values()),
        ..Failure::default()
    };
    assert_eq!(look(&left, later, &["account@1/8"]), Failure::default());
    let unsent = Failure {
        next_attempt_time: refused.next_attempt_time,
        ..left
    };
    assert_eq!(look(&unsent, later, &["account@1/8"]), unsent);
}

/// What somebody has announced counts until they tell what became of it.
#[test]
fn an_announcement_of_another_counts_until_they_tell_more() {
    let now = START + Span::minutes(1);
    let announced = |id: &str| Failure {
        pending: Some(tracktik_operator::api::Pending {
            issue_id: id.to_owned(),
            time: now,
        }),
        ..rejected(START)
    };
    let both = merged(&rejected(START), &announced("theirs"), now);
    assert_eq!(both, announced("theirs"));
    assert_eq!(merged(&both, &rejected(START), now), rejected(START));
    // Ours was taken back, and may stand in status all the same.
    let mut remembered = Recollection {
        failure: Some(rejected(START).into()),
        announced: Some("ours".to_owned()),
        ..Recollection::default()
    };
    let ours = announced("ours");
    let around = Surroundings {
        anothers: true,
        failure: Some(&ours),
        handled_rotate: None,
        rotate: None,
        in_place: None,
        identity: "",
        sources: &[],
    };
    remembered.look(&around, now);
    assert_eq!(remembered.failure.as_deref(), Some(&rejected(START)));
}

/// A late write, or a backup: it made the rotation that stands a second time.
#[test]
fn a_rotation_that_was_handled_stays_so_and_one_that_was_taken_back_does_not() {
    let word = |value: &str| Some(value.to_owned());
    let pending = rejected(START);
    let pending = Failure {
        pending: Some(tracktik_operator::api::Pending {
            issue_id: "theirs".to_owned(),
            time: START,
        }),
        ..pending
    };
    for (remembers, says, under_way, handled) in [
        (Some(word("two")), word("one"), false, word("two")),
        (Some(word("two")), None, false, word("two")),
        // Handled by somebody else …
        (Some(word("one")), word("two"), false, word("two")),
        // … or only announced, which may be taken back.
        (None, word("two"), true, word("two")),
        (Some(None), word("two"), true, None),
        (None, word("one"), false, word("one")),
    ] {
        let mut remembered = Recollection {
            handled_rotate: remembers.clone(),
            ..Recollection::default()
        };
        let stands = word("two");
        let around = Surroundings {
            anothers: true,
            failure: Some(&pending).filter(|_| under_way),
            handled_rotate: says.as_ref(),
            rotate: stands.as_ref(),
            in_place: None,
            identity: "",
            sources: &[],
        };
        remembered.look(&around, START);
        let now = remembered.handled_rotate(says.as_ref(), stands.as_ref());
        assert_eq!(now, handled, "{remembers:?} {says:?}");
        let backup = word("one");
        let later = remembered.handled_rotate(backup.as_ref(), stands.as_ref());
        assert_eq!(
            later == stands,
            handled == stands && !under_way,
            "{remembers:?} {says:?}"
        );
    }
}
