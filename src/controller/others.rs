//! What somebody else has written into status since we did: a second operator that looks after the same credential by
//! mistake, or a person.
//!
//! What this process remembers counts before status, which may lag behind or be overwritten. Of two that both went by that,
//! each would put its own words back after each write of the other, for ever.

use super::memory::{Memory, is_later};
use crate::{
    api::{Failure, Moment, TrackTikCredentialStatus},
    cluster::CredentialView,
};

/// So often in ten minutes ours is put back at once where somebody writes something else; then at a pace.
const AT_ONCE: i32 = 5;

/// Takes over what somebody knows who has requested a token after we did, and counts how often ours was overwritten.
pub fn heed(credential: &CredentialView, memory: &mut Memory, now: Moment) {
    // While a write of ours has no answer, what stands there may be that one.
    if memory.status_failures > 0 {
        return;
    }
    let Some((version, ours)) = &memory.status else { return };
    let theirs = &credential.status;
    if theirs == ours || !is_later(&credential.resource_version, version) || is_our_announcement(theirs, memory) {
        return;
    }
    let ours = ours.clone();
    if knows_more(theirs, &ours, memory) {
        memory.requests.failure = None;
    }
    // A request that was taken back differs from what we wrote, and stands.
    let recorded = memory.requests.handled_rotate.as_ref() == Some(&ours.last_handled_rotate);
    if recorded && theirs.last_handled_rotate.is_some() {
        memory.requests.handled_rotate = None;
    }
    memory.overwritten.tried(now);
    memory.status = Some((credential.resource_version.clone(), theirs.clone()));
}

/// Whether it was written by us, and perhaps taken back since because no answer came.
fn is_our_announcement(theirs: &TrackTikCredentialStatus, memory: &Memory) -> bool {
    let pending = theirs.failure.as_ref().and_then(|failure| failure.pending.as_ref());
    pending.is_some_and(|pending| memory.announced.as_ref() == Some(&pending.issue_id))
}

/// Until when our words are kept back.
#[must_use]
pub fn yields_until(memory: &Memory, now: Moment) -> Option<Moment> {
    let until = memory.overwritten.until.filter(|until| *until > now)?;
    (memory.overwritten.count() > AT_ONCE).then_some(until)
}

/// Whether their failure record is of a later request than ours. One that was merely taken away tells nothing, and must not
/// end a wait.
fn knows_more(theirs: &TrackTikCredentialStatus, ours: &TrackTikCredentialStatus, memory: &Memory) -> bool {
    let Some(remembered) = &memory.requests.failure else {
        return false;
    };
    let known = latest(remembered).max(memory.requests.last_granted);
    let failed = theirs.failure.as_ref().and_then(latest);
    let granted = theirs.issued_time.filter(|at| ours.issued_time < Some(*at));
    failed.max(granted).is_some_and(|at| Some(at) >= known)
}

/// When the latest request that a record tells of was announced, or ended.
fn latest(record: &Failure) -> Option<Moment> {
    let pending = record.pending.as_ref().map(|pending| pending.time);
    let recent = record.recent_times.last().copied();
    pending.max(record.last_time).max(recent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{Pending, Span},
        cluster::CredentialObject,
    };

    const NOW: Moment = Moment::from_seconds(1_800_000_000);

    fn failed(at: Moment) -> Failure {
        Failure {
            last_time: Some(at),
            count: 1,
            ..Failure::default()
        }
    }

    fn says(failure: Option<Failure>) -> TrackTikCredentialStatus {
        TrackTikCredentialStatus {
            failure,
            ..TrackTikCredentialStatus::default()
        }
    }

    /// What is remembered of our failure, and written, after somebody else has written this.
    fn after(theirs: TrackTikCredentialStatus) -> Memory {
        let mut memory = Memory::default();
        memory.requests.failure = Some(failed(NOW));
        memory.status = Some(("10".to_owned(), says(Some(failed(NOW)))));
        heed(&seen("11", theirs), &mut memory, NOW);
        memory
    }

    fn seen(version: &str, status: TrackTikCredentialStatus) -> CredentialView {
        let object: CredentialObject = serde_json::from_value(serde_json::json!({ "metadata": {} })).unwrap();
        let mut view = CredentialView::from(object);
        version.clone_into(&mut view.resource_version);
        view.status = status;
        view
    }

    #[test]
    fn the_record_of_a_later_request_counts_and_one_that_was_taken_away_does_not() {
        let later = says(Some(failed(NOW + Span::seconds(1))));
        assert_eq!(after(later).requests.failure, None);
        for wiped in [says(None), says(Some(failed(NOW - Span::seconds(1))))] {
            assert_eq!(after(wiped).requests.failure, Some(failed(NOW)));
        }
        let granted = TrackTikCredentialStatus {
            issued_time: Some(NOW + Span::seconds(1)),
            ..says(None)
        };
        assert_eq!(after(granted).requests.failure, None);
    }

    #[test]
    fn our_own_write_and_an_earlier_one_are_nobody_elses() {
        let mut memory = Memory::default();
        memory.requests.failure = Some(failed(NOW));
        memory.status = Some(("10".to_owned(), says(Some(failed(NOW)))));
        let later = says(Some(failed(NOW + Span::seconds(1))));
        heed(&seen("9", later), &mut memory, NOW);
        heed(&seen("10", says(Some(failed(NOW)))), &mut memory, NOW);
        heed(&seen("11", says(Some(failed(NOW)))), &mut memory, NOW);
        memory.status_failures = 1;
        let perhaps_ours = says(Some(failed(NOW + Span::seconds(1))));
        heed(&seen("12", perhaps_ours), &mut memory, NOW);
        assert_eq!(memory.requests.failure, Some(failed(NOW)));
        assert_eq!(memory.overwritten.count(), 0);
    }

    #[test]
    fn an_announcement_of_ours_that_landed_without_an_answer_is_nobody_elses() {
        let pending = Pending {
            issue_id: "ours".to_owned(),
            time: NOW + Span::seconds(1),
        };
        let announced = says(Some(Failure {
            pending: Some(pending),
            ..Failure::default()
        }));
        for (of, heeded) in [("ours", false), ("another", true)] {
            let mut memory = Memory {
                announced: Some(of.to_owned()),
                ..Memory::default()
            };
            memory.requests.failure = Some(failed(NOW));
            memory.status = Some(("10".to_owned(), says(None)));
            heed(&seen("11", announced.clone()), &mut memory, NOW);
            assert_eq!(memory.requests.failure.is_none(), heeded, "{of}");
        }
    }

    #[test]
    fn a_rotation_that_somebody_else_handled_is_handled_and_one_that_was_taken_back_is_not() {
        let handled = |value: &str| TrackTikCredentialStatus {
            last_handled_rotate: Some(value.to_owned()),
            ..TrackTikCredentialStatus::default()
        };
        for (remembered, expected) in [("one", None), ("taken back", Some(Some("taken back".to_owned())))] {
            let mut memory = Memory::default();
            memory.requests.handled_rotate = Some(Some(remembered.to_owned()));
            memory.status = Some(("10".to_owned(), handled("one")));
            heed(&seen("11", handled("two")), &mut memory, NOW);
            assert_eq!(memory.requests.handled_rotate, expected);
        }
    }

    #[test]
    fn who_is_overwritten_again_and_again_keeps_a_pace() {
        let mut memory = Memory::default();
        for version in 1..=AT_ONCE + 1 {
            assert_eq!(yields_until(&memory, NOW), None);
            memory.status = Some((version.to_string(), says(Some(failed(NOW)))));
            heed(&seen(&(version + 1).to_string(), says(None)), &mut memory, NOW);
        }
        assert!(yields_until(&memory, NOW) > Some(NOW));
        assert_eq!(yields_until(&memory, NOW + Span::minutes(6)), None);
    }
}
