//! What the failure records of other credentials tell of an account, before anything is sent with it.
//!
//! A process begins without knowing which credentials share an account: no digest of a value may outlive it. So before a
//! login it reads the sources of those whose record stands, of the same domain, as they were refused or as a request was lost
//! when the process before it ended. Once for each credential, and its values are dropped at once: a restart with nothing due
//! reads nothing, and one with 500 wrong passwords 500 Secrets before the first login.

use std::collections::HashSet;

use tokio::sync::Mutex;

use super::{Context, memory::Memory, observe_target::issue_of};
use crate::{
    api::{Failure, Moment, Span, Tried},
    cluster::{CredentialView, error::ClusterError},
    rotation::standing::Standing,
    secrets::{sensitive::ServiceAccount, source::SourcePlan},
};

/// After a read that failed as the API server may be away, none is tried again before this time.
pub const AGAIN: Span = Span::seconds(10);

/// Whose record this process knows the meaning of.
#[derive(Debug, Default)]
pub struct ToldAccounts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    uids: HashSet<String>,
    not_before: Moment,
}

impl ToldAccounts {
    /// This credential is about to send something: from here on its record is that of this process, which has nothing to learn
    /// from it. Whether that is new.
    pub async fn is_first_request_of(&self, uid: &str) -> bool {
        self.0.lock().await.uids.insert(uid.to_owned())
    }
}

/// Has the gate learn what the records of other credentials tell of accounts of this domain. Whether all of it is known now.
pub async fn learn_of_others(context: &Context, domain: &str) -> bool {
    let mut known = context.told_accounts.0.lock().await;
    if known.uids.len() > context.stores.count().saturating_mul(2) {
        let credentials = context.stores.credentials();
        let there: HashSet<&str> = credentials.iter().map(|credential| credential.uid.as_str()).collect();
        known.uids.retain(|uid| there.contains(uid.as_str()));
    }
    for credential in context.stores.credentials_with_a_record() {
        let Some((standing, record, tried, plan)) = tells(context, &credential, domain) else {
            continue;
        };
        if known.uids.contains(&credential.uid) {
            continue;
        }
        if known.not_before > context.clock.steady() {
            return false;
        }
        match as_tried(context, &credential, &plan, tried).await {
            Ok(Some(account)) => context.gate.learn(context.sent(domain, &account), standing, record),
            Err(error) if error.is_transient() => {
                known.not_before = context.clock.steady() + AGAIN;
                return false;
            }
            // Who cannot be read cannot be sent either, and must not keep others from what they do.
            Ok(None) | Err(_) => {}
        }
        known.uids.insert(credential.uid.clone());
    }
    true
}

/// What its record tells, what was tried, and where from, if that is of this domain and still stands.
fn tells<'a>(
    context: &Context,
    credential: &'a CredentialView,
    domain: &str,
) -> Option<(Standing, &'a Failure, &'a Tried, SourcePlan)> {
    let (spec, record) = (credential.spec.as_ref()?, credential.status.failure.as_ref()?);
    let tried = record.tried.as_ref()?;
    if host(&spec.domain) != host(domain) {
        return None;
    }
    let standing = Standing::of(record, context.clock.now())?;
    let plan = SourcePlan::of(spec);
    // Announced, granted and stored: only status does not tell.
    let pending = record.pending.as_ref().map(|pending| &pending.issue_id);
    let secrets = context.stores.marked_secrets(&credential.key);
    let mut issues = secrets.iter().filter_map(|secret| issue_of(secret, &Memory::default()));
    let granted = issues.any(|issue| Some(&issue.issue_id) == pending);
    // What the watch has not brought may be there all the same.
    let cached = plan.secrets().into_iter().map(|name| {
        let found = context.stores.secret(&credential.key.sibling(name));
        found.map(|found| found.version())
    });
    let cached: Option<Vec<String>> = cached.collect();
    let stands = plan.identity() == tried.identity && cached.is_none_or(|cached| cached == tried.sources);
    (stands && !granted).then_some((standing, record, tried, plan))
}

/// The account as it was tried; nothing where it has changed since.
async fn as_tried(
    context: &Context,
    credential: &CredentialView,
    plan: &SourcePlan,
    tried: &Tried,
) -> Result<Option<ServiceAccount>, ClusterError> {
    let (mut versions, mut values) = (Vec::new(), plan.unread());
    for name in plan.secrets() {
        let secret = context.reader.read(&credential.key.sibling(name)).await?;
        versions.push(secret.version());
        plan.take(name, &secret, &mut values);
    }
    Ok(values.account().ok().filter(|_| versions == tried.sources))
}

/// `host` and `host:443` are one server.
fn host(domain: &str) -> &str {
    domain.strip_suffix(":443").unwrap_or(domain)
}
