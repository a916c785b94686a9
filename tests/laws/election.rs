//! No two candidates ever both have a claim, whatever becomes of their calls, clocks and machines.

mod candidate;
mod world;

use proptest::prelude::*;
use std::time::Duration;
use tracktik_operator::{
    api::{Moment, Span},
    clock,
    cluster::{
        claim::holds,
        lease::{Decision, Sight, Timing, held_by, released},
        lease_object::{Lease, Record},
    },
};

use self::world::{Hazards, World};
use crate::arbitrary::START;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn never_two_claims_at_once_and_one_in_the_end(
        seed in any::<u64>(), hazards in prop_oneof![Just(Hazards::Machines), Just(Hazards::WallClocks)], share in any::<u8>()
    ) {
        let timing = Timing::default().jittered(share);
        let mut world = World::new(seed, hazards, timing);
        world.run(Duration::from_mins(10));
        prop_assert_eq!(world.most_at_once(), 1);
        world.calm();
        world.run(Duration::from_mins(3));
        prop_assert_eq!(world.most_at_once(), 1);
        prop_assert_eq!(world.claims(), 1, "somebody leads once nothing gets in the way");
    }

    /// Whoever has not seen a Lease that somebody deletes takes its absence for the first start, so that there may be two
    /// for as long as a claim lasts: that is not promised otherwise.
    #[test]
    fn hands_that_delete_the_lease_make_two_at_most_and_one_in_the_end(seed in any::<u64>(), share in any::<u8>()) {
        let timing = Timing::default().jittered(share);
        let mut world = World::new(seed, Hazards::Hands, timing);
        world.run(Duration::from_mins(10));
        prop_assert!(world.most_at_once() <= 2);
        world.calm();
        world.run(Duration::from_mins(3));
        prop_assert_eq!(world.claims(), 1, "somebody leads once nothing gets in the way");
    }

    #[test]
    fn two_renewals_never_look_like_one(clock in prop::collection::vec(0_i64..5, 2..20)) {
        let timing = Timing::default();
        let mut record = held_by("a", None, &timing, START);
        let mut seen = vec![record.renew_time.clone()];
        for reading in clock {
            record = held_by("a", Some(&record), &timing, Moment::from_seconds(reading));
            prop_assert!(record.renew_time > seen[seen.len() - 1]);
            seen.push(record.renew_time.clone());
        }
    }
}

/// The bench itself: it does find two leaders where there can be two.
#[test]
fn a_lease_that_is_shorter_than_the_claim_is_found_out() {
    let timing = Timing {
        lease: Duration::from_secs(7),
        ..Timing::default()
    };
    let found = (0..40).any(|seed| {
        let mut world = World::new(seed, Hazards::Machines, timing);
        world.run(Duration::from_mins(10));
        world.most_at_once() > 1
    });
    assert!(found);
}

#[test]
fn what_ships_leaves_time_between_the_end_of_a_claim_and_the_next_and_for_three_attempts() {
    let Timing {
        lease,
        renew_deadline,
        renew_every,
        retry,
        call,
    } = Timing::default();
    assert!(renew_deadline * 3 <= lease * 2, "clocks may differ by half");
    assert!(renew_every + retry * 2 < renew_deadline && call <= retry);
    assert!(retry <= renew_every, "one write per retry period at most");
    for share in [0, 1, 128, 255] {
        let jittered = Timing::default().jittered(share);
        assert!(jittered.renew_every <= renew_every && jittered.renew_every * 5 >= renew_every * 4);
        assert!(jittered.retry <= retry && jittered.retry * 5 >= retry * 4);
        assert_eq!(
            (jittered.lease, jittered.renew_deadline, jittered.call),
            (lease, renew_deadline, call)
        );
    }
}

#[test]
fn a_claim_ends_by_whichever_clock_says_so_first() {
    let deadline = Duration::from_secs(10);
    let (before, after) = (Duration::from_millis(9_999), Duration::from_secs(10));
    let table = [
        (before, Span::millis(9_999), true),
        (after, Span::ZERO, false),
        // Suspended: the monotonic clock stood still.
        (Duration::ZERO, Span::seconds(10), false),
        (Duration::ZERO, Span::hours(1_000), false),
        // Set back: the other one tells.
        (before, Span::hours(-1_000), true),
        (after, Span::hours(-1_000), false),
    ];
    for (monotonic, wall, stands) in table {
        assert_eq!(holds(monotonic, wall, deadline), stands, "{monotonic:?}, {wall}");
    }
}

#[test]
fn what_a_candidate_does_about_what_it_sees() {
    let timing = Timing::default();
    let origin = clock::monotonic();
    let at = |seconds| origin + Duration::from_secs(seconds);
    let record = |text: &str| Some(serde_json::from_str(&format!(r#"{{"metadata": {{}}, "spec": {text}}}"#)).unwrap());
    let table = [
        (r#"{"holderIdentity": "me", "leaseDurationSeconds": 15}"#, None),
        (r#"{"holderIdentity": "", "leaseDurationSeconds": 1}"#, None),
        (r#"{"leaseDurationSeconds": 1}"#, None),
        // An edit, under a leader that may not know of it yet.
        (r#"{"holderIdentity": "", "leaseDurationSeconds": 15}"#, Some(15)),
        ("{}", Some(15)),
        (r#"{"holderIdentity": "x"}"#, Some(15)),
        (r#"{"holderIdentity": "x", "leaseDurationSeconds": 0}"#, Some(15)),
        (r#"{"holderIdentity": "x", "leaseDurationSeconds": -7}"#, Some(15)),
        (r#"{"holderIdentity": "x", "leaseDurationSeconds": 1}"#, Some(15)),
        // One that is set to renew less often is not taken for dead.
        (r#"{"holderIdentity": "x", "leaseDurationSeconds": 40}"#, Some(40)),
        (
            r#"{"holderIdentity": "x", "leaseDurationSeconds": 2147483647}"#,
            Some(60),
        ),
    ];
    for (text, wait) in table {
        let mut sight = Sight::new("me", timing, record(text), at(0));
        let turn = if text.contains("me") {
            Decision::Renew
        } else {
            Decision::TakeOver
        };
        let first = wait.map_or(turn, |wait| Decision::Wait(at(wait)));
        assert_eq!(sight.decide(at(0)), first, "{text}");
        // Seen again, unchanged.
        sight.observe(record(text), at(5));
        let then = at(wait.unwrap_or(5));
        assert_eq!(sight.decide(then), turn, "{text}");
    }
}

#[test]
fn a_lease_that_is_gone_is_created_when_nobody_can_have_a_claim() {
    let timing = Timing::default();
    let origin = clock::monotonic();
    let at = |seconds| origin + Duration::from_secs(seconds);
    let lease = |record| {
        Some(Lease {
            record,
            ..Lease::default()
        })
    };
    let held = held_by("x", None, &timing, START);
    let mut sight = Sight::new("me", timing, None, at(0));
    assert_eq!(sight.decide(at(0)), Decision::Create, "the first start");
    sight.observe(lease(held.clone()), at(1));
    assert_eq!(sight.decide(at(2)), Decision::Wait(at(16)));
    // It may have been renewed right before.
    sight.observe(None, at(10));
    sight.observe(None, at(12));
    assert_eq!(sight.decide(at(13)), Decision::Wait(at(25)));
    assert_eq!(sight.decide(at(25)), Decision::Create);
    assert_eq!(sight.record().and_then(Record::holder), Some("x"));
    // A create of ours that was long under way comes after the deletion of another's.
    let mut sight = Sight::new("me", timing, lease(held.clone()), at(0));
    sight.observe(None, at(1));
    sight.observe(lease(held_by("me", None, &timing, START)), at(2));
    assert_eq!(sight.decide(at(2)), Decision::Wait(at(16)));
    assert_eq!(sight.decide(at(16)), Decision::Renew);
    // Who handed it back has no claim any more.
    let mut sight = Sight::new("me", timing, lease(released(&held, START)), at(0));
    sight.observe(None, at(1));
    assert_eq!(sight.decide(at(1)), Decision::Create);
}

#[test]
fn a_record_counts_who_held_it_and_keeps_since_when() {
    let timing = Timing::default();
    let at = |seconds| START + Span::seconds(seconds);
    let first = held_by("a", None, &timing, at(0));
    assert_eq!(
        (first.lease_transitions, first.lease_duration_seconds),
        (Some(0), Some(15))
    );
    assert_eq!(first.acquire_time, first.renew_time);
    let renewed = held_by("a", Some(&first), &timing, at(5));
    assert_eq!(
        (renewed.lease_transitions, &renewed.acquire_time),
        (Some(0), &first.acquire_time)
    );
    let given = released(&renewed, at(7));
    assert_eq!((given.holder(), given.lease_duration_seconds), (None, Some(1)));
    let second = held_by("b", Some(&given), &timing, at(8));
    assert_eq!((second.lease_transitions, second.holder()), (Some(1), Some("b")));
    assert!(second.acquire_time > first.acquire_time);
    let odd = Timing {
        lease: Duration::from_millis(2_001),
        ..timing
    };
    assert_eq!(
        held_by("a", None, &odd, at(0)).lease_duration_seconds,
        Some(3),
        "never less than is meant"
    );
}
