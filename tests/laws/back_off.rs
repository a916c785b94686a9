//! The failure record: how long it makes a credential wait.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Failure, Moment, Reason, Span, Tried},
    rotation::{
        backoff::Pace,
        failure_record::{Setback, after_failure, after_success, announcing, folded},
        failure_wait::wait_until,
    },
};

use crate::{
    arbitrary::{START, clock, count, failure, moment, pace, reason, tried},
    life::{Endpoint, Life, rejected, unavailable},
};

fn minutes(pace: Pace, counts: std::ops::RangeInclusive<i32>) -> Vec<i64> {
    counts.map(|count| pace.wait(count, 0).as_seconds() / 60).collect()
}

#[test]
fn paces() {
    assert_eq!(minutes(Pace::Rejection, 1..=6), [30, 120, 360, 1_440, 1_440, 1_440]);
    assert_eq!(minutes(Pace::Misbehaviour, 1..=6), [10, 20, 40, 60, 60, 60]);
    assert_eq!(minutes(Pace::Firewall, 1..=5), [10, 20, 40, 60, 60]);
    assert_eq!(minutes(Pace::Unresolved, 1..=7), [1, 5, 30, 120, 360, 1_440, 1_440]);
    let throttled = |retry_after| Pace::Throttled { retry_after };
    assert_eq!(minutes(throttled(None), 1..=6), [1, 2, 4, 8, 10, 10]);
    assert_eq!(minutes(throttled(Some(Span::minutes(7))), 1..=5), [7, 7, 7, 8, 10]);
    assert_eq!(minutes(throttled(Some(Span::hours(30))), 1..=2), [60, 60]);
    assert_eq!(throttled(Some(Span::ZERO)).wait(1, 0), Span::minutes(1));
    let unavailable = |bytes_sent| move |count| Pace::Unavailable { bytes_sent }.wait(count, 0).as_seconds();
    let unsent: Vec<i64> = (1..=9).map(unavailable(false)).collect();
    assert_eq!(unsent, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    let sent: Vec<i64> = (1..=9).map(unavailable(true)).collect();
    assert_eq!(sent, [30, 30, 30, 40, 80, 160, 320, 600, 600]);
}

fn tried_now() -> Tried {
    Tried {
        identity: "acme".to_owned(),
        sources: vec!["account@1/7".to_owned()],
        rotate: None,
    }
}

fn waits(record: &Failure, now: Moment) -> Span {
    wait_until(record, &tried_now(), None, now).map_or(Span::ZERO, |until| until - now)
}

fn fails(before: &Failure, setback: &Setback, now: Moment) -> Failure {
    after_failure(before, "u", tried_now(), setback, now)
}

#[test]
fn a_success_empties_the_record_but_for_the_recent_times() {
    let record = fails(
        &fails(&Failure::default(), &rejected(), START),
        &rejected(),
        START + Span::minutes(30),
    );
    assert_eq!(record.count, 2);
    assert_eq!(record.first_time, Some(START));
    let after = after_success(&record, START + Span::minutes(31));
    let expected = Failure {
        recent_times: record.recent_times,
        ..Failure::default()
    };
    assert_eq!(after, expected);
    assert_eq!(after_success(&after, START + Span::hours(2)), Failure::default());
}

#[test]
fn a_lost_outcome_has_its_own_pace() {
    let mut record = Failure::default();
    let mut now = START;
    for expected in [1, 5, 30, 120, 360, 1_440, 1_440] {
        record = announcing(&record, tried_now(), "id", now);
        assert_eq!(waits(&record, now), Span::minutes(expected));
        now = now + Span::minutes(expected);
    }
}

#[test]
fn a_lost_outcome_never_shortens_a_longer_step() {
    let mut record = Failure::default();
    let mut now = START;
    for expected in [30, 120, 360] {
        record = fails(&record, &rejected(), now);
        assert_eq!(waits(&record, now), Span::minutes(expected));
        now = now + Span::minutes(expected);
    }
    let lost = announcing(&record, tried_now(), "id", now);
    assert_eq!(waits(&lost, now), Span::hours(6));
    assert_eq!(
        folded(&lost).reason,
        Some(Reason::CredentialsRejected),
        "and moves no condition"
    );
    // Nor does a crash make the password look new.
    let again = fails(&folded(&lost), &rejected(), now + Span::hours(6));
    assert_eq!(waits(&again, now + Span::hours(6)), Span::hours(24));
}

#[test]
fn an_outage_after_a_crash_is_still_an_outage() {
    let mut record = Failure::default();
    let mut now = START;
    for _ in 0..12 {
        record = fails(&record, &unavailable(), now);
        now = now + Span::minutes(10);
    }
    let lost = announcing(&record, tried_now(), "id", now);
    assert!(waits(&lost, now) <= Span::minutes(10), "{:?}", waits(&lost, now));
    let again = fails(&folded(&lost), &unavailable(), now + Span::minutes(10));
    assert!(waits(&again, now + Span::minutes(10)) <= Span::minutes(10));
}

#[test]
fn other_values_start_anew() {
    let mut record = Failure::default();
    for _ in 0..3 {
        record = fails(&record, &rejected(), START);
    }
    let other = Tried {
        sources: vec!["account@1/8".to_owned()],
        ..tried_now()
    };
    let announced = announcing(&record, other.clone(), "id", START);
    assert_eq!((announced.message.as_deref(), announced.count), (None, 0));
    assert_eq!(
        announced.reason,
        Some(Reason::CredentialsRejected),
        "so that no condition moves"
    );
    assert_eq!(
        after_failure(&announced, "u", other.clone(), &rejected(), START).count,
        1
    );
    assert_eq!(after_failure(&record, "u", other, &rejected(), START).count, 1);
    let rotated = Tried {
        rotate: Some("now".to_owned()),
        ..tried_now()
    };
    assert_eq!(after_failure(&record, "u", rotated, &rejected(), START).count, 4);
}

#[test]
fn a_wrong_password_is_tried_four_times_in_a_day() {
    let mut life = Life::new(Endpoint::Fails(rejected()));
    life.run(Span::hours(24));
    let hours: Vec<i64> = life.posts.iter().map(|post| post.at.as_seconds() / 360).collect();
    assert_eq!(hours, [0, 5, 25, 85], "in tenths of an hour");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn one_more_failure_never_shortens_a_wait(pace in pace(), count in count(), spread in any::<u64>()) {
        let wait = pace.wait(count, spread);
        prop_assert!(pace.wait(count.saturating_add(1), spread) >= wait);
        prop_assert!(wait > Span::ZERO && wait <= pace.maximum());
    }

    #[test]
    fn a_row_of_failures_waits_ever_longer(pace in pace(), sent in any::<bool>(), outcomes in proptest::collection::vec(any::<bool>(), 1..12)) {
        let setback = Setback { pace, may_have_sent: sent, ..rejected() };
        let (mut record, mut now, mut before) = (Failure::default(), START, Span::ZERO);
        for is_lost in outcomes {
            record = announcing(&record, tried_now(), "id", now);
            if !is_lost {
                record = fails(&record, &setback, now);
            }
            let wait = waits(&record, now);
            // After lost outcomes, an answer that is no rejection shows the way back.
            if pace == Pace::Rejection {
                prop_assert!(wait >= before, "{:?} after {:?}: {:?}", wait, before, record);
            }
            before = wait;
            now = now + wait;
        }
    }

    #[test]
    fn what_a_server_asks_for_lengthens_a_wait_and_never_shortens_it(pace in pace(), asked in 0_i64..200_000) {
        let without = Setback { pace, ..rejected() };
        let with = Setback { retry_after: Some(Span::seconds(asked)), ..without.clone() };
        let wait = |setback| waits(&fails(&Failure::default(), setback, START), START);
        let expected = wait(&without).max(Span::seconds(asked).min(pace.maximum()));
        prop_assert!(wait(&with) >= expected && wait(&with) <= expected + Span::seconds(1));
    }

    #[test]
    fn no_record_waits_longer_than_a_day(record in failure(), stands in tried(), anchor in moment(), now in clock()) {
        for anchor in [None, Some(anchor)] {
            if let Some(until) = wait_until(&record, &stands, anchor, now) {
                prop_assert!(until > now);
                prop_assert!(until - now <= Span::hours(24) + Span::seconds(3));
            }
        }
    }

    #[test]
    fn a_record_waits_no_longer_than_its_class(before in failure(), setback in (reason(), pace()), now in clock(), later in 0_i64..100_000) {
        let (reason, pace) = setback;
        let setback = Setback { reason, message: "m".to_owned(), pace, may_have_sent: true, retry_after: None };
        let after = fails(&before, &setback, now);
        let look = now + Span::seconds(later);
        prop_assert!(waits(&after, look) <= pace.maximum() + Span::seconds(2));
        prop_assert_eq!(after.pending, None);
        prop_assert!(after.count >= 1);
    }

    #[test]
    fn the_end_of_a_wait_does_not_move(record in failure(), stands in tried(), anchor in moment(), now in clock(), later in 0_i64..1_000_000) {
        let anchor = Some(anchor.min(now));
        let same = record.tried.clone().unwrap_or(stands);
        if let Some(until) = wait_until(&record, &same, anchor, now) {
            let look = now + Span::millis(later);
            if let Some(again) = wait_until(&record, &same, anchor, look).filter(|_| look < until) {
                // A clock that catches up with the record may only show that it has waited long enough.
                let caught_up = record.pending.as_ref().map(|p| p.time).or(record.last_time).is_some_and(|at| at > now);
                prop_assert!(again == until || caught_up || record.last_time.is_none(), "{} then {}", until, again);
            }
        }
    }

    #[test]
    fn a_record_comes_back_from_the_cluster_as_it_was_written(millis in 0_i64..10_000_000, pace in pace(), outcomes in proptest::collection::vec(0_u8..3, 1..6)) {
        let (mut record, mut now) = (Failure::default(), START + Span::millis(millis));
        for outcome in outcomes {
            record = match outcome {
                0 => fails(&record, &Setback { pace, ..rejected() }, now),
                1 => announcing(&record, tried_now(), "id", now),
                _ => after_success(&record, now),
            };
            now = now + Span::millis(61_234);
            let written = serde_json::to_string(&record).unwrap();
            let read: Failure = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&read, &record, "a status that differs for ever is written for ever");
        }
    }

    #[test]
    fn recent_times_are_few_and_of_the_last_hour(before in failure(), tried in tried(), now in clock(), sent in any::<bool>()) {
        let setback = Setback { may_have_sent: sent, ..rejected() };
        let records = [
            after_failure(&before, "u", tried.clone(), &setback, now),
            after_success(&before, now),
            announcing(&before, tried, "id", now),
        ];
        for record in records {
            let times = &record.recent_times;
            prop_assert!(times.len() <= 16);
            prop_assert!(times.is_sorted());
            prop_assert!(times.iter().all(|at| *at + Span::hours(1) > now && *at <= now.next_whole_second() + Span::seconds(40)));
        }
    }
}
