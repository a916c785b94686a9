//! As `controller/others.rs`: what somebody else has written into status since this process did.

use tracktik_operator::api::{Failure, Moment};

use crate::{
    api_server::{CredentialObject, Status},
    process::Memory,
};

/// `others::AT_ONCE`.
const AT_ONCE: i32 = 5;

/// Takes over what somebody knows who has requested a token later, and counts how often ours was overwritten.
pub fn heed(credential: &CredentialObject, memory: &mut Memory, now: Moment) {
    if memory.status_failures > 0 {
        return;
    }
    let Some((version, ours)) = memory.status.clone() else {
        return;
    };
    let theirs = &credential.status;
    if *theirs == ours || credential.version <= version || is_our_announcement(theirs, memory) {
        return;
    }
    if knows_more(theirs, &ours, memory) {
        memory.requests.failure = None;
    }
    let recorded = memory.requests.handled_rotate.as_ref() == Some(&ours.handled_rotate);
    if recorded && theirs.handled_rotate.is_some() {
        memory.requests.handled_rotate = None;
    }
    memory.overwritten.tried(now);
    memory.status = Some((credential.version, theirs.clone()));
}

/// Until when our words are kept back.
pub fn yields_until(memory: &Memory, now: Moment) -> Option<Moment> {
    let until = memory.overwritten.until.filter(|until| *until > now)?;
    (memory.overwritten.count() > AT_ONCE).then_some(until)
}

fn is_our_announcement(theirs: &Status, memory: &Memory) -> bool {
    let pending = theirs.failure.as_ref().and_then(|failure| failure.pending.as_ref());
    pending.is_some_and(|pending| memory.announced.as_ref() == Some(&pending.issue_id))
}

fn knows_more(theirs: &Status, ours: &Status, memory: &Memory) -> bool {
    let Some(remembered) = &memory.requests.failure else {
        return false;
    };
    let known = latest(remembered).max(memory.requests.last_granted);
    let failed = theirs.failure.as_ref().and_then(latest);
    let granted = theirs.issued.filter(|at| ours.issued < Some(*at));
    failed.max(granted).is_some_and(|at| Some(at) >= known)
}

fn latest(record: &Failure) -> Option<Moment> {
    let pending = record.pending.as_ref().map(|pending| pending.time);
    let recent = record.recent_times.last().copied();
    pending.max(record.last_time).max(recent)
}
