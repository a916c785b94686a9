//! Carries out a decided step, except for a login ([`super::login`]). Outcomes go into memory, from which the next
//! decision is made; errors are values, and none ends a reconcile.

use super::{
    repair::{repair, verify},
    store_held::store_held,
    turn::{After, Turn},
};
use crate::{
    cluster::write_token_secret::delete,
    rotation::{Step, decide::Decision},
};

/// Carries out a step.
pub async fn act(turn: &mut Turn<'_>, decision: &Decision) -> After {
    match &decision.step {
        Step::Wait => After::Settle(decision.until),
        Step::DeleteOldTarget(name) => delete_old_target(turn, name).await,
        Step::Login => super::login::login(turn, decision).await,
        step => {
            // Rows that act on the token Secret match only where the spec could be decoded.
            let Some(asked) = turn.asked.clone() else {
                return After::Settle(decision.until);
            };
            match step {
                Step::StoreHeld => store_held(turn, &asked).await,
                Step::Verify => verify(turn, &asked).await,
                _ => repair(turn, &asked).await,
            }
        }
    }
}

async fn delete_old_target(turn: &mut Turn<'_>, name: &str) -> After {
    turn.memory.deletes.retain(|_, pause| !pause.is_forgotten(turn.now));
    let pause = turn.memory.deletes.entry(name.to_owned()).or_default();
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
