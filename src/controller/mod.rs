//! What happens to a credential: observe → decide → act → record, and the loop that has it happen when it is due.
//!
//! The only room that sees all the others.

mod act;
mod at_the_gate;
mod dry_run;
pub mod figures;
pub mod gatekeeper;
pub mod memory;
mod missing_rights;
mod observe;
mod observe_target;
pub mod others;
pub mod queue;
mod recall;
mod reconcile;
mod record;
mod refresh_token;
mod refusal;
mod repair;
pub mod run_loop;
mod sources;
mod store_held;
mod token_request;
mod told_accounts;
mod turn;

use gatekeeper::Gatekeeper;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Moment,
    clock::Clock,
    cluster::{Claim, CredentialView, Stores, events::Events, read_secret::SecretReader},
    health::Readiness,
    metrics::Metrics,
    oauth::{allowed_domains::AllowedDomains, endpoint::TokenEndpoint},
    random_id::random_id,
    rotation::{
        Observation,
        gate::{Digest, Limits, Sent},
    },
    secrets::sensitive::{Sensitive, ServiceAccount},
};

/// What all reconciles share.
pub struct Context {
    /// The API server; what is written through it asks the claim.
    pub client: Client,
    /// Whether this process may act now: asked before each reconcile and right before each grant.
    pub claim: Claim,
    /// What reads whole Secrets from it.
    pub reader: SecretReader,
    /// What the watches have delivered.
    pub stores: Stores,
    /// The token endpoints.
    pub endpoint: Arc<dyn TokenEndpoint>,
    /// Who may request a token now.
    pub gate: Gatekeeper,
    /// Where credentials may be sent.
    pub allowed_domains: AllowedDomains,
    /// What is remembered of each credential.
    pub memories: memory::Memories,
    /// Where transitions are told.
    pub events: Events,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
    /// When this process started to reconcile, which is when it became the leader, by [`Clock::steady`].
    pub started: Moment,
    /// Names each grant as no other. Random; a test that must go the same way twice gives names of its own.
    pub new_id: Arc<dyn Fn() -> String + Send + Sync>,
    /// From here on no grant begins.
    pub stopping: CancellationToken,
    missing_rights: missing_rights::MissingRights,
    told_accounts: told_accounts::ToldAccounts,
    status_accepted: AtomicBool,
    others_worked_until: AtomicI64,
    digest_key: [u8; 32],
}

/// What a reconcile sees of a credential. For `benches/micro.rs` alone, which times it.
#[doc(hidden)]
#[must_use]
pub fn observation(context: &Context, credential: Arc<CredentialView>, memory: &mut memory::Memory) -> Observation {
    observe::observe(context, credential, memory).seen
}

/// The random key of the process could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomNumbers;

/// The parts that a [`Context`] is built from.
pub struct Parts {
    /// See [`Context::client`].
    pub client: Client,
    /// See [`Context::claim`].
    pub claim: Claim,
    /// See [`Context::stores`].
    pub stores: Stores,
    /// See [`Context::endpoint`].
    pub endpoint: Arc<dyn TokenEndpoint>,
    /// See [`Context::allowed_domains`].
    pub allowed_domains: AllowedDomains,
    /// See [`Context::events`].
    pub events: Events,
    /// See [`Context::metrics`].
    pub metrics: Arc<Metrics>,
    /// See [`Context::clock`].
    pub clock: Clock,
    /// See [`Context::stopping`].
    pub stopping: CancellationToken,
    /// How many token requests there may be at a time.
    pub limits: Limits,
    /// Where rights are told that show to be missing only at work.
    pub readiness: Readiness,
}

impl Context {
    /// Of these parts.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(parts: Parts) -> Result<Self, NoRandomNumbers> {
        let mut digest_key = [0; 32];
        getrandom::fill(&mut digest_key).map_err(|_| NoRandomNumbers)?;
        let Parts {
            client,
            claim,
            stores,
            endpoint,
            allowed_domains,
            events,
            metrics,
            clock,
            stopping,
            limits,
            readiness,
        } = parts;
        Ok(Self {
            started: clock.steady(),
            reader: SecretReader::new(client.clone()),
            client,
            claim,
            stores,
            endpoint,
            gate: Gatekeeper::new(limits, clock.clone()),
            allowed_domains,
            memories: memory::Memories::default(),
            events,
            metrics,
            clock,
            new_id: Arc::new(random_id),
            stopping,
            missing_rights: missing_rights::MissingRights::new(readiness),
            told_accounts: told_accounts::ToldAccounts::default(),
            status_accepted: AtomicBool::new(false),
            others_worked_until: AtomicI64::new(0),
            digest_key,
        })
    }

    /// Whether this process has had a status write accepted, so that failures can be recorded.
    #[must_use]
    pub fn status_accepted(&self) -> bool {
        self.status_accepted.load(Ordering::Relaxed)
    }

    fn note_status_accepted(&self) {
        self.status_accepted.store(true, Ordering::Relaxed);
    }

    /// Until when an operator was at work before this process, as far as status tells. See
    /// [`was_passed_over`](crate::rotation::patience::was_passed_over).
    fn others_worked_until(&self) -> Moment {
        Moment::from_millis(self.others_worked_until.load(Ordering::Relaxed))
    }

    fn note_that_others_worked_until(&self, at: Moment) {
        self.others_worked_until.fetch_max(at.as_millis(), Ordering::Relaxed);
    }

    /// Stands for what a login sends, and for whom.
    fn sent(&self, domain: &str, account: &ServiceAccount) -> Sent {
        let ServiceAccount { username, password, .. } = account;
        let digest = |of: &str, values: &[&Sensitive]| {
            let values: Vec<&str> = values.iter().map(|value| value.expose()).collect();
            sources::keyed_digest(&self.digest_key, of, domain, &values)
        };
        Sent {
            values: self.values_digest(domain, account),
            password: digest("password", &[username, password]),
            account: digest("account", &[username]),
        }
    }

    /// Stands for all that a login sends.
    fn values_digest(&self, domain: &str, account: &ServiceAccount) -> Digest {
        let ServiceAccount {
            client_id,
            client_secret,
            username,
            password,
        } = account;
        let values = [client_id, client_secret, username, password].map(Sensitive::expose);
        sources::keyed_digest(&self.digest_key, "values", domain, &values)
    }
}
