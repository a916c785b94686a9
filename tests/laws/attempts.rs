//! One attempt at a token: nothing is marked or sent by a process that is ending, or that may not be the leader.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Failure, Grant, Moment, Reason, Span},
    rotation::{
        Because, Observation,
        attempt::{Attempt, Circumstances, Next, Why, trust},
        failure_record::Setback,
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
    fn what_may_be_wrong_waits_since_its_record_let_it_try_again(seen in observation(), seconds in 1_i64..100_000) {
        let (due, tried) = (START - Span::seconds(seconds), now_stands(&seen));
        let of = |record: Failure| trust(&Observation { failure: record, ..seen.clone() }, &Recollection::default(), START);
        let unproven = |since: Moment| Trust::Unproven { since };
        let new = unproven(START - Trust::AHEAD);
        let failed = Failure {
            reason: Some(Reason::CredentialsRejected),
            last_time: Some(due - Span::hours(24)),
            next_attempt_time: Some(due),
            tried: Some(tried.clone()),
            ..Failure::default()
        };
        prop_assert_eq!(of(failed.clone()), unproven(due), "and not since it was tried");
        let asked_early = Failure { next_attempt_time: Some(START + Span::seconds(seconds)), ..failed.clone() };
        prop_assert_eq!(of(asked_early), unproven(START));
        let mut others = tried;
        others.identity.push('x');
        prop_assert_eq!(of(Failure { tried: Some(others), ..failed }), new, "of other values");
    }

    /// One answer of 503 does not put a credential that works behind those that were refused; after a refusal none helps.
    #[test]
    fn what_worked_until_the_host_failed_is_ahead_of_what_was_refused(
        mut seen in observation(),
        fails in vec(any::<bool>(), 1..5),
    ) {
        let Some((identity, sources)) = seen.issue().map(|issue| (issue.identity.clone(), issue.sources.clone())) else {
            return Ok(());
        };
        (seen.identity, seen.sources.versions, seen.failure) = (identity, sources, Failure::default());
        let mut remembered = Recollection::default();
        prop_assert_eq!(trust(&seen, &remembered, START), Trust::Proven);
        for &refused in &fails {
            let reason = if refused { Reason::CredentialsRejected } else { Reason::EndpointUnavailable };
            let setback = Setback { reason, ..crate::life::rejected() };
            remembered.failed(&seen.failure, "u", ("i", now_stands(&seen)), &setback, START);
            seen.failure = remembered.failure.as_deref().cloned().unwrap();
        }
        let later = START + Span::hours(48);
        let due = seen.failure.next_attempt_time.unwrap();
        let ahead = if fails.contains(&true) { Span::ZERO } else { Trust::AHEAD };
        prop_assert_eq!(trust(&seen, &remembered, later), Trust::Unproven { since: due - ahead });
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
