//! The refresh token in the token Secret: read live, right before it is used, and marked as tried before it is sent.

use super::{
    refusal::{self, Call, retry_conflict},
    repair::read_ours,
    turn::{After, Asked, Turn},
};
use crate::{
    api::annotations,
    cluster::{error::ClusterError, mark_tried},
    secrets::{
        layout::{Layout, Name},
        metadata::SecretMeta,
        sensitive::Sensitive,
    },
};

/// Reads the refresh token from the token Secret, which must be the one that was decided from.
///
/// # Errors
/// What to do instead where it is not, or holds none.
pub async fn read_refresh_token(turn: &mut Turn<'_>, asked: &Asked) -> Result<Sensitive, After> {
    let Some((content, meta, issue)) = read_ours(turn, asked).await else {
        return Err(retry_conflict(turn));
    };
    let known = turn.token_secret.as_ref().map(SecretMeta::version);
    if known.as_ref() != Some(&meta.version()) {
        return Err(retry_conflict(turn));
    }
    let layout = Layout::parse(&issue.layout).filter(|_| content.is_intact(&issue));
    let found = layout.and_then(|layout| {
        layout
            .extract(&content.data_under(&layout.keys()))
            .remove(&Name::RefreshToken)
    });
    let Some(token) = found else {
        turn.memory.no_refresh_token = Some(meta.version().into());
        return Err(After::LookAgain);
    };
    Ok(token)
}

/// Marks the refresh token in place as tried.
///
/// # Errors
/// What to do instead where that is not known to be written: then it must not be sent.
pub async fn mark_refresh_token(turn: &mut Turn<'_>, asked: &Asked) -> Result<(), After> {
    let (Some(secret), Some(issue)) = (&turn.token_secret, turn.seen.issue()) else {
        return Err(After::LookAgain);
    };
    let key = turn.token_secret_key(asked);
    match mark_tried::mark_tried(&turn.context.client, secret, &issue.issue_id).await {
        Ok(meta) => {
            let issue_id = issue.issue_id.clone();
            let marked = meta.annotations.get(annotations::TRIED) == Some(issue_id.as_str());
            // Also where the mark was stripped, this version is nobody else's: the refusal is about it.
            turn.token_secret = Some(meta.clone());
            turn.remember_own_write(meta);
            if marked {
                turn.memory.refresh_tried = Some(issue_id.into());
                return Ok(());
            }
            refusal::record_mutation(turn, &key, &format!("the annotation {}", annotations::TRIED));
            Err(After::LookAgain)
        }
        Err(ClusterError::Conflict | ClusterError::NotFound) => Err(retry_conflict(turn)),
        Err(error) => {
            refusal::record(turn, &error, Call::UseTarget, &key);
            Err(After::LookAgain)
        }
    }
}

/// Marks the refresh token of a token Secret that somebody has put back.
pub async fn mark_put_back(turn: &mut Turn<'_>, asked: &Asked) -> After {
    turn.memory.repairs(turn.credential.generation, turn.now);
    tracing::warn!(
        secret = asked.desired.name,
        "a later token than the one in the token Secret was issued: its refresh token is not used"
    );
    match mark_refresh_token(turn, asked).await {
        Ok(()) => After::LookAgain,
        Err(after) => after,
    }
}
