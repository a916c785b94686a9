//! Writes what the observation says into status, where it differs from what stands there, and tells of transitions.

use std::sync::Arc;

use super::{
    memory::is_later,
    others::{kept_back, not_to_be_lost},
    refusal::lacks_a_right,
    turn::{Turn, handled_rotate},
};
use crate::{
    api::{
        Binding, ConditionType, Moment, Reason, Span, TokenSecretStatus, TrackTikCredentialStatus,
        conditions::{Statement, Truth, merge},
    },
    cluster::{CredentialView, error::ClusterError, write_status::write_status},
    rotation::{
        backoff::doubling,
        decide::Decision,
        observation::Target,
        patience::{is_untold, waits_its_turn},
        readiness::{Readiness, readiness},
    },
};

/// A status that could not be written is tried again after 1 s, doubling to 1 min.
#[must_use]
pub fn pace(failures: i32) -> Span {
    doubling(Span::seconds(1), failures, Span::minutes(1))
}

/// What the cluster says after an attempt to bring status up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// What was meant, be it without a write, or nothing where that was.
    Said,
    /// The credential was deleted, or re-created under another uid: nobody is left to be told.
    Gone,
    /// Perhaps something else.
    Failed,
    /// Something else: somebody keeps writing it, and ours is written again then.
    Yielded(Moment),
}

/// Brings status up to date, unless there is nothing to say yet.
pub async fn record(turn: &mut Turn<'_>, decision: &Decision) -> Recorded {
    let says = readiness(&turn.seen, decision, turn.now);
    let earlier = Arc::clone(turn.latest_status());
    if is_untold(&earlier) && turn.credential.requested_at.is_none() && waits_its_turn(&turn.seen, turn.now) {
        return Recorded::Said;
    }
    let status = desired(turn, &says, &earlier);
    let pause = kept_back(&turn.memory.overwritten, turn.context.clock.steady());
    let Some(pause) = pause.filter(|_| status != *earlier) else {
        return write(turn, earlier, status, &says.statements).await;
    };
    if let Some(part) = not_to_be_lost(&status, &earlier, turn.now) {
        let recorded = write(turn, earlier, part, &[]).await;
        if recorded != Recorded::Said {
            return recorded;
        }
    }
    Recorded::Yielded(turn.now + pause)
}

/// As [`record`], for a request that is about to be sent. Over a live token it moves no condition and tells nothing:
/// new values are not known to be right before they were answered, and "renewed" with the old token in place would be
/// untrue.
pub async fn record_announcement(turn: &mut Turn<'_>, decision: &Decision) -> Recorded {
    let says = readiness(&turn.seen, decision, turn.now);
    let earlier = Arc::clone(turn.latest_status());
    let mut status = desired(turn, &says, &earlier);
    // Under a new generation, a condition of the old one would be taken for a verdict on the new spec.
    let spoken = !earlier.conditions.is_empty() && earlier.observed_generation == status.observed_generation;
    if says.live && spoken {
        status.conditions.clone_from(&earlier.conditions);
        return write(turn, earlier, status, &[]).await;
    }
    write(turn, earlier, status, &says.statements).await
}

/// Writes a status that differs from the earlier one, and tells of the statements that are news.
async fn write(
    turn: &mut Turn<'_>,
    earlier: Arc<TrackTikCredentialStatus>,
    status: TrackTikCredentialStatus,
    news: &[Statement],
) -> Recorded {
    if status == *earlier {
        return Recorded::Said;
    }
    match write_status(&turn.context.client, &turn.credential, &status).await {
        Ok(version) => {
            tell(turn, &earlier, news);
            turn.memory.status = Some((version, Arc::new(status)));
            turn.memory.status_failures = 0;
            turn.memory.status_denied = None;
            turn.memory.unanswered = None;
            turn.context.note_status_accepted();
            Recorded::Said
        }
        // Under another uid the patch's own test fails, which is an invalid patch without fields.
        Err(ClusterError::Invalid { fields }) if fields.is_empty() => Recorded::Gone,
        Err(ClusterError::NotFound) => Recorded::Gone,
        // Held back by ourselves and not refused, so not counted.
        Err(ClusterError::NotLeader) => Recorded::Failed,
        Err(error) => {
            turn.memory.status_failures = turn.memory.status_failures.saturating_add(1);
            turn.memory.unanswered = Some(Box::new(status));
            turn.memory.status_denied = lacks_a_right(&error).map(Into::into);
            tracing::warn!(%error, "status could not be written; trying again");
            Recorded::Failed
        }
    }
}

fn desired(turn: &Turn<'_>, says: &Readiness, earlier: &TrackTikCredentialStatus) -> TrackTikCredentialStatus {
    let credential: &CredentialView = &turn.credential;
    let failure = &turn.seen.failure;
    TrackTikCredentialStatus {
        observed_generation: Some(credential.generation),
        conditions: merge(&says.statements, &earlier.conditions, credential.generation, turn.now),
        token_secret: token_secret(turn, earlier),
        binding: has_token(turn).map(|name| Binding { name }),
        issued_time: says.issued,
        expiration_time: says.expires,
        renewal_time: says.renews,
        failure: (!failure.is_empty()).then(|| Box::new(failure.clone())),
        last_handled_rotate: handled_rotate(&turn.credential, turn.memory),
        last_handled_reconcile_at: credential
            .requested_at
            .as_deref()
            .map(str::to_owned)
            .or_else(|| earlier.last_handled_reconcile_at.clone()),
    }
}

/// The token Secret's name, where it is ours and holds a token.
fn has_token(turn: &Turn<'_>) -> Option<String> {
    match &turn.seen.target {
        Target::Ours(ours) if ours.issue.is_some() => turn.token_secret.as_ref().map(|secret| secret.key.name.clone()),
        _ => None,
    }
}

/// With the version of our own last write: a version that was only verified is remembered without a write. A later one that
/// is known was written by another operator, and two must not name their own in turns.
fn token_secret(turn: &Turn<'_>, earlier: &TrackTikCredentialStatus) -> Option<TokenSecretStatus> {
    let name = has_token(turn)?;
    let wrote = turn
        .memory
        .wrote
        .as_ref()
        .filter(|(written, _)| written.name == name)
        .map(|(_, version)| version.clone());
    let known = earlier.token_secret.as_ref().filter(|known| known.name == name);
    let known = known.and_then(|known| known.resource_version.clone());
    let resource_version = match (wrote, known) {
        (Some(wrote), Some(known)) if is_later(&known, &wrote) => Some(known),
        (wrote, known) => wrote.or(known),
    };
    Some(TokenSecretStatus { name, resource_version })
}

/// One event for a transition that a person would want to know of; none for a renewal as planned.
fn tell(turn: &Turn<'_>, earlier: &TrackTikCredentialStatus, now: &[Statement]) {
    let said = |of: ConditionType| {
        earlier
            .conditions
            .iter()
            .find(|condition| condition.type_ == of.as_str())
    };
    let news = |of: ConditionType| {
        let statement = now.iter().find(|statement| statement.of == of)?;
        let same = said(of).is_some_and(|condition| {
            condition.status == statement.truth.as_str() && condition.reason == statement.reason.as_str()
        });
        (!same).then_some(statement)
    };
    let ready = news(ConditionType::Ready).filter(|statement| statement.reason != Reason::Issuing);
    let renewed = news(ConditionType::Renewed).filter(|statement| {
        // Its recovery is worth telling only after it was told to fail.
        let failed = said(ConditionType::Renewed).is_some_and(|condition| condition.status == "False");
        statement.truth == Truth::False || (statement.truth == Truth::True && failed)
    });
    if let Some(statement) = ready.or(renewed) {
        let warning = statement.truth != Truth::True && statement.reason != Reason::Suspended;
        let events = &turn.context.events;
        events.publish(
            &turn.credential,
            warning,
            statement.reason,
            &statement.message,
            turn.now,
        );
    }
}
