//! What a refusal by the API server means for a credential, in the words of status.

use super::turn::{After, Turn};
use crate::{
    api::{Reason, Span},
    cluster::{
        ObjectKey,
        error::{ClusterError, Refusal},
    },
    rotation::{backoff::doubling, observation::Problem},
    secrets::metadata::SecretMeta,
};

/// What the API server was asked to do with a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Read a source.
    ReadSource,
    /// Read the token Secret, or write it.
    UseTarget,
}

/// Records a refusal; the step is tried again at the pace of refusals, or when target, source or spec change. Of a call
/// that was held back there is nothing to record.
pub fn record(turn: &mut Turn<'_>, error: &ClusterError, call: Call, secret: &ObjectKey) {
    if *error == ClusterError::NotLeader {
        return;
    }
    let (reason, permanent, message) = words(error, call, secret);
    turn.memory.access_denied = lacks_a_right(error).is_some();
    let now = turn.context.clock.now();
    let fingerprint = turn.fingerprint();
    turn.memory
        .refused(fingerprint, permanent, Problem { reason, message }, now);
}

/// Records that a mutating webhook or policy changes what is written, so that it could not be found again.
pub fn record_mutation(turn: &mut Turn<'_>, secret: &ObjectKey, what: &str) {
    let message = format!(
        "Secret {:?}: something that mutates Secrets on their way in (an admission webhook or policy) changes {what}; \
         exempt Secrets that tracktik-operator writes from it",
        secret.name
    );
    turn.memory.access_denied = false;
    let now = turn.context.clock.now();
    let fingerprint = turn.fingerprint();
    turn.memory.refused(
        fingerprint,
        false,
        Problem {
            reason: Reason::TargetNotWritable,
            message,
        },
        now,
    );
}

/// Our view was older than the cluster: soon again, since the watch is about to bring the news.
pub fn retry_conflict(turn: &mut Turn<'_>) -> After {
    forget_what_is_gone(turn);
    turn.memory.conflicts = turn.memory.conflicts.saturating_add(1);
    let wait = doubling(Span::millis(200), turn.memory.conflicts, Span::seconds(10));
    After::Settle(turn.context.clock.now() + wait)
}

/// A Secret that is remembered and that no store has may have been deleted where no watch could tell whose it was. The
/// next try then takes it for absent; where it is there after all, that is refused as well, and the watch brings it.
pub fn forget_what_is_gone(turn: &mut Turn<'_>) {
    let stores = &turn.context.stores;
    let key = &turn.credential.key;
    let gone = |own: &SecretMeta| stores.secret(&key.sibling(&own.key.name)).is_none();
    if turn.memory.token_secret.as_deref().is_some_and(gone) {
        turn.memory.token_secret = None;
    }
}

/// What an authorizer says, where it was one that refused.
pub fn lacks_a_right(error: &ClusterError) -> Option<&str> {
    match error {
        ClusterError::Forbidden {
            by: Refusal::Access,
            message,
        } => Some(message),
        _ => None,
    }
}

fn words(error: &ClusterError, call: Call, secret: &ObjectKey) -> (Reason, bool, String) {
    let name = &secret.name;
    match error {
        ClusterError::Forbidden {
            by: Refusal::Access,
            message,
        } => (
            Reason::AccessDenied,
            false,
            format!("the operator may not do what Secret {name:?} needs: {message}"),
        ),
        ClusterError::Unauthenticated => (Reason::AccessDenied, false, error.to_string()),
        _ if call == Call::ReadSource => (
            Reason::AccessDenied,
            false,
            format!("Secret {name:?} cannot be read: {error}"),
        ),
        ClusterError::Forbidden { message, .. } => (
            Reason::TargetNotWritable,
            false,
            format!("Secret {name:?} cannot be written: {message}"),
        ),
        ClusterError::Immutable => (
            Reason::TargetNotWritable,
            true,
            format!("Secret {name:?} is immutable: delete it, and it is made anew"),
        ),
        _ => (
            Reason::TargetNotWritable,
            false,
            format!("Secret {name:?} cannot be read or written: {error}"),
        ),
    }
}
