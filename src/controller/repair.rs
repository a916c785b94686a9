//! Looking after a token Secret that somebody else wrote to, or that must look different: without a login where the
//! tokens in it are known to be good.

use std::sync::Arc;

use super::{
    observe_target::issue_of,
    refusal::{self, Call, retry_conflict},
    turn::{After, Asked, Turn},
};
use crate::{
    cluster::{error::ClusterError, read_secret::WholeSecret},
    rotation::{
        fingerprint::Fingerprint,
        observation::{Content, Issue, Target},
        session::RefreshToken,
    },
    secrets::{
        content::SecretContent,
        layout::{Data, Layout, Name},
        metadata::SecretMeta,
        ownership::{Ownership, ownership},
        token_secret::Precondition,
    },
};

/// Reads the token Secret in full, once for each version that somebody else wrote.
pub async fn verify(turn: &mut Turn<'_>, asked: &Asked) -> After {
    let Some((content, meta, issue)) = read_ours(turn, asked).await else {
        return retry_conflict(turn);
    };
    let verdict = if content.is_intact(&issue) {
        Content::Good
    } else {
        Content::Damaged
    };
    if verdict == Content::Damaged {
        tracing::warn!(
            secret = meta.key.name,
            "the token Secret's data was changed by somebody else; a new token is needed"
        );
    }
    turn.memory.verified = Some(Box::new((meta.version(), verdict)));
    turn.memory.token_secret = Some(Box::new(meta));
    turn.memory.conflicts = 0;
    After::LookAgain
}

/// Writes the token Secret again from what is in it: owner, labels, annotations, mark, or another layout.
pub async fn repair(turn: &mut Turn<'_>, asked: &Asked) -> After {
    turn.memory.repairs(turn.credential.generation, turn.now);
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
    if !content.is_intact(&issue) {
        turn.memory.verified = Some(Box::new((version, Content::Damaged)));
        turn.memory.token_secret = Some(Box::new(meta));
        return After::LookAgain;
    }
    let layout = asked.desired.layout.canonical();
    let Some(data) = in_layout(asked, &content, &issue) else {
        turn.memory.too_little = Some(Box::new((version, layout)));
        turn.memory.token_secret = Some(Box::new(meta));
        return After::LookAgain;
    };
    // What is written now is the operator's own again, and no longer tells that somebody may have taken the mark off.
    let doubtful = turn.seen.refresh_token() == RefreshToken::Doubtful;
    let may_be_used = issue.refreshable && !doubtful;
    let issue = Issue {
        refreshable: may_be_used && asked.desired.layout.extract(&data).contains_key(&Name::RefreshToken),
        data_hash: asked.desired.layout.hash(&data),
        layout,
        asked: asked.desired.asked(),
        ..Arc::unwrap_or_clone(issue)
    };
    let key = turn.token_secret_key(asked);
    match turn.apply(asked, &issue, &data, &on).await {
        Ok(meta) => {
            tracing::info!(secret = key.name, why, "repaired the token Secret without a login");
            turn.memory.facts = Some((Fingerprint::of(&meta.uid), Arc::new(issue)));
            turn.remember_own_write(meta);
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
    if wanted.canonical() == issue.layout {
        return Some(content.data_under(&wanted.keys()));
    }
    let old = Layout::parse(&issue.layout)?;
    let mut values = old.extract(&content.data_under(&old.keys()));
    values.extend(asked.desired.fixed_values(issue.expires_at));
    values
        .entry(Name::TokenType)
        .or_insert_with(|| "Bearer".to_owned().into());
    let lacks = |name| wanted.uses(name) && !values.contains_key(&name);
    // A refresh token that could be read out of the old layout was never given; another login would not give one either.
    let too_little = lacks(Name::AccessToken) || (lacks(Name::RefreshToken) && !old.yields(Name::RefreshToken));
    (!too_little).then(|| wanted.render(&values))
}

/// The token Secret as it is now, if it still is ours and its facts can be told.
pub async fn read_ours(turn: &mut Turn<'_>, asked: &Asked) -> Option<(WholeSecret, SecretMeta, Arc<Issue>)> {
    let key = turn.token_secret_key(asked);
    let content = match turn.context.reader.read(&key).await {
        Ok(content) => content,
        Err(ClusterError::NotFound) => return None,
        Err(error) => {
            refusal::record(turn, &error, Call::UseTarget, &key);
            return None;
        }
    };
    let meta = SecretMeta::from_object_meta(content.metadata.clone());
    let whose = ownership(meta.claim(), &asked.desired.mark);
    if !matches!(whose, Ownership::Ours | Ownership::Orphan) {
        return None;
    }
    let issue = issue_of(&meta, turn.memory)?;
    Some((content, meta, issue))
}
