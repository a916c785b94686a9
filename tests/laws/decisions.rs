//! What is decided, whatever is observed.

use proptest::prelude::*;
use tracktik_operator::{
    api::Span,
    rotation::{Because, Step, decide, decide::times, observation::Target, readiness::readiness},
};

use crate::{
    arbitrary::{clock, observation},
    life::{done, granted},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_observation_has_one_decision_and_one_status(seen in observation(), now in clock()) {
        let decision = decide(&seen, now);
        prop_assert_eq!(&decision, &decide(&seen.clone(), now));
        let says = readiness(&seen, &decision, now);
        prop_assert_eq!(says, readiness(&seen.clone(), &decision, now));
    }

    #[test]
    fn a_decision_stands_until_a_later_time(seen in observation(), now in clock()) {
        let decision = decide(&seen, now);
        prop_assert!(decision.until > now, "{:?}", decision);
        prop_assert!(decision.until <= now + Span::hours(12));
    }

    #[test]
    fn a_target_that_is_somebody_elses_is_never_read_or_written(seen in observation(), now in clock()) {
        let seen = tracktik_operator::rotation::Observation { target: Target::Taken("theirs".to_owned()), ..seen };
        let step = decide(&seen, now).step;
        prop_assert!(matches!(step, Step::Wait | Step::DeleteOldTarget(_)), "{:?}", step);
    }

    #[test]
    fn nothing_is_done_for_a_credential_that_is_being_deleted(mut seen in observation(), now in clock()) {
        seen.deleting = true;
        prop_assert_eq!(decide(&seen, now).step, Step::Wait);
    }

    #[test]
    fn a_suspended_credential_is_only_read_stored_and_tidied_up(mut seen in observation(), now in clock()) {
        seen.suspended = true;
        let step = decide(&seen, now).step;
        prop_assert!(step.grant().is_none() && step != Step::Repair, "{:?}", step);
    }

    #[test]
    fn no_request_while_anything_forbids_one(seen in observation(), now in clock()) {
        if decide(&seen, now).step.grant().is_some() {
            let forbidden = seen.deleting
                || seen.suspended
                || seen.held.is_some()
                || seen.spec_problem.is_some()
                || seen.view_problem.is_some()
                || seen.domain_problem.is_some()
                || seen.sources.problem.is_some();
            prop_assert!(!forbidden);
        }
    }

    #[test]
    fn a_perfect_grant_ends_in_waiting(mut seen in observation(), now in clock(), seconds in 60_i64..100_000) {
        if decide(&seen, now).step.grant().is_none() {
            return Ok(());
        }
        granted(&mut seen, "new", now.whole_second(), Span::seconds(seconds), now);
        prop_assert_eq!(decide(&seen, now).step, Step::StoreHeld);
        done(&mut seen, &Step::StoreHeld);
        let decision = decide(&seen, now);
        // At the end of time no later expiry can be written down.
        if times(&seen, now).is_some_and(|times| times.expires > now + Span::seconds(31)) {
            prop_assert_eq!(decision.because, Because::Fresh);
        }
    }

    #[test]
    fn any_chain_of_perfect_acts_ends_in_waiting(mut seen in observation(), now in clock(), seconds in 30_i64..100_000) {
        let mut logins = 0;
        let most = 7 + seen.old_targets.len();
        for acts in 0.. {
            prop_assert!(acts <= most, "no end: {:?}", decide(&seen, now));
            match decide(&seen, now).step {
                Step::Wait => break,
                Step::Login | Step::Refresh => {
                    logins += 1;
                    granted(&mut seen, "new", now.whole_second(), Span::seconds(seconds), now);
                }
                step => done(&mut seen, &step),
            }
        }
        prop_assert!(logins <= 1, "{logins} logins");
    }
}
