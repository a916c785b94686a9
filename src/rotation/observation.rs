//! Everything that a decision may depend on, as plain data.
//!
//! A gatherer fills it from caches and from the process's own memory; nothing in here can be fetched, only compared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{failure_record::outcome_lost, gate::Waiting, session::RefreshToken};
use crate::api::{Failure, Moment, Reason, Renewal, Span, Tried};

/// The facts of one grant, kept beside the tokens in the same Secret by the same write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// Random, one for each grant.
    pub issue_id: String,
    /// The second before the request was sent.
    pub issued_at: Moment,
    /// `issued_at` and the lifetime that the server gave.
    pub expires_at: Moment,
    /// The domain, and where each of the four values came from.
    pub identity: String,
    /// Each source Secret as `name@uid/resourceVersion`, as read for this grant.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The layout that the data is written in, as canonical JSON.
    pub layout: String,
    /// SHA-256 of the data that the layout gave, hexadecimal.
    pub data_hash: String,
    /// A refresh token came with it, and stands in the data. A later one of the same session comes with the next refresh.
    #[serde(default)]
    pub refreshable: bool,
    /// Labels and annotations that were asked for, so that one no longer asked for is noticed.
    #[serde(default)]
    pub asked: Vec<String>,
}

impl Issue {
    /// How long the access token lives.
    #[must_use]
    pub fn lifetime(&self) -> Span {
        self.expires_at - self.issued_at
    }

    /// Whether it claims to be the same grant with the same data, and yet differs in what never changes about a grant.
    #[must_use]
    pub fn is_garbled_copy_of(&self, known: &Self) -> bool {
        let same = self.issue_id == known.issue_id && self.data_hash == known.data_hash;
        let kept = (self.issued_at, self.expires_at) == (known.issued_at, known.expires_at)
            && self.identity == known.identity
            && self.sources == known.sources
            && self.refreshable == known.refreshable;
        same && !kept
    }
}

/// One look at one credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observation {
    /// The credential's uid: spreads jitter.
    pub uid: String,
    /// It has a deletion timestamp: nothing is created for it any more.
    pub deleting: bool,
    /// Why the spec cannot be acted on, for the user.
    pub spec_problem: Option<String>,
    /// Why nothing can be known of the Secrets of its namespace, for the user; ended by the watch, which tries by itself.
    pub view_problem: Option<Problem>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// The rotate annotation, as it is echoed.
    pub rotate: Option<String>,
    /// `status.lastHandledRotate`.
    pub handled_rotate: Option<String>,
    /// What the current spec's identity is.
    pub identity: String,
    /// What the current spec's layout is.
    pub layout: String,
    /// When to renew.
    pub renewal: Renewal,
    /// Why `spec.domain` may not be connected to, for the user.
    pub domain_problem: Option<String>,
    /// The Secrets that hold the service account.
    pub sources: Sources,
    /// The Secret that holds, or will hold, the tokens.
    pub target: Target,
    /// Secrets with our mark under another name than the current target's.
    pub old_targets: Vec<OldTarget>,
    /// A grant that succeeded and whose tokens are not in the cluster yet.
    pub held: Option<Held>,
    /// The failure record: the newer of status and memory.
    pub failure: Failure,
    /// When this process first saw a time of the failure record, or the target's `issued_at`, to be in the future.
    pub anchors: Anchors,
    /// When grants of this credential that no schedule asked for began in the last ten minutes, as far as this process
    /// knows.
    pub recent_grants: Vec<Moment>,
    /// `issued_at` of the latest token that this process was granted; before its first, of the latest that status knows.
    /// Where the token in place is older, somebody has put it back, and renewing it is not what the schedule asked for.
    pub latest_issued: Option<Moment>,
    /// Refusals by the API server of what the next step needs, with their pace.
    pub trouble: Option<Trouble>,
    /// Refused or undone repairs of the target: skipped until then.
    pub repair_not_before: Option<Moment>,
    /// What the grant that is due waits for at the gate.
    pub waiting: Option<Waiting>,
}

/// The Secrets that hold the service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sources {
    /// Each as `name@uid/resourceVersion`; where a read has shown that an edit left the values as they were, the
    /// versions before that edit, so that an edit of a label is no change.
    pub versions: Vec<String>,
    /// What is wrong with them; then no token can be requested.
    pub problem: Option<Problem>,
}

/// A state that forbids a request, in the words of status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// In one word.
    pub reason: Reason,
    /// Names the object and the field, and what to do.
    pub message: String,
}

/// The Secret that holds, or will hold, the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Target {
    /// There is none, and the name is ours to take.
    #[default]
    Absent,
    /// The name is taken; the text says by whom.
    Taken(String),
    /// It is ours, or an orphan that is ours to take over.
    Ours(Box<OurTarget>),
}

/// A token Secret of ours, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OurTarget {
    /// The facts of its tokens; none where the annotation is missing or cannot be read.
    pub issue: Option<Arc<Issue>>,
    /// What is known of its data.
    pub content: Content,
    /// Owner, labels, annotations or mark are not as they should be; repaired without a grant.
    pub drift: Option<String>,
    /// Whether its refresh token may be used.
    pub refresh_token: RefreshToken,
}

/// What is known of the data of a token Secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Content {
    /// As the operator wrote it.
    #[default]
    Good,
    /// Somebody wrote since; one full read will tell.
    Unverified,
    /// Read, and not what the facts say: the tokens are lost.
    Damaged,
    /// Read, and good, but it lacks what the current layout asks for.
    TooLittle,
}

/// A Secret with our mark that is no longer the target: kept until its token has expired, for pods that still mount it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OldTarget {
    /// Its name.
    pub name: String,
    /// When its token expires; `None` where that cannot be read: it is then left to the garbage collector.
    pub expires_at: Option<Moment>,
    /// A refused delete is not tried again before this time.
    pub not_before: Option<Moment>,
}

/// A grant that succeeded and whose tokens are not in the cluster yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The facts of the grant.
    pub issue: Issue,
    /// A refused write is not tried again before this time.
    pub not_before: Moment,
}

/// A refusal by the API server of what the next step needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// Whether only a person can end it: the target is immutable.
    pub permanent: bool,
    /// In the words of status.
    pub problem: Problem,
    /// The step is tried again at this time, or at an event on target or source.
    pub next: Moment,
}

/// When this process first saw that a stored time lies in the future. A clock that was set back must not make a wait
/// endless, and must not be asked twice. An anchor stands as long as what it is for: also after the clock has caught up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Anchors {
    /// For the target's `issued_at`.
    pub issue: Option<Moment>,
    /// For the failure record's times.
    pub failure: Option<Moment>,
}

impl Observation {
    /// The facts of the token in place, if the target is ours and has any.
    #[must_use]
    pub fn issue(&self) -> Option<&Issue> {
        match &self.target {
            Target::Ours(ours) => ours.issue.as_deref(),
            Target::Absent | Target::Taken(_) => None,
        }
    }

    /// What is known of the data in place, if the target is ours.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        match &self.target {
            Target::Ours(ours) => Some(ours.content),
            Target::Absent | Target::Taken(_) => None,
        }
    }

    /// A rotate annotation that no grant has answered yet. It is echoed before its request is sent, so where the outcome
    /// of that was lost, perhaps nothing was sent, and whoever asked would wait for ever.
    #[must_use]
    pub fn rotate_asked(&self) -> Option<&str> {
        let tried = self.failure.tried.as_ref().and_then(|tried| tried.rotate.as_deref());
        let lost = tried.filter(|_| outcome_lost(&self.failure));
        self.rotate
            .as_deref()
            .filter(|asked| self.handled_rotate.as_deref() != Some(*asked) || lost == Some(*asked))
    }
}

/// What a token request made now would be made with.
#[must_use]
pub fn now_stands(seen: &Observation) -> Tried {
    Tried {
        identity: seen.identity.clone(),
        sources: seen.sources.versions.clone(),
        rotate: seen.rotate.clone(),
    }
}
