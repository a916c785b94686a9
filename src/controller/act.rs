//! Carries out a decided step, except for a login ([`super::login`]). Outcomes go into memory, from which the next
//! decision is made; errors are values, and none ends a reconcile.

use super::{
    memory::Pause,
    observe::issue_of,
    refusal::{self, retry_conflict},
    turn::{Asked, Turn},
};
use crate::{
    api::{Moment, Span, annotations},
    cluster::{
        error::ClusterError,
        read_secret::read_secret,
        write_token_secret::{Mode, apply, delete},
    },
    rotation::{
        Step,
        backoff::doubling,
        decide::Decision,
        observation::{Content, Issue, Target},
    },
    secrets::{
        content::SecretContent,
        issue_record,
        layout::{Data, Layout, Name},
        metadata::SecretMeta,
        ownership::{Ownership, ownership},
        token_secret::Precondition,
    },
};

/// What a reconcile does after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Look again at once: something was done, or learned.
    LookAgain,
    /// Nothing more now; decide again at this time at the latest.
    Settle(Moment),
    /// Nothing more until a place for a token request is free.
    WaitForPlace(Moment),
}

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
    let pause = turn
        .memory
        .deletes
        .entry(name.to_owned())
        .or_insert_with(Pause::default);
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
            tracing::warn!(secret = name, %error, "an old token Secret could not be deleted; trying again later")
        }
    }
    After::LookAgain
}

/// Writes held tokens at the current target, with the facts of their own grant.
async fn store_held(turn: &mut Turn<'_>, asked: &Asked) -> After {
    let on = turn.precondition();
    let key = turn.token_secret_key(asked);
    let Some(held) = &turn.memory.held else {
        return After::LookAgain;
    };
    let data = asked
        .desired
        .layout
        .render(&asked.desired.values(&held.tokens, held.issue.expires_at));
    let issue = Issue {
        layout: asked.desired.layout.canonical(),
        data_hash: asked.desired.layout.hash(&data),
        asked: asked.desired.asked(),
        ..held.issue.clone()
    };
    let written = match asked.desired.object(&issue, &data, &on) {
        Ok(object) => apply(&turn.context.client, &key, &object, Mode::ForGood).await,
        Err(_) => Err(ClusterError::Other {
            code: 0,
            detail: "the Secret cannot be built".to_owned(),
        }),
    };
    match written {
        Ok(meta) => {
            tracing::info!(secret = key.name, expires = %issue.expires_at, "stored a new token");
            turn.memory.held = None;
            turn.memory.accepted();
            remember_own_write(turn, meta);
            After::LookAgain
        }
        Err(error) => {
            tracing::warn!(secret = key.name, %error, "a new token could not be stored yet; the write is tried again, not the login");
            let now = turn.context.clock.now();
            if let Some(held) = &mut turn.memory.held {
                held.failures = held.failures.saturating_add(1);
                held.not_before = now + doubling(Span::millis(100), held.failures, Span::seconds(30));
            }
            if error != ClusterError::Conflict {
                refusal::record(turn, &error, &key);
            }
            After::LookAgain
        }
    }
}

/// Reads the token Secret in full, once for each version that somebody else wrote.
async fn verify(turn: &mut Turn<'_>, asked: &Asked) -> After {
    let Some((content, meta, issue)) = read_ours(turn, asked).await else {
        return retry_conflict(turn);
    };
    let verdict = if is_intact(&content, &issue) {
        Content::Good
    } else {
        Content::Damaged
    };
    if verdict == Content::Damaged {
        tracing::warn!(
            secret = meta.name,
            "the token Secret's data was changed by somebody else; a new token is needed"
        );
    }
    turn.memory.verified = Some((meta.version(), verdict));
    turn.memory.token_secret = Some(meta);
    turn.memory.conflicts = 0;
    After::LookAgain
}

/// Writes the token Secret again from what is in it: owner, labels, annotations, mark, or another layout.
async fn repair(turn: &mut Turn<'_>, asked: &Asked) -> After {
    turn.memory.repair.tried(turn.now);
    let why = match &turn.seen.target {
        Target::Ours(ours) => ours
            .drift
            .clone()
            .unwrap_or_else(|| "another layout is asked for".to_owned()),
        Target::Absent | Target::Taken(_) => String::new(),
    };
    let Some((content, meta, issue)) = read_ours(turn, asked).await else {
        return retry_conflict(turn);
    };
    let version = meta.version();
    let on = Precondition::Exactly {
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
    };
    if !is_intact(&content, &issue) {
        turn.memory.verified = Some((version, Content::Damaged));
        turn.memory.token_secret = Some(meta);
        return After::LookAgain;
    }
    let layout = asked.desired.layout.canonical();
    let Some(data) = in_layout(asked, &content, &issue) else {
        turn.memory.too_little = Some((version, layout));
        turn.memory.token_secret = Some(meta);
        return After::LookAgain;
    };
    let issue = Issue {
        data_hash: asked.desired.layout.hash(&data),
        layout,
        asked: asked.desired.asked(),
        ..issue
    };
    let key = turn.token_secret_key(asked);
    let written = match asked.desired.object(&issue, &data, &on) {
        Ok(object) => apply(&turn.context.client, &key, &object, Mode::ForGood).await,
        Err(_) => Err(ClusterError::Other {
            code: 0,
            detail: "the Secret cannot be built".to_owned(),
        }),
    };
    match written {
        Ok(meta) => {
            tracing::info!(secret = key.name, why, "repaired the token Secret without a login");
            remember_own_write(turn, meta);
            After::LookAgain
        }
        Err(ClusterError::Conflict) => retry_conflict(turn),
        Err(error) => {
            tracing::warn!(secret = key.name, why, %error, "the token Secret could not be repaired; trying again later");
            After::LookAgain
        }
    }
}

/// The data for the layout that is asked for, from what is in place; nothing where that is too little.
fn in_layout(asked: &Asked, content: &SecretContent, issue: &Issue) -> Option<Data> {
    let wanted = &asked.desired.layout;
    let all = content.data();
    if wanted.canonical() == issue.layout {
        return Some(wanted.own_keys(&all));
    }
    let old = Layout::parse(&issue.layout)?;
    let mut values = old.extract(&all);
    values.extend(asked.desired.fixed_values(issue.expires_at));
    values
        .entry(Name::TokenType)
        .or_insert_with(|| "Bearer".to_owned().into());
    let lacks = |name| wanted.uses(name) && !values.contains_key(&name);
    // A refresh token that the old layout would have held was never given; another login would not give one either.
    let too_little = lacks(Name::AccessToken) || (lacks(Name::RefreshToken) && !old.uses(Name::RefreshToken));
    (!too_little).then(|| wanted.render(&values))
}

/// The token Secret as it is now, if it still is ours and its facts can be told.
async fn read_ours(turn: &mut Turn<'_>, asked: &Asked) -> Option<(SecretContent, SecretMeta, Issue)> {
    let key = turn.token_secret_key(asked);
    let content = match read_secret(&turn.context.client, &key).await {
        Ok(content) => content,
        Err(ClusterError::NotFound) => return None,
        Err(error) => {
            refusal::record(turn, &error, &key);
            return None;
        }
    };
    let meta = SecretMeta::from_object_meta(content.metadata.clone());
    let owners = meta.owner_uids();
    let whose = ownership(meta.claim(&owners), &asked.desired.mark);
    if !matches!(whose, Ownership::Ours | Ownership::Orphan) {
        return None;
    }
    let issue = issue_of(&meta, turn.memory)?;
    Some((content, meta, issue))
}

fn is_intact(content: &SecretContent, issue: &Issue) -> bool {
    let Some(layout) = Layout::parse(&issue.layout) else {
        return false;
    };
    content.r#type.as_deref() == Some("Opaque") && layout.hash(&content.data()) == issue.data_hash
}

/// What was just written is known to be intact, before the watch tells of it.
fn remember_own_write(turn: &mut Turn<'_>, meta: SecretMeta) {
    let facts = meta
        .annotations
        .get(annotations::ISSUE)
        .and_then(|text| issue_record::read(text));
    turn.memory.facts = facts.map(|facts| (meta.uid.clone(), facts));
    turn.memory.wrote = Some((meta.name.clone(), meta.resource_version.clone()));
    turn.memory.verified = None;
    turn.memory.too_little = None;
    turn.memory.token_secret = Some(meta);
}
