//! A request that was announced and whose outcome is lost holds a place for 200 s from its announcement, for every
//! process that comes after, whatever has become of its record by then.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Failure, Moment, Reason, Span, Tried},
    rotation::{
        failure_record::{after_failure, after_success, announcing, refused_unsent},
        gate::{Gate, Limits, Past, Refusal},
    },
};

use crate::{arbitrary::START, life::rejected};

/// For so long TrackTik may count it: sent 10 s later, answered 45 s after that, counted for two minutes; and 25 s for
/// clocks that differ.
const HELD: Span = Span::seconds(200);

/// What a process does with the credential before it dies, if anything.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Nothing,
    /// Killed before the outcome is recorded.
    Announces,
    Fails,
    Succeeds,
    IsRefused,
}

fn deed() -> BoxedStrategy<(Span, Deed, u8)> {
    let deed = prop_oneof![
        Just(Deed::Nothing),
        Just(Deed::Announces),
        Just(Deed::Fails),
        Just(Deed::Succeeds),
        Just(Deed::IsRefused),
    ];
    // Values that differ each time end a wait early.
    let passes = prop_oneof![0_i64..5_000, 0_i64..250_000].prop_map(Span::millis);
    (passes, deed, 0_u8..3).boxed()
}

fn tried(values: u8) -> Tried {
    Tried {
        identity: "acme".to_owned(),
        sources: vec![format!("account@1/{values}")],
        rotate: None,
    }
}

fn after(record: &Failure, deed: Deed, values: u8, now: Moment) -> Failure {
    // Each failure is announced first, and the record that the announcement made is the one before it.
    let resolved = || Failure {
        pending: None,
        ..announcing(record, tried(values), "id", now)
    };
    match deed {
        Deed::Nothing => record.clone(),
        Deed::Announces => announcing(record, tried(values), "id", now),
        Deed::Fails => after_failure(&resolved(), "u", tried(values), &rejected(), now),
        Deed::Succeeds => after_success(&resolved(), now),
        Deed::IsRefused => {
            let refusal = Refusal {
                until: now + Span::minutes(30),
                reason: Reason::CredentialsRejected,
            };
            refused_unsent(record, tried(values), "refused", refusal, now)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_lost_announcement_holds_a_place_for_200_s_whatever_processes_come_after(deeds in vec(deed(), 1..12)) {
        let (mut record, mut now) = (Failure::default(), START);
        let mut lost: Vec<Moment> = Vec::new();
        for (passes, deed, values) in deeds {
            now = now + passes;
            let mut gate = Gate::new(Limits::default());
            gate.recall(Past::all_of(&record), now);
            for second in 0..=200 {
                let look = now + Span::seconds(second);
                let counted = lost.iter().filter(|announced| **announced + HELD > look).count();
                prop_assert!(gate.held(look) >= counted, "{counted} are not held {second} s after the start: {record:?}");
            }
            prop_assert_eq!(gate.held(now + HELD), 0, "and none for longer");
            record = after(&record, deed, values, now);
            if matches!(deed, Deed::Announces) {
                lost.push(now);
            }
        }
    }
}
