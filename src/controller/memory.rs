//! What this process remembers of a credential between two looks. All of it may be lost: a restart costs at most one
//! login for a source that was edited meanwhile.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    api::{Moment, Span, TrackTikCredentialStatus},
    cluster::ObjectKey,
    rotation::{
        anchor::AnchorsKept,
        backoff::doubling,
        fingerprint::Fingerprint,
        gate::{Digest, Waiting},
        observation::{Content, Issue, Problem, Trouble},
        recollection::Recollection,
    },
    secrets::{metadata::SecretMeta, sensitive::Tokens},
};

/// What is remembered of one credential. What most do not have most of the time is boxed: there are ten thousand of these.
#[derive(Debug, Default)]
pub struct Memory {
    /// Tokens that were granted and are not in the cluster yet.
    pub held: Option<Box<HeldTokens>>,
    /// Of its token requests.
    pub requests: Recollection,
    /// The status as last written, and the version of the object then: the cache may lag behind.
    pub status: Option<(String, Arc<TrackTikCredentialStatus>)>,
    /// The token Secret as last written or read: the cache may lag behind.
    pub token_secret: Option<Box<SecretMeta>>,
    /// The facts on the token Secret of this uid when it was last known to be good: somebody may edit them.
    pub facts: Option<(Fingerprint, Arc<Issue>)>,
    /// The version that this process itself wrote last, which status names.
    pub wrote: Option<(ObjectKey, String)>,
    /// What a full read of one version of the token Secret showed.
    pub verified: Option<Box<(String, Content)>>,
    /// One version of the token Secret that lacks what one layout asks for.
    pub too_little: Option<Box<(String, String)>>,
    /// One version of the token Secret whose facts speak of a refresh token that is not in it.
    pub no_refresh_token: Option<Box<str>>,
    /// The issue whose refresh token this process has marked as tried: somebody may take the mark off.
    pub refresh_tried: Option<Box<str>>,
    /// The source values as last read for a token request, whether or not it was sent.
    pub last_used: Option<Box<LastUsed>>,
    /// What the latest read of the sources showed to be wrong with them.
    pub source_problem: Option<Box<SourceProblem>>,
    /// What the API server refuses, and for which state of the objects.
    pub trouble: Option<Box<(String, Trouble)>>,
    /// Whether that is for the lack of a right.
    pub access_denied: bool,
    /// Refusals in a row, for their pace.
    pub troubles: i32,
    /// Conflicts in a row, for their pace.
    pub conflicts: i32,
    /// When the token Secret may be repaired again, as it is asked for by this generation of the spec; nothing where it never
    /// was repaired.
    pub repair: Option<Box<(i64, Pause)>>,
    /// When an old token Secret may be deleted again.
    pub deletes: Option<Box<BTreeMap<String, Pause>>>,
    /// What the grant that is due waits for at the gate.
    pub waiting: Option<Box<Waiting>>,
    /// No token request before this time, by the clock that never goes back: one was announced and not sent.
    pub no_request_before: Moment,
    /// When its stored times were first seen to be ahead of the clock.
    pub anchors: AnchorsKept,
    /// The status of the latest write that got no answer: it may have come through.
    pub unanswered: Option<Box<TrackTikCredentialStatus>>,
    /// When status is written again, where somebody else keeps writing something else into it; by the clock that never goes
    /// back.
    pub overwritten: Pause,
    /// Status writes that failed in a row.
    pub status_failures: i32,
    /// Why the latest write of status was denied, where it was for the lack of a right.
    pub status_denied: Option<Box<str>>,
}

/// Tokens that were granted and are not in the cluster yet.
#[derive(Debug)]
pub struct HeldTokens {
    /// The facts of their grant.
    pub issue: Issue,
    /// The tokens.
    pub tokens: Tokens,
    /// The issue of the token that was in place when they were granted: however late its time says that it is, they are
    /// later.
    pub over: Option<String>,
    /// Who granted them. The spec may name another by the time they are stored.
    pub domain: String,
    /// Writes that failed.
    pub failures: i32,
    /// No write before this time.
    pub not_before: Moment,
}

/// Source values read for a token request, by a keyed digest that means nothing outside this process.
#[derive(Clone, Debug)]
pub struct LastUsed {
    /// Of domain and the four values.
    pub digest: Digest,
    /// The versions they were read at.
    pub versions: Vec<String>,
    /// Later versions that were read and hold the same.
    pub same_as: Option<Vec<String>>,
}

/// What a read of the sources showed to be wrong with them.
#[derive(Clone, Debug)]
pub struct SourceProblem {
    /// What the spec took from them.
    pub identity: String,
    /// The versions that were read.
    pub versions: Vec<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// A pace for something that is refused, or undone by somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pause {
    count: i32,
    /// Not before this time.
    pub until: Option<Moment>,
}

/// Refusals of the API server are tried again after 10 s, doubling to 5 min.
#[must_use]
pub fn refusal_pace(count: i32) -> Span {
    doubling(Span::seconds(10), count, Span::minutes(5))
}

impl Pause {
    /// Ten quiet minutes make it forget.
    #[must_use]
    pub fn is_forgotten(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until + Span::minutes(10) < now)
    }

    /// How often it was tried, of late.
    #[must_use]
    pub fn count(&self) -> i32 {
        self.count
    }

    /// It was tried just now.
    pub fn tried(&mut self, now: Moment) {
        self.count = if self.is_forgotten(now) {
            1
        } else {
            self.count.saturating_add(1)
        };
        self.until = Some(now + refusal_pace(self.count));
    }
}

impl Memory {
    /// The token Secret is repaired, as it is asked for by this generation of the spec.
    pub fn repairs(&mut self, generation: i64, now: Moment) {
        let repair = self.repair.get_or_insert_default();
        repair.0 = generation;
        repair.1.tried(now);
    }

    /// Records a refusal of the API server, for this state of the objects.
    pub fn refused(&mut self, fingerprint: String, permanent: bool, problem: Problem, now: Moment) {
        let again = self.trouble.as_ref().is_some_and(|trouble| trouble.0 == fingerprint);
        self.troubles = if again { self.troubles.saturating_add(1) } else { 1 };
        let next = (now + refusal_pace(self.troubles)).next_whole_second();
        let trouble = Trouble {
            permanent,
            problem,
            next,
        };
        self.trouble = Some(Box::new((fingerprint, trouble)));
    }

    /// What was refused is let through.
    pub fn accepted(&mut self) {
        self.trouble = None;
        self.troubles = 0;
        self.conflicts = 0;
    }
}

/// The memories, by uid. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memories(Arc<Mutex<HashMap<ObjectKey, Entry>>>);

type Entry = (Fingerprint, Arc<tokio::sync::Mutex<Memory>>);

impl Memories {
    /// The memory of a credential; an empty one for a new uid.
    #[must_use]
    pub fn of(&self, key: &ObjectKey, uid: &str) -> Arc<tokio::sync::Mutex<Memory>> {
        let uid = Fingerprint::of(uid);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(key.clone()).or_default();
        if entry.0 != uid {
            *entry = (uid, Arc::default());
        }
        Arc::clone(&entry.1)
    }

    /// Credentials with tokens that are not in the cluster yet, and that are not being reconciled at this moment.
    #[must_use]
    pub fn holding(&self) -> Vec<ObjectKey> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds =
            |memory: &Arc<tokio::sync::Mutex<Memory>>| memory.try_lock().is_ok_and(|memory| memory.held.is_some());
        all.iter()
            .filter(|(_, (_, memory))| holds(memory))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// The credential is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Whether version `a` is later than `b`. Kubernetes orders them as integers (KEP-5504); where one is none, neither is
/// known to be later.
#[must_use]
pub fn is_later(a: &str, b: &str) -> bool {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a > b,
        _ => false,
    }
}
