//! Carries out a decided step. Outcomes go into memory, from which the next
//! decision is made; errors are values, and none ends a reconcile.

use super::{
    refresh_token::mark_put_back,
    repair::{repair, verify},
    store_held::store_held,
    token_request::request_token,
    turn::{After, Turn},
};
use crate::{
    api::Grant,
    cluster::write_token_secret::delete,
    rotation::{Step, decide::Decision},
};

/// Carries out a step.
pub async fn act(turn: &mut Turn<'_>, decision: &Decision) -> After {
    match &decision.step {
        Step::Wait => After::Settle(decision.until),
        Step::DeleteOldTarget(name) => delete_old_target(turn, name).await,
        step => {
            // All other rows match only where the spec could be decoded.
            let Some(asked) = turn.asked.clone() else {
                return After::Settle(decision.until);
            };
            match step {
                Step::Login => request_token(turn, &asked, Grant::Password, decision).await,
                Step::Refresh => request_token(turn, &asked, Grant::Refresh, decision).await,
                Step::MarkTried => mark_put_back(turn, &asked).await,
                Step::StoreHeld => store_held(turn, &asked).await,
                Step::Verify => verify(turn, &asked).await,
                _ => repair(turn, &asked).await,
            }
        }
    }
}

async fn delete_old_target(turn: &mut Turn<'_>, name: &str) -> After {
    let deletes = turn.memory.deletes.get_or_insert_default();
    deletes.retain(|_, pause| !pause.is_forgotten(turn.now));
    let pause = deletes.entry(name.to_owned()).or_default();
    // Also after a success: the watch tells, and until it has told, the decision would be the same.
    pause.tried(turn.now);
    let Some(secret) = turn.context.stores.secret(&turn.credential.key.sibling(name)) else {
        return After::LookAgain;
    };
    match delete(&turn.context.client, &secret).await {
        Ok(()) => tracing::info!(
            secret = name,
            "deleted a token Secret that is no longer the target; its token has expired"
        ),
        Err(error) => {
            tracing::warn!(secret = name, %error, "an old token Secret could not be deleted; trying again later");
        }
    }
    After::LookAgain
}
