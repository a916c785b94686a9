//! One attempt at a token: nothing is marked or sent by a process that is ending, or that may not be the leader.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Failure, Grant, Moment, Pending, Span},
    rotation::{
        Because,
        attempt::{Attempt, Circumstances, Next, Why, last_tried},
        observation::now_stands,
        recollection::Recollection,
    },
};

use crate::arbitrary::{START, observation};

fn around() -> Circumstances {
    Circumstances {
        steady: Moment::default() + Span::hours(1),
        started: Moment::default(),
        status_accepted: true,
        credentials_in_view: true,
        stopping: false,
        leading: true,
    }
}

/// The steps up to the request, or to its end.
fn steps(
    attempt: &mut Attempt,
    seen: &mut tracktik_operator::rotation::Observation,
    around: &[Circumstances],
) -> Vec<Next> {
    let mut remembered = Recollection::default();
    let mut taken = Vec::new();
    for around in around {
        let next = attempt.next(seen, &remembered, around, START);
        if let Next::Announce(record) = &next {
            attempt.announced((**record).clone(), seen, &mut remembered);
        }
        let last = matches!(next, Next::Send | Next::Abandon(_));
        taken.push(next);
        if last {
            break;
        }
    }
    taken
}

proptest! {
    #[test]
    fn neither_the_mark_nor_the_request_comes_without_the_leadership(
        mut seen in observation(),
        refresh in any::<bool>(),
        leading in vec(any::<bool>(), 5),
        stopping in vec(any::<bool>(), 5),
    ) {
        let grant = if refresh { Grant::Refresh } else { Grant::Password };
        let mut attempt = Attempt::new(grant, Because::Due, "issue".to_owned(), &seen);
        let each: Vec<Circumstances> = leading
            .iter()
            .zip(&stopping)
            .map(|(&leading, &stopping)| Circumstances { leading, stopping, ..around() })
            .collect();
        let taken = steps(&mut attempt, &mut seen, &each);
        for (next, around) in taken.iter().zip(&each) {
            match next {
                Next::Rehearse | Next::Announce(_) => {}
                Next::MarkTried | Next::Send => prop_assert!(around.leading && !around.stopping),
                Next::Abandon(Why::Stopping) => prop_assert!(around.stopping),
                Next::Abandon(Why::NotLeader) => prop_assert!(!around.leading && !around.stopping),
                Next::Abandon(Why::Stale) => prop_assert!(false, "no time has passed"),
            }
        }
    }

    #[test]
    fn what_stands_was_tried_when_its_own_record_says_so(seen in observation(), seconds in 1_i64..100_000) {
        let (earlier, tried) = (START - Span::seconds(seconds), now_stands(&seen));
        let of = |record: Failure| last_tried(&tracktik_operator::rotation::Observation { failure: record, ..seen.clone() }, START);
        let failed = Failure { last_time: Some(earlier), tried: Some(tried.clone()), ..Failure::default() };
        prop_assert_eq!(of(failed.clone()), Some(earlier));
        let pending = Pending { issue_id: "i".to_owned(), time: START };
        prop_assert_eq!(of(Failure { pending: Some(pending), ..failed.clone() }), Some(START), "announced since");
        let mut others = tried;
        others.identity.push('x');
        prop_assert_eq!(of(Failure { tried: Some(others), ..failed.clone() }), None, "of other values");
        prop_assert_eq!(of(Failure { last_time: Some(START + Span::seconds(seconds)), ..failed }), None, "ahead of the clock");
    }

    #[test]
    fn a_leader_sends_after_each_step_in_its_order(mut seen in observation(), refresh in any::<bool>()) {
        let grant = if refresh { Grant::Refresh } else { Grant::Password };
        let mut attempt = Attempt::new(grant, Because::Due, "issue".to_owned(), &seen);
        let taken = steps(&mut attempt, &mut seen, &[around(); 5]);
        prop_assert_eq!(taken.first(), Some(&Next::Rehearse));
        prop_assert_eq!(taken.last(), Some(&Next::Send));
        prop_assert_eq!(taken.contains(&Next::MarkTried), refresh);
    }
}
