//! One attempt at a token: nothing is marked or sent by a process that is ending, or that may not be the leader.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Failure, Grant, Moment, Pending, Reason, Span},
    rotation::{
        Because, Observation,
        attempt::{Attempt, Circumstances, Next, Why, trust},
        gate::Trust,
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
fn steps(attempt: &mut Attempt, seen: &mut Observation, around: &[Circumstances]) -> Vec<Next> {
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
    fn what_may_be_wrong_stands_in_line_by_when_it_was_tried(seen in observation(), seconds in 1_i64..100_000) {
        let (earlier, tried) = (START - Span::seconds(seconds), now_stands(&seen));
        let of = |record: Failure| {
            trust(&Observation { failure: record, ..seen.clone() }, &Recollection::default(), START, START)
        };
        let unproven = |tried: Moment| Trust::Unproven { tried };
        let new = unproven(START - Trust::AHEAD);
        let failed = Failure {
            reason: Some(Reason::CredentialsRejected),
            last_time: Some(earlier),
            tried: Some(tried.clone()),
            ..Failure::default()
        };
        prop_assert_eq!(of(failed.clone()), unproven(earlier));
        let pending = Pending { issue_id: "i".to_owned(), time: START };
        prop_assert_eq!(of(Failure { pending: Some(pending), ..failed.clone() }), unproven(START), "announced since");
        let mut others = tried;
        others.identity.push('x');
        prop_assert_eq!(of(Failure { tried: Some(others), ..failed.clone() }), new, "of other values");
        let ahead = Failure { last_time: Some(START + Span::seconds(seconds)), ..failed };
        prop_assert_eq!(of(ahead), new, "ahead of the clock");
    }

    /// One answer of 503 does not put a credential that works behind those that never did.
    #[test]
    fn what_worked_until_the_host_failed_is_only_interrupted(mut seen in observation(), refused in any::<bool>()) {
        let Some((identity, sources)) = seen.issue().map(|issue| (issue.identity.clone(), issue.sources.clone())) else {
            return Ok(());
        };
        (seen.identity, seen.sources.versions) = (identity, sources);
        let of = |seen: &Observation| trust(seen, &Recollection::default(), START, START);
        seen.failure = Failure::default();
        prop_assert_eq!(of(&seen), Trust::Proven);
        let reason = if refused { Reason::CredentialsRejected } else { Reason::EndpointUnavailable };
        seen.failure = Failure { reason: Some(reason), count: 1, first_time: Some(START), last_time: Some(START), ..Failure::default() };
        prop_assert_eq!(of(&seen) == Trust::Interrupted, !refused);
        seen.failure.pending = Some(Pending { issue_id: "i".to_owned(), time: START });
        prop_assert!(matches!(of(&seen), Trust::Unproven { .. }), "nobody knows what became of it");
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
