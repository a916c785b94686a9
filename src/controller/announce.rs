//! The write-ahead of a token request: status says that one is about to be sent, so that a crash meanwhile is found there
//! and counts.

use super::{
    record::{self, Recorded},
    turn::{After, Turn},
};
use crate::{
    api::{Failure, Moment, Span, Tried},
    cluster::Sync,
    rotation::{Because, decide::Decision, failure_record},
};

/// A request that would begin later than this after its announcement is not sent: whoever reads the announcement after
/// a crash counts on it.
pub const STALE: Span = Span::seconds(10);

/// In this time after the start, an earlier process may have sent requests that are recorded nowhere.
const AFTER_START: Span = Span::seconds(200);

/// Whether a crash during this request must be found in the cluster afterwards.
pub fn needed(turn: &Turn<'_>, cause: Because, now: Moment) -> bool {
    let seen = &turn.seen;
    let nothing_failed = seen.failure.reason.is_none() && seen.failure.pending.is_none();
    let on_secret = seen
        .issue()
        .is_some_and(|issue| issue.identity == seen.identity && issue.sources == seen.sources.versions);
    let in_memory = turn
        .memory
        .proven
        .as_ref()
        .is_some_and(|(identity, sources)| *identity == seen.identity && *sources == seen.sources.versions);
    let proven = nothing_failed && (on_secret || in_memory);
    !proven
        || cause == Because::RotateAsked
        // Perhaps the garbage collector took it after the credential, and the watch is about to tell of that one: who
        // is gone takes no announcement.
        || cause == Because::NoToken
        // The spec may be an old one, of a credential that is gone.
        || turn.context.stores.sync_of(&turn.credential.key.namespace).0 != Sync::Synced
        || now < turn.context.started + AFTER_START
        || !turn.context.status_accepted()
}

/// Writes down that a request is about to be sent; without that it is not.
pub async fn announce(
    turn: &mut Turn<'_>,
    decision: &Decision,
    issue_id: &str,
    stands: &Tried,
    now: Moment,
) -> Result<(), After> {
    let announced = failure_record::announcing(&turn.seen.failure, stands.clone(), issue_id, now);
    turn.seen.failure.clone_from(&announced);
    turn.memory.failure = Some(announced);
    turn.memory.handled_rotate.clone_from(&stands.rotate);
    match record::record_announcement(turn, decision).await {
        Recorded::Said => Ok(()),
        Recorded::Gone | Recorded::Failed => Err(After::Settle(now + record::pace(turn.memory.status_failures))),
    }
}

/// The request is not sent, and this process knows it: it is no attempt. The next status write says so in the cluster;
/// should the process end before that, the announcement counts there, at its own pace.
pub fn take_back(turn: &mut Turn<'_>, unannounced: (Failure, Option<String>)) {
    let (failure, handled_rotate) = unannounced;
    turn.seen.failure.clone_from(&failure);
    turn.memory.failure = Some(failure);
    turn.memory.handled_rotate = handled_rotate;
}
