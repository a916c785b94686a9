//! Reading the service account, live, right before it is used; and telling an edit of a value from any other edit.

use sha2::{Digest as _, Sha256};

use super::{
    memory::{LastUsed, SourceProblem},
    refusal::{self, Call, retry_conflict},
    turn::{After, Asked, Turn},
};
use crate::{
    api::one_server,
    cluster::error::ClusterError,
    rotation::{fingerprint::half, gate::Digest, observation::Sources},
    secrets::sensitive::ServiceAccount,
};

/// Reads the source Secrets and brings the observation up to date with what was read.
///
/// # Errors
/// What to do instead where there is no usable service account.
pub async fn read_sources(turn: &mut Turn<'_>, asked: &Asked) -> Result<ServiceAccount, After> {
    let names = asked.plan.secrets();
    let mut versions = Vec::with_capacity(names.len());
    let mut values = asked.plan.unread();
    for name in names {
        let key = turn.credential.key.sibling(name);
        match turn.context.reader.read(&key).await {
            Ok(content) => {
                versions.push(content.version());
                asked.plan.take(name, &content, &mut values);
            }
            // Deleted a moment ago; the watch will tell.
            Err(ClusterError::NotFound) => return Err(retry_conflict(turn)),
            Err(error) => {
                refusal::record(turn, &error, Call::ReadSource, &key);
                return Err(After::LookAgain);
            }
        }
    }
    let account = match values.account() {
        Ok(account) => account,
        Err(problem) => {
            // For these versions; the cache may be behind what was read, and then the watch is about to tell.
            let known = turn.seen.sources.versions == versions;
            turn.memory.source_problem = Some(Box::new(SourceProblem {
                identity: asked.plan.identity(),
                versions,
                problem,
            }));
            return Err(if known { After::LookAgain } else { retry_conflict(turn) });
        }
    };
    turn.memory.source_problem = None;
    turn.read_versions.clone_from(&versions);
    let digest = turn.context.values_digest(&asked.domain, &account);
    let effective = match &mut turn.memory.last_used {
        Some(used) if used.digest == digest => {
            if used.versions != versions {
                used.same_as = Some(versions);
            }
            used.versions.clone()
        }
        _ => versions,
    };
    turn.seen.sources = Sources {
        versions: effective.clone(),
        problem: None,
    };
    turn.memory.last_used = match turn.memory.last_used.take() {
        Some(used) if used.digest == digest => Some(used),
        _ => Some(Box::new(LastUsed {
            digest,
            versions: effective,
            same_as: None,
        })),
    };
    Ok(account)
}

/// A digest under a key that only this process has, so that it tells nothing to whoever sees it.
#[must_use]
pub fn keyed_digest(key: &[u8; 32], of: &str, domain: &str, values: &[&str]) -> Digest {
    let mut inner = Sha256::new();
    inner.update(key);
    for value in [of, one_server(domain)].iter().chain(values) {
        inner.update(u64::try_from(value.len()).unwrap_or(u64::MAX).to_be_bytes());
        inner.update(value.as_bytes());
    }
    // Hashed twice with the key, as HMAC does, so that no value can be appended to.
    let outer = Sha256::new().chain_update(key).chain_update(inner.finalize());
    Digest::new(half(outer.finalize()))
}
