//! Writing tokens that were granted: a write that is refused is tried again, the login is not.

use super::{
    refusal::{self, Call},
    turn::{After, Asked, Turn},
};
use crate::{
    api::Span,
    cluster::error::ClusterError,
    rotation::{backoff::doubling, observation::Issue},
    secrets::{layout::Name, token_secret::Desired},
};

/// Writes held tokens at the current target, with the facts of their own grant.
pub async fn store_held(turn: &mut Turn<'_>, asked: &Asked) -> After {
    let on = turn.precondition();
    let key = turn.token_secret_key(asked);
    let Some(held) = &turn.memory.held else {
        return After::LookAgain;
    };
    // Whoever reads the Secret sends the token to the domain beside it: to the one that granted it, then.
    let granted = Desired {
        domain: held.domain.clone(),
        ..asked.desired.clone()
    };
    let data = granted
        .layout
        .render(&granted.values(&held.tokens, held.issue.expires_at));
    let issue = Issue {
        layout: asked.desired.layout.canonical(),
        data_hash: asked.desired.layout.hash(&data),
        asked: asked.desired.asked(),
        refreshable: granted.layout.extract(&data).contains_key(&Name::RefreshToken),
        ..held.issue.clone()
    };
    match turn.apply(asked, &issue, &data, &on).await {
        Ok(meta) => {
            tracing::info!(secret = key.name, expires = %issue.expires_at, "stored a new token");
            turn.memory.held = None;
            turn.memory.accepted();
            turn.remember_own_write(meta);
            After::LookAgain
        }
        // The API server has refused nothing: it is not counted, and tried as soon as we lead again.
        Err(ClusterError::NotLeader) => After::LookAgain,
        Err(error) => {
            tracing::warn!(secret = key.name, %error, "a new token could not be stored yet; the write is tried again, not the login");
            let now = turn.context.clock.now();
            if let Some(held) = &mut turn.memory.held {
                held.failures = held.failures.saturating_add(1);
                held.not_before = now + doubling(Span::millis(100), held.failures, Span::seconds(30));
            }
            if error == ClusterError::Conflict {
                refusal::forget_what_is_gone(turn);
            } else {
                refusal::record(turn, &error, Call::UseTarget, &key);
            }
            After::LookAgain
        }
    }
}
