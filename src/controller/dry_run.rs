//! The rehearsal of a write: everything about storing a token that can fail is made to fail before one is requested.

use super::{
    refusal::{self, Call},
    turn::{After, Asked, Turn, cannot_be_built},
};
use crate::{
    api::{Span, annotations},
    cluster::{
        error::ClusterError,
        write_token_secret::{Mode, apply},
    },
    rotation::observation::Issue,
    secrets::{issue_record, token_secret::differing},
};

/// Proves by one call that our view is current, the target ours and not immutable, and that RBAC, quota, namespace
/// and admission let the write through: before a token is requested that could not be stored.
pub async fn dry_run(turn: &mut Turn<'_>, asked: &Asked) -> Result<(), After> {
    let key = turn.token_secret_key(asked);
    let placeholder = Issue {
        issue_id: "0".repeat(32),
        issued_at: turn.now,
        expires_at: turn.now + Span::hours(1),
        identity: turn.seen.identity.clone(),
        sources: turn.seen.sources.versions.clone(),
        layout: turn.seen.layout.clone(),
        data_hash: "0".repeat(64),
        refreshable: true,
        asked: asked.desired.asked(),
    };
    let data = asked
        .desired
        .layout
        .render(&asked.desired.placeholder_values(placeholder.expires_at));
    let object = asked.desired.object(&placeholder, &data, &turn.precondition());
    let Ok(object) = object else {
        refusal::record(turn, &cannot_be_built(), Call::UseTarget, &key);
        return Err(After::LookAgain);
    };
    match apply(&turn.context.client, &key, &object, Mode::DryRun).await {
        Ok(reply) => {
            let (labels, mut sent) = object.sent();
            let facts = sent
                .remove(annotations::ISSUE)
                .and_then(|text| issue_record::read(&text));
            // Of the mark, which is asked first.
            let owned = reply.owners.controller;
            // What else is kept of the reply depends on these two, so they must be named first.
            let mark = sent.get(annotations::CREDENTIAL).map(String::as_str) == reply.mark();
            let first = [
                (mark, annotations::CREDENTIAL),
                (
                    reply.is_named && facts.as_ref() == reply.facts.as_deref(),
                    annotations::ISSUE,
                ),
            ];
            let ours = first.into_iter().find(|(kept, _)| !kept);
            let changed = ours
                .map(|(_, key)| format!("the annotation {key}"))
                .or_else(|| differing(&sent, &reply.annotations).map(|key| format!("the annotation {key}")))
                .or_else(|| differing(&labels, &reply.labels).map(|key| format!("the label {key}")))
                .or_else(|| (!owned).then(|| "the owner reference".to_owned()));
            let Some(changed) = changed else { return Ok(()) };
            refusal::record_mutation(turn, &key, &changed);
            Err(After::LookAgain)
        }
        Err(ClusterError::Conflict) => Err(refusal::retry_conflict(turn)),
        Err(error) => {
            refusal::record(turn, &error, Call::UseTarget, &key);
            Err(After::LookAgain)
        }
    }
}
