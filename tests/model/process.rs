//! A replica: what it knows of the election, and, once it leads, everything that a process of the operator has in memory.

use std::rc::Rc;

use tracktik_operator::{
    api::{Grant, Moment},
    controller::memory::Pause,
    oauth::TokenRequestFailure,
    rotation::{
        Decision, Observation,
        anchor::AnchorsKept,
        attempt::Attempt,
        gate::{Gate, PlaceId, Waiting},
        observation::{Content, Issue, Trouble},
        recollection::Recollection,
    },
};

use crate::{
    api_server::{CREDENTIALS, Objects, Precondition, SecretObject, Status},
    told::ToldAccounts,
};

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Each start has its own.
    pub name: u8,
    /// Since when it sees the Lease unchanged.
    pub sees_since: Moment,
    /// What it has since it was elected.
    pub office: Option<Rc<Office>>,
}

/// A process that leads, or has not noticed yet that it does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Office {
    pub started: Moment,
    /// The start of the latest renewal of the Lease.
    pub renewed: Moment,
    pub status_accepted: bool,
    /// Watches that bring nothing.
    pub behind: Behind,
    /// Its Lease was not renewed in time: nothing that it would write gets out until it is.
    pub cut_off: bool,
    /// The process was asked to end: it begins nothing more, and stores what it holds.
    pub stopping: bool,
    pub frozen: Option<Frozen>,
    pub cache: Objects,
    pub gate: Gate,
    pub told: ToldAccounts,
    pub desks: [Rc<Desk>; CREDENTIALS],
}

/// The watches of a process that bring nothing: they fall behind apart from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Behind {
    pub credentials: bool,
    /// Sources and token Secrets.
    pub secrets: bool,
}

impl Behind {
    pub const ALL: Self = Self {
        credentials: true,
        secrets: true,
    };

    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// The process stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frozen {
    /// Right before a call of this credential, for which it has asked for the claim.
    pub calls: Option<usize>,
}

/// One credential in a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Desk {
    pub memory: Memory,
    pub stage: Stage,
    /// Something happened while it is being reconciled.
    pub again: bool,
}

/// Where a reconcile stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// There is no such credential.
    Absent,
    /// Nothing to do before this time, unless something happens.
    Asleep { until: Moment },
    /// To be looked at; `calls` where it is known that a call comes of it.
    Due { calls: bool },
    /// In the middle of an attempt.
    Attempting(Rc<Turn>),
    /// Right before this call.
    Calling(Op, Rc<Turn>),
    /// The token request was sent, and its answer comes at this time, or none will have come by then.
    Awaiting(Moment, Reply, Rc<Turn>),
}

impl Stage {
    /// To be looked at.
    pub const DUE: Self = Self::Due { calls: false };
}

/// A call, or some that have no effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Read sources and refresh token, and rehearse the write.
    Prepare(Grant),
    Announce(Box<Status>),
    MarkTried,
    /// The same, of a Secret that somebody has put back.
    MarkPutBack,
    Send,
    Store,
    Verify,
    /// Write status, at the end of a reconcile.
    Record(Box<Status>),
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Done,
    /// Done, but for the sources of other credentials.
    OthersUnread,
    Conflict,
    /// No answer in time.
    Lost,
    Wrote(Rc<SecretObject>),
    StatusWritten(u64),
    Tokens,
    Failed(TokenRequestFailure),
}

/// As `controller::memory::Memory`, of what can change in this world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    pub held: Option<HeldTokens>,
    pub requests: Recollection,
    pub status: Option<(u64, Status)>,
    pub token_secret: Option<Rc<SecretObject>>,
    pub wrote: Option<u64>,
    pub verified: Option<(u64, Content)>,
    pub refresh_tried: Option<String>,
    pub trouble: Option<(String, Trouble)>,
    pub troubles: i32,
    pub conflicts: i32,
    pub waiting: Option<Waiting>,
    pub no_request_before: Moment,
    pub anchors: AnchorsKept,
    pub unanswered: Option<Status>,
    pub overwritten: Pause,
    pub status_failures: i32,
}

/// As `controller::memory::HeldTokens`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldTokens {
    pub issue: Issue,
    pub over: Option<String>,
    pub failures: i32,
    pub not_before: Moment,
}

/// As `controller::turn::Turn`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Turn {
    pub seen: Observation,
    pub now: Moment,
    pub token_secret: Option<Rc<SecretObject>>,
    pub decision: Decision,
    /// In the middle of a request.
    pub request: Option<Request>,
    /// At the end: when the credential is due again.
    pub next: Moment,
    /// And whether it stands in the gate's line.
    pub in_line: bool,
}

/// A request in the making.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub place: PlaceId,
    /// Once the sources were read.
    pub attempt: Option<Attempt>,
    /// The grant whose refresh token is used.
    pub refresh_token: Option<String>,
    /// The time before sending.
    pub issued_at: Moment,
}

impl Turn {
    /// What the token Secret must be for a write to be let through.
    pub fn precondition(&self) -> Precondition {
        let found = self.token_secret.as_ref();
        found.map_or(Precondition::MustNotExist, |found| Precondition::Exactly(found.version))
    }
}

impl Desk {
    /// Of a credential that was never looked at, or does not exist.
    pub fn new(is_there: bool) -> Self {
        Self {
            memory: Memory::default(),
            stage: if is_there { Stage::DUE } else { Stage::Absent },
            again: false,
        }
    }

    /// The answer that it waits for is that the login was refused.
    pub fn awaits_refusal(&self) -> bool {
        let Stage::Awaiting(_, reply, _) = &self.stage else {
            return false;
        };
        matches!(reply, Reply::Failed(TokenRequestFailure::LoginRefused { .. }))
    }

    /// Something happened to the credential.
    pub fn wake(&mut self) {
        match self.stage {
            Stage::Asleep { .. } => self.stage = Stage::DUE,
            Stage::Due { .. } | Stage::Absent => {}
            Stage::Attempting(_) | Stage::Calling(..) | Stage::Awaiting(..) => self.again = true,
        }
    }
}

impl Process {
    /// One that has just started, and sees the Lease for the first time.
    pub fn new(name: u8, now: Moment) -> Self {
        Self {
            name,
            sees_since: now,
            office: None,
        }
    }

    /// Whether it runs, is past the election, and renews its Lease.
    pub fn acts(&self) -> bool {
        let office = self.office.as_ref();
        office.is_some_and(|office| office.frozen.is_none() && !office.cut_off)
    }
}
