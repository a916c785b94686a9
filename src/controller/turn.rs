//! One turn of a reconcile: the credential as it stands, what is remembered of it, and what was observed.

use std::sync::Arc;

use super::{Context, memory::Memory};
use crate::{
    api::{Moment, TrackTikCredentialStatus},
    cluster::{
        CredentialView, ObjectKey,
        error::ClusterError,
        write_token_secret::{Mode, apply},
    },
    rotation::{Observation, observation::Issue},
    secrets::{
        layout::Data,
        metadata::SecretMeta,
        ownership::Mark,
        source::SourcePlan,
        token_secret::{Desired, Precondition},
    },
};

/// One turn of a reconcile.
pub struct Turn<'a> {
    /// What the whole process shares.
    pub context: &'a Context,
    /// The credential as last seen.
    pub credential: Arc<CredentialView>,
    /// What is remembered of it.
    pub memory: &'a mut Memory,
    /// What the spec asks for; nothing where it cannot be decoded.
    pub asked: Option<Asked>,
    /// The token Secret as best known, if there is one of any owner.
    pub token_secret: Option<SecretMeta>,
    /// The versions at which the sources were read in this turn; empty where they were not.
    pub read_versions: Vec<String>,
    /// What a decision is made from.
    pub seen: Observation,
    /// When it was observed.
    pub now: Moment,
}

/// What the spec asks for, in the terms of the rooms that do it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where the four values come from.
    pub plan: SourcePlan,
    /// The token Secret.
    pub desired: Desired,
    /// `spec.domain`.
    pub domain: String,
}

impl Turn<'_> {
    /// The credential's mark.
    #[must_use]
    pub fn mark(credential: &CredentialView) -> Mark {
        Mark {
            namespace: credential.key.namespace.clone(),
            name: credential.key.name.clone(),
            uid: credential.uid.clone(),
        }
    }

    /// Namespace and name of the token Secret.
    #[must_use]
    pub fn token_secret_key(&self, asked: &Asked) -> ObjectKey {
        self.credential.key.sibling(&asked.desired.name)
    }

    /// What the token Secret must be for a write to be let through.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        self.token_secret
            .as_ref()
            .map_or(Precondition::MustNotExist, |found| Precondition::Exactly {
                uid: found.uid.clone(),
                resource_version: found.resource_version.clone(),
            })
    }

    /// Applies the token Secret with these facts and this data, if it is in the cluster what `on` says.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn apply(
        &self,
        asked: &Asked,
        issue: &Issue,
        data: &Data,
        on: &Precondition,
    ) -> Result<SecretMeta, ClusterError> {
        let object = asked.desired.object(issue, data, on).map_err(|_| cannot_be_built())?;
        apply(
            &self.context.client,
            &self.token_secret_key(asked),
            &object,
            Mode::ForGood,
        )
        .await
    }

    /// What a refusal by the API server is about: when it changes, the refusal is no longer waited for.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let target = self.token_secret.as_ref().map(SecretMeta::version).unwrap_or_default();
        // As the watch has brought them: what was read may be later, and the next look could not tell it is the same.
        let sources = self.asked.as_ref().map(|asked| self.cached_sources(asked));
        format!("{} {target} {sources:?}", self.credential.generation)
    }

    /// The versions of the source Secrets as the watch has brought them, of those that are there.
    #[must_use]
    pub fn cached_sources(&self, asked: &Asked) -> Vec<String> {
        let cached = asked.plan.secrets().into_iter().filter_map(|name| {
            let found = self.context.stores.secret(&self.credential.key.sibling(name));
            found.map(|found| found.version())
        });
        cached.collect()
    }

    /// What was just written is known to be intact, before the watch tells of it.
    pub fn remember_own_write(&mut self, meta: SecretMeta) {
        self.memory.wrote = Some((meta.key.clone(), meta.resource_version.clone()));
        self.memory.verified = None;
        self.memory.too_little = None;
        self.memory.token_secret = Some(Box::new(meta));
    }

    /// The status as last written or seen, whichever is later.
    #[must_use]
    pub fn latest_status(&self) -> &Arc<TrackTikCredentialStatus> {
        latest_status(&self.credential, self.memory)
    }
}

/// The status as last written or seen, whichever is later.
#[must_use]
pub fn latest_status<'a>(credential: &'a CredentialView, memory: &'a Memory) -> &'a Arc<TrackTikCredentialStatus> {
    match &memory.status {
        Some((version, status)) if super::memory::is_later(version, &credential.resource_version) => status,
        _ => &credential.status,
    }
}

/// The rotate annotation that was handled last, as far as memory and status know.
#[must_use]
pub fn handled_rotate(credential: &CredentialView, memory: &Memory) -> Option<String> {
    let in_status = latest_status(credential, memory).last_handled_rotate.as_ref();
    memory.requests.handled_rotate(in_status, credential.rotate.as_ref())
}

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

/// The facts cannot be serialised, which no value of theirs makes them.
#[must_use]
pub fn cannot_be_built() -> ClusterError {
    ClusterError::Other {
        code: 0,
        detail: "the Secret cannot be built".to_owned(),
    }
}
