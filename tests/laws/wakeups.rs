//! Until when a decision stands: nothing that must happen is slept through.

use proptest::{collection::vec, option::weighted, prelude::*};
use tracktik_operator::{
    api::{ConditionType, Moment, Reason, Span, conditions::Truth},
    rotation::{
        Because, Observation, Step, decide,
        decide::{now_stands, times},
        failure_wait::{is_ahead, wait_until, written_at},
        next_request,
        readiness::readiness,
    },
};

use crate::arbitrary::{clock, observation};

/// Whether anything keeps a renewal from being made when it is due.
fn nothing_in_the_way(seen: &Observation, now: Moment) -> bool {
    let parked = seen.deleting
        || seen.suspended
        || seen.spec_problem.is_some()
        || seen.view_problem.is_some()
        || seen.domain_problem.is_some()
        || seen.sources.problem.is_some();
    let refused = seen.trouble.is_some() || seen.held.is_some();
    let failing = wait_until(&seen.failure, &now_stands(seen), seen.anchors.failure, now).is_some();
    !parked && !refused && !failing && !seen.is_put_back()
}

/// Whether the clock was set back behind what is known: then the times to come depend on when that is first seen.
fn was_set_back(seen: &Observation, now: Moment) -> bool {
    let failed = seen.failure.recent_times.iter().copied();
    let failed = failed.chain(written_at(&seen.failure)).any(|at| is_ahead(at, now));
    let issued = seen.issue().is_some_and(|issue| issue.issued_at > now);
    failed || issued
}

fn said(seen: &Observation, now: Moment) -> Vec<(ConditionType, Truth, Reason)> {
    let says = readiness(seen, &decide(seen, now), now);
    says.statements
        .iter()
        .map(|said| (said.of, said.truth, said.reason))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_renewal_that_is_possible_is_never_slept_through(seen in observation(), now in clock()) {
        let (Some(issue), Some(times)) = (seen.issue(), times(&seen, now)) else { return Ok(()) };
        let lifetime = issue.lifetime();
        if lifetime < Span::seconds(60) || times.age_unknown || !nothing_in_the_way(&seen, now) {
            return Ok(());
        }
        let latest = issue.expires_at - Span::seconds(120).min(lifetime.divided_by(2));
        let decision = decide(&seen, now);
        prop_assert!(decision.until <= latest.max(now + Span::seconds(1)), "{:?} but {}", decision, latest);
    }

    #[test]
    fn the_end_of_a_living_token_is_never_slept_through(seen in observation(), now in clock()) {
        if let Some(times) = times(&seen, now).filter(|times| times.expires > now) {
            prop_assert!(decide(&seen, now).until <= times.expires);
        }
    }

    #[test]
    fn no_condition_changes_by_the_passing_of_time_alone(seen in observation(), now in clock(), part in 1..1_000_i64) {
        let decision = decide(&seen, now);
        // Anything between is a look for another cause. A step that is done at once leaves nothing to be slept through.
        let between = now + Span::millis((decision.until - now).as_millis() / 1_000 * part);
        // A pause that is longer than any was begun before the clock was set back, and is none.
        let no_pause = seen.trouble.as_ref().is_some_and(|trouble| trouble.next > now + Span::minutes(10));
        if decision.step != Step::Wait || between >= decision.until || no_pause {
            return Ok(());
        }
        prop_assert_eq!(said(&seen, now), said(&seen, between), "{:?}, {} and {}", decision, now, between);
    }

    #[test]
    fn the_instant_at_which_ready_must_fall_wakes(seen in observation(), now in clock()) {
        let ready = |at| said(&seen, at)[0].1;
        let decision = decide(&seen, now);
        let before = Moment::from_millis(decision.until.as_millis() - 1);
        prop_assert_eq!(ready(now), ready(before.max(now)));
    }

    #[test]
    fn what_status_promises_is_what_the_timer_is_set_to(seen in observation(), now in clock()) {
        let decision = decide(&seen, now);
        let says = readiness(&seen, &decision, now);
        prop_assert_eq!(says.renews, says.renews.map(Moment::whole_second));
        prop_assert_eq!(says.expires, says.expires.map(Moment::whole_second));
        prop_assert_eq!(says.issued, says.issued.map(Moment::whole_second));
        if decision.because == Because::Fresh {
            let renews = says.renews.unwrap();
            prop_assert!(renews > now && decision.until <= renews);
            // Nothing changes: then a login is what is decided at that very instant.
            let at = decide(&seen, renews);
            prop_assert!(!matches!(at.because, Because::Fresh), "{:?}", at);
        }
    }
    #[test]
    fn the_next_request_is_made_when_it_is_told(
        mut seen in observation(),
        now in clock(),
        ahead in weighted(0.7, 1..1_000_i64),
        grants in vec(0..700_i64, 0..12),
        part in 0..1_000_i64,
    ) {
        let waits = [Because::Fresh, Because::BackingOff, Because::TooManyGrants];
        let renews = times(&seen, now).map(|times| times.renews);
        let close = ahead.and_then(|ahead| Some(renews? - Span::seconds(ahead)));
        let now = close.unwrap_or(now);
        seen.recent_grants = grants.into_iter().map(|ago| now - Span::seconds(ago)).collect();
        if !waits.contains(&decide(&seen, now).because) || was_set_back(&seen, now) {
            return Ok(());
        }
        let told = next_request(&seen, now).unwrap();
        prop_assert!(told > now);
        let at = |when| decide(&seen, when);
        // It is told as a whole second.
        let last = Moment::from_millis(told.as_millis() - 1_000).max(now);
        let between = now + Span::millis((last - now).as_millis() / 1_000 * part);
        for before in [between, last] {
            prop_assert_eq!(at(before).step.grant(), None, "told for {}, requested at {}", told, before);
        }
        // What is put right first, or refused by the API server by then, is another matter.
        prop_assert!(!waits.contains(&at(told).because), "told for {}, and then {:?}", told, at(told));
    }
}
