//! What somebody else has written into status since we did: a second operator that looks after the same credential by
//! mistake, or a person. What that makes of what we know is in [`crate::rotation::merging`]; here is how we hold our own.
//!
//! What this process remembers counts before status, which may lag behind or be overwritten. Of two that both went by that,
//! each would put its own words back after each write of the other, for ever.

use std::sync::Arc;

use super::memory::{Memory, Pause, is_later};
use crate::{
    api::{Moment, Span, TrackTikCredentialStatus},
    cluster::CredentialView,
    rotation::merging::tells_more,
};

/// So often in ten minutes ours is put back at once where somebody writes something else; then at a pace.
const AT_ONCE: i32 = 5;

/// Whether status was written by somebody else since we wrote or noticed that. It is noticed, and counted by the clock that
/// never goes back.
pub fn notice(credential: &CredentialView, memory: &mut Memory, steady: Moment) -> bool {
    let Some((version, ours)) = &memory.status else {
        return false;
    };
    let stands = &credential.status;
    if stands == ours {
        // One of the two is enough.
        let version = version.clone();
        memory.status = Some((version, Arc::clone(stands)));
        return false;
    }
    if !is_later(&credential.resource_version, version) {
        return false;
    }
    // A write of ours that got no answer may have come through.
    let anothers = memory.unanswered.as_deref() != Some(stands.as_ref());
    if anothers {
        memory.overwritten.tried(steady);
    }
    memory.status = Some((credential.resource_version.clone(), Arc::clone(stands)));
    anothers
}

/// For how long our words are kept back.
#[must_use]
pub fn kept_back(overwritten: &Pause, steady: Moment) -> Option<Span> {
    let until = overwritten.until.filter(|until| *until > steady)?;
    (overwritten.count() > AT_ONCE).then_some(until - steady)
}

/// Of words that are kept back, what must not be: a crash would lose a request or a wait that status does not tell of.
#[must_use]
pub fn not_to_be_lost(
    ours: &TrackTikCredentialStatus,
    stands: &TrackTikCredentialStatus,
    now: Moment,
) -> Option<TrackTikCredentialStatus> {
    tells_more(ours.failure.as_deref(), stands.failure.as_deref(), now).then(|| TrackTikCredentialStatus {
        failure: ours.failure.clone(),
        last_handled_rotate: ours.last_handled_rotate.clone(),
        ..stands.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::Failure, cluster::CredentialObject};

    const NOW: Moment = Moment::from_seconds(1_800_000_000);

    fn failed(at: Moment) -> Failure {
        Failure {
            last_time: Some(at),
            next_attempt_time: Some(at + Span::minutes(30)),
            recent_times: vec![at],
            count: 1,
            ..Failure::default()
        }
    }

    fn says(failure: Option<Failure>) -> TrackTikCredentialStatus {
        TrackTikCredentialStatus {
            failure: failure.map(Box::new),
            ..TrackTikCredentialStatus::default()
        }
    }

    fn seen(version: &str, status: TrackTikCredentialStatus) -> CredentialView {
        let object: CredentialObject = serde_json::from_value(serde_json::json!({ "metadata": {} })).unwrap();
        let mut view = CredentialView::from(object);
        version.clone_into(&mut view.resource_version);
        view.status = Arc::new(status);
        view
    }

    #[test]
    fn our_own_write_and_an_earlier_one_are_nobody_elses() {
        let mut memory = Memory {
            status: Some(("10".to_owned(), Arc::new(says(Some(failed(NOW)))))),
            unanswered: Some(Box::new(says(None))),
            ..Memory::default()
        };
        let later = says(Some(failed(NOW + Span::seconds(1))));
        for (version, status) in [
            ("9", later.clone()),
            ("10", says(Some(failed(NOW)))),
            ("11", says(Some(failed(NOW)))),
            // It came through after all.
            ("12", says(None)),
        ] {
            assert!(!notice(&seen(version, status), &mut memory, NOW), "{version}");
        }
        assert_eq!(memory.overwritten.count(), 0);
        assert!(notice(&seen("13", later.clone()), &mut memory, NOW));
        assert!(!notice(&seen("13", later), &mut memory, NOW), "once for each write");
        assert_eq!(memory.overwritten.count(), 1);
    }

    #[test]
    fn who_is_overwritten_again_and_again_keeps_a_pace_but_for_a_request_of_its_own() {
        let mut memory = Memory::default();
        for version in 1..=AT_ONCE + 1 {
            assert_eq!(kept_back(&memory.overwritten, NOW), None);
            memory.status = Some((version.to_string(), Arc::new(says(Some(failed(NOW))))));
            notice(&seen(&(version + 1).to_string(), says(None)), &mut memory, NOW);
        }
        assert!(kept_back(&memory.overwritten, NOW) > Some(Span::ZERO));
        assert_eq!(kept_back(&memory.overwritten, NOW + Span::minutes(6)), None);

        let mut theirs = says(Some(failed(NOW - Span::minutes(1))));
        let told = not_to_be_lost(&says(Some(failed(NOW))), &theirs, NOW).unwrap();
        assert_eq!(told.failure.as_ref().unwrap().last_time, Some(NOW));
        theirs.failure = told.failure;
        theirs.observed_generation = Some(7);
        assert_eq!(not_to_be_lost(&says(Some(failed(NOW))), &theirs, NOW), None);
    }
}
