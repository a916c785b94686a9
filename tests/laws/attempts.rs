//! One attempt at a token: nothing is marked or sent by a process that is ending, or that may not be the leader.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Failure, Grant, Moment, Pending, Reason, Span},
    rotation::{
        Because, Observation,
        attempt::{Attempt, Circumstances, Next, Why, trust},
        failure_record::{self, Setback},
        gate::{Refusal, Trust},
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
        let tried = now_stands(&seen);
        let of = |record: Failure| trust(&Observation { failure: record, ..seen.clone() }, &Recollection::default(), START);
        let unproven = |since: Moment| Trust::Unproven { since };
        let due_at = |due: Moment| Failure {
            reason: Some(Reason::CredentialsRejected),
            message: Some("acme.staffr.net refused the username or password".to_owned()),
            last_time: Some(due - Span::hours(24)),
            next_attempt_time: Some(due),
            tried: Some(tried.clone()),
            ..Failure::default()
        };
        let due = START - Span::seconds(seconds);
        prop_assert_eq!(of(due_at(due)), unproven(due.max(START - Trust::AHEAD)), "and not since it was tried");
        prop_assert_eq!(of(due_at(START + Span::seconds(seconds))), unproven(START), "asked for early");
        let new = unproven(START - Trust::AHEAD);
        let mut others = tried.clone();
        others.identity.push('x');
        prop_assert_eq!(of(Failure { tried: Some(others), ..due_at(due) }), new, "of other values");
        // Announced after a failure of others, of which the reason is kept, and lost.
        let lost = Failure {
            message: None,
            pending: Some(Pending { issue_id: "i".to_owned(), time: due - Span::minutes(1) }),
            ..due_at(due)
        };
        let due = failure_record::folded(&lost).next_attempt_time.unwrap();
        let since = due.clamp(START - Trust::AHEAD, START) - Trust::AHEAD;
        prop_assert_eq!(of(lost), unproven(since), "nothing was said of these");
    }

    /// Each kind of failure in a row that ends with it, for new values and for those that have given a token: one answer of
    /// 503 or 429, or a crash, puts nobody behind those that were refused, nor what has worked behind what is new.
    #[test]
    fn what_only_its_host_failed_goes_before_what_was_refused(
        mut seen in observation(),
        latest in vec(0..5_usize, 1..6),
        works in any::<bool>(),
    ) {
        let was_granted = seen.issue().map(|issue| (issue.identity.clone(), issue.sources.clone()));
        match was_granted {
            Some((identity, sources)) if works => (seen.identity, seen.sources.versions) = (identity, sources),
            Some((identity, _)) => seen.identity = identity + "x",
            None if works => return Ok(()),
            None => {}
        }
        seen.failure = Failure::default();
        let mut remembered = Recollection::default();
        prop_assert_eq!(trust(&seen, &remembered, START) == Trust::Proven, works);
        let nothing_against = Trust::AHEAD.times(if works { 2 } else { 1 });
        let (mut ahead, mut lost) = (Span::ZERO, false);
        for kind in latest {
            let (before, stands) = (seen.failure.clone(), now_stands(&seen));
            match kind {
                0 | 1 => {
                    let reason = [Reason::EndpointUnavailable, Reason::EndpointThrottled][kind];
                    let setback = Setback { reason, ..crate::life::unavailable() };
                    remembered.failed(&before, "u", ("i", stands), &setback, START);
                    (ahead, lost) = (nothing_against, false);
                }
                2 => {
                    remembered.failed(&before, "u", ("i", stands), &crate::life::rejected(), START);
                    (ahead, lost) = (Span::ZERO, false);
                }
                // A record that waits for a lost outcome goes on to do so, and keeps its words.
                3 => {
                    let (until, reason) = (START + Span::hours(2), Reason::CredentialsRejected);
                    remembered.refused(&before, stands, "refused for another", Refusal { until, reason }, START);
                    if !lost || before.reason.is_none() {
                        (ahead, lost) = (Span::ZERO, false);
                    }
                }
                // Nobody knows its outcome; what was known before it stays.
                _ => {
                    remembered.failure = Some(failure_record::announcing(&before, stands, "i", START).into());
                    ahead = if before.reason.is_none() { nothing_against } else { ahead };
                    lost = true;
                }
            }
            seen.failure = remembered.failure.as_deref().cloned().unwrap();
        }
        // By the record, also in a process that remembers nothing and to which it has come just now; but not of days ago.
        let due = failure_record::folded(&seen.failure).next_attempt_time.unwrap();
        for (now, since) in [(due, due), (due + Span::hours(2), due), (due + Span::hours(48), due + Span::hours(45))] {
            prop_assert_eq!(trust(&seen, &Recollection::default(), now), Trust::Unproven { since: since - ahead });
        }
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
