//! What is known of a credential's token Secret, of old ones, and whose they are.

use std::sync::Arc;

use super::{
    Context,
    memory::{Memory, is_later},
    turn::{Asked, Turn, latest_status},
};
use crate::{
    api::annotations,
    cluster::CredentialView,
    rotation::{
        fingerprint::Fingerprint,
        observation::{Content, Issue, OldTarget, OurTarget, Target},
        session::RefreshToken,
    },
    secrets::{
        metadata::SecretMeta,
        ownership::{Ownership, conflict_message, ownership},
    },
};

/// The token Secret as best known: the cache may lag behind our own writes.
fn best_known(context: &Context, credential: &CredentialView, name: &str, memory: &Memory) -> Option<SecretMeta> {
    let key = credential.key.sibling(name);
    let own = memory.token_secret.as_deref().filter(|own| own.key.name == name);
    match (context.stores.secret(&key), own) {
        (Some(cached), Some(own)) if is_later(&own.resource_version, &cached.resource_version) => Some(own.clone()),
        (Some(cached), _) => Some((*cached).clone()),
        (None, Some(own)) => {
            let gone = context.stores.gone_at(&credential.key, name);
            let deleted = gone.is_some_and(|at| at.is_empty() || is_later(&at, &own.resource_version));
            (!deleted).then(|| own.clone())
        }
        (None, None) => None,
    }
}

/// The token Secret as a decision sees it, and as it was found.
pub fn target(
    context: &Context,
    credential: &CredentialView,
    asked: &Asked,
    memory: &Memory,
) -> (Target, Option<SecretMeta>) {
    let name = &asked.desired.name;
    let Some(found) = best_known(context, credential, name, memory) else {
        let first = context.stores.first_claimant(&credential.key.sibling(name));
        let rival = first.filter(|first| first.key != credential.key);
        let target = rival.map_or(Target::Absent, |rival| {
            let mark = Turn::mark(&rival);
            Target::Taken(conflict_message(name, &Ownership::OtherCredential(mark)))
        });
        return (target, None);
    };
    let whose = ownership(found.claim(), &asked.desired.mark);
    if !matches!(whose, Ownership::Ours | Ownership::Orphan) {
        return (Target::Taken(conflict_message(name, &whose)), Some(found));
    }
    let issue = issue_of(&found, memory);
    let drift = issue.as_deref().and_then(|issue| asked.desired.drift(&found, issue));
    let refresh_token = issue.as_ref().map_or(RefreshToken::Absent, |issue| {
        refresh_token(&found, issue, credential, memory)
    });
    (
        Target::Ours(Box::new(OurTarget {
            issue,
            content: known_of(&found, credential, asked, memory),
            drift,
            refresh_token,
        })),
        Some(found),
    )
}

/// The facts on the Secret; where somebody removed or edited them, those that this process knows of the same grant.
pub fn issue_of(found: &SecretMeta, memory: &Memory) -> Option<Arc<Issue>> {
    let on_it = found.facts.as_ref();
    let known = memory
        .facts
        .as_ref()
        .filter(|(uid, _)| *uid == Fingerprint::of(&found.uid));
    let known = known.map(|(_, known)| known);
    match (on_it, known) {
        (Some(on_it), Some(known)) if on_it.is_garbled_copy_of(known) => Some(Arc::clone(known)),
        (on_it, known) => on_it.or(known).cloned(),
    }
}

/// Remembers the facts of a token Secret that is as the operator wrote it.
pub fn remember_facts(target: &Target, found: Option<&SecretMeta>, memory: &mut Memory) {
    if let (Target::Ours(ours), Some(found)) = (target, found)
        && let (Some(issue), Content::Good) = (&ours.issue, ours.content)
    {
        // Also where they say the same: the facts that stand on the Secret are in memory anyway, the others need not be.
        memory.facts = Some((Fingerprint::of(&found.uid), Arc::clone(issue)));
    }
}

fn known_of(found: &SecretMeta, credential: &CredentialView, asked: &Asked, memory: &Memory) -> Content {
    let version = found.version();
    let layout = asked.desired.layout.canonical();
    if memory
        .too_little
        .as_deref()
        .is_some_and(|(of, lacks)| *of == version && *lacks == layout)
    {
        return Content::TooLittle;
    }
    if let Some((_, content)) = memory.verified.as_deref().filter(|(of, _)| *of == version) {
        return *content;
    }
    if is_our_write(found, credential, memory) {
        Content::Good
    } else {
        Content::Unverified
    }
}

/// Whether the operator itself wrote this version, as far as memory and status know.
fn is_our_write(found: &SecretMeta, credential: &CredentialView, memory: &Memory) -> bool {
    let wrote = memory
        .wrote
        .as_ref()
        .is_some_and(|(key, at)| *key == found.key && *at == found.resource_version);
    let in_status = latest_status(credential, memory)
        .token_secret
        .as_ref()
        .is_some_and(|known| {
            known.name == found.key.name && known.resource_version.as_ref() == Some(&found.resource_version)
        });
    wrote || in_status
}

/// What the Secret says of its refresh token, as far as nobody else wrote to it.
fn refresh_token(found: &SecretMeta, issue: &Issue, credential: &CredentialView, memory: &Memory) -> RefreshToken {
    let missing = memory.no_refresh_token.as_deref() == Some(found.version().as_str());
    let on_it = found.annotations.get(annotations::TRIED);
    let marks = [on_it, memory.refresh_tried.as_deref()];
    let marked = marks.contains(&Some(issue.issue_id.as_str()));
    if !issue.refreshable || missing {
        RefreshToken::Absent
    } else if marked {
        RefreshToken::Tried
    } else if !is_our_write(found, credential, memory) {
        RefreshToken::Doubtful
    } else {
        RefreshToken::Unused
    }
}

/// Secrets of this credential under another name than the current target's.
pub fn old_targets(context: &Context, credential: &CredentialView, asked: &Asked, memory: &Memory) -> Vec<OldTarget> {
    let mark = asked.desired.mark.to_string();
    let marked = context.stores.marked_secrets(&credential.key);
    let pause_of = |name: &str| memory.deletes.as_ref()?.get(name)?.until;
    marked
        .iter()
        .filter(|secret| secret.key.name != asked.desired.name && secret.mark() == Some(&mark) && !secret.deleting)
        .map(|secret| OldTarget {
            name: secret.key.name.clone(),
            expires_at: issue_of(secret, memory).map(|issue| issue.expires_at),
            not_before: pause_of(&secret.key.name),
        })
        .collect()
}
