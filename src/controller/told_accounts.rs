//! What the failure records of other credentials tell of an account, before anything is sent with it.
//!
//! A process begins without knowing which credentials share an account: no digest of a value may outlive it. So before a
//! login it reads the sources of those whose record stands, of the same domain, as they were refused or as a request was lost
//! when the process before it ended. Once for each credential, and its values are dropped at once: a restart with nothing due
//! reads nothing, and one with 500 wrong passwords 500 Secrets before the first login.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Context;
use crate::{
    api::{Moment, Span, Tried, one_server},
    cluster::{CredentialView, Stores, error::ClusterError},
    rotation::standing::Standing,
    secrets::{sensitive::ServiceAccount, source::SourcePlan},
};

/// After a read that failed as the API server may be away, none is tried again before this time.
pub const AGAIN: Span = Span::seconds(10);

/// A source that cannot be read so often is given up: it must not keep others from what they do.
const TRIES: u32 = 3;

/// So many sources are read before one login; whoever comes next goes on from there.
const MOST_READS: usize = 64;

/// Whose record this process knows the meaning of.
#[derive(Debug, Default)]
pub struct ToldAccounts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By uid, how often the source could not be read; [`TRIES`] where nothing is left to learn.
    failed_reads: HashMap<String, u32>,
    not_before: Moment,
}

impl ToldAccounts {
    /// What the record of this credential tells has been learned, or will be from itself, as it is about to send something.
    pub fn note_known(&self, uid: &str) {
        self.known().failed_reads.insert(uid.to_owned(), TRIES);
    }

    fn knows(&self, uid: &str) -> bool {
        self.known()
            .failed_reads
            .get(uid)
            .is_some_and(|failed| *failed >= TRIES)
    }

    fn pauses(&self, now: Moment) -> bool {
        self.known().not_before > now
    }

    fn could_not_read(&self, uid: &str, now: Moment) {
        let mut known = self.known();
        *known.failed_reads.entry(uid.to_owned()).or_default() += 1;
        known.not_before = now + AGAIN;
    }

    /// Nothing is kept for long of those that are gone.
    fn forget(&self, stores: &Stores) {
        let mut known = self.known();
        if known.failed_reads.len() > stores.count().saturating_mul(2) {
            let credentials = stores.credentials();
            let there: HashSet<&str> = credentials.iter().map(|credential| credential.uid.as_str()).collect();
            known.failed_reads.retain(|uid, _| there.contains(uid.as_str()));
        }
    }

    /// For a look-up, never across a wait.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the gate learn what the records of other credentials tell of accounts of this domain. Whether all of it is known now.
pub async fn learn_of_others(context: &Context, domain: &str) -> bool {
    let told = &context.told_accounts;
    told.forget(&context.stores);
    let mut reads = 0;
    for credential in context.stores.credentials_with_a_record() {
        if told.knows(&credential.uid) {
            continue;
        }
        let Some((standing, tried, plan)) = tells(context, &credential, domain) else {
            continue;
        };
        let may_read = !context.stopping.is_cancelled() && context.claim.is_current();
        if !may_read || reads == MOST_READS || told.pauses(context.clock.steady()) {
            return false;
        }
        reads += 1;
        match as_tried(context, &credential, &plan, tried).await {
            Ok(Some(account)) => context.gate.learn(context.sent(domain, &account), standing),
            // Who cannot be read cannot be sent either.
            Ok(None) | Err(ClusterError::NotFound | ClusterError::Forbidden { .. }) => {}
            Err(_) => {
                told.could_not_read(&credential.uid, context.clock.steady());
                if told.knows(&credential.uid) {
                    continue;
                }
                return false;
            }
        }
        told.note_known(&credential.uid);
    }
    true
}

/// What its record tells, what was tried, and where from, if that is of this domain and still stands.
fn tells<'a>(
    context: &Context,
    credential: &'a CredentialView,
    domain: &str,
) -> Option<(Standing, &'a Tried, SourcePlan)> {
    let (spec, record) = (credential.spec.as_ref()?, credential.status.failure.as_ref()?);
    let tried = record.tried.as_ref()?;
    if one_server(&spec.domain) != one_server(domain) {
        return None;
    }
    let standing = Standing::of(record, context.clock.now())?;
    let plan = SourcePlan::of(spec);
    // What the watch has not brought may be there all the same.
    let cached = plan.secrets().into_iter().map(|name| {
        let found = context.stores.secret(&credential.key.sibling(name));
        found.map(|found| found.version())
    });
    let cached: Option<Vec<String>> = cached.collect();
    let stands = plan.identity() == tried.identity && cached.is_none_or(|cached| cached == tried.sources);
    // Announced, granted and stored: only status does not tell.
    let granted = |pending: &str| {
        let secrets = context.stores.marked_secrets(&credential.key);
        let mut issues = secrets.iter().filter_map(|secret| secret.facts.as_ref());
        issues.any(|issue| issue.issue_id == pending)
    };
    let over = || {
        record
            .pending
            .as_ref()
            .is_some_and(|pending| granted(&pending.issue_id))
    };
    (stands && !over()).then_some((standing, tried, plan))
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
