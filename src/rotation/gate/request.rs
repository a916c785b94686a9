//! What is asked of the gate, and what it answers.

use std::fmt;

use crate::api::{Moment, Reason, Span};

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Places in all, at least 1. TrackTik bans an address for two hours after 40 failed logins in two minutes; a crash
    /// may lose track of as many requests as there are places, so twice this number has to stay below 40.
    pub budget: usize,
    /// Requests in flight to one host at a time, at least 1.
    pub per_host: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: 18,
            per_host: 8,
        }
    }
}

impl Limits {
    /// With no place at all nobody would ever be let through, which is worse than one request at a time.
    #[must_use]
    pub(super) fn usable(self) -> Self {
        Self {
            budget: self.budget.max(1),
            per_host: self.per_host.max(1),
        }
    }

    /// Places that unproven requests may hold: half, so that any number of broken credentials leaves the other half to
    /// those that work.
    #[must_use]
    pub(super) fn unproven(self) -> usize {
        (self.budget / 2).max(1)
    }
}

/// Whether the values of a credential are known to work: those that are go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// They gave a token, and nothing has failed since.
    Proven,
    /// They may be wrong. Who has waited longest goes first.
    Unproven {
        /// Since when it waits for its turn; [`Trust::AHEAD`] earlier where nothing speaks against its values, and twice that where
        /// they have given a token.
        since: Moment,
    },
}

impl Trust {
    /// By so much new values go before those that were refused, and those that worked until their host failed before new ones.
    /// With the places there are by default 500 wrong ones are tried once in less time, so that nobody waits for such a
    /// crowd, unless all of it was due for as long. Not without an end, lest an endless row of new ones keep all others out.
    pub const AHEAD: Span = Span::hours(3);

    /// Whether they may take only half of the places.
    #[must_use]
    pub fn is_proven(self) -> bool {
        self == Self::Proven
    }
}

/// A credential that wants to request a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Who asks, `namespace/name`.
    pub credential: String,
    /// `spec.domain`; `host` and `host:443` are one host.
    pub host: String,
    /// What is known of its values.
    pub trust: Trust,
    /// When the token in place expires; `Moment::default()` without one.
    pub expires: Moment,
}

/// Whether a token may be requested now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a place that was given and never finished is lost"]
pub enum Answer {
    /// Yes. The place is taken until it is handed to `Gate::finish`.
    Go(PlaceId),
    /// No; the credential is in the line now.
    Wait(Wait),
}

/// Why a credential has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    /// What it waits for.
    pub what: WaitsFor,
    /// When that ends by itself, where it is known. Others who come first may make the wait longer.
    pub until: Option<Moment>,
}

impl Wait {
    /// Whether it only waits for its turn: what it wants is taken by others. Also where an end of that is known, which is that
    /// of a place held after a failure: a single wrong password brings one about, and the line goes on beside it. Where all
    /// places are held so, it goes on after minutes; a crowd that told of them would write thousands of statuses for that.
    #[must_use]
    pub fn is_for_its_turn(&self) -> bool {
        use WaitsFor::{Account, Budget, HostBusy, UnprovenBudget};
        matches!(self.what, Account | Budget | HostBusy | UnprovenBudget)
    }
}

/// A grant that is due and that the gate does not let through yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Since when.
    pub since: Moment,
    /// What for, and until when, by the wall clock.
    pub wait: Wait,
}

/// What a credential waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitsFor {
    /// One of the places of the budget.
    Budget,
    /// One of those places that unproven requests may hold.
    UnprovenBudget,
    /// As many requests are in flight to the host as may be.
    HostBusy,
    /// The host has not answered in this process yet, or failed the latest time: one request at a time finds out.
    HostUntried,
    /// The host gave no usable answer several times in a row, and is tried by one request per step.
    HostSilent,
    /// The host asked for a pause.
    HostThrottled,
    /// The firewall in front of the host refused.
    HostFirewall,
    /// Another request with the same account is under way.
    Account,
}

/// Whether these values may be sent, now that they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "values must not be sent without the answer"]
pub enum AccountAnswer {
    /// They may be sent.
    Go,
    /// Another request with this account is under way. The credential is in the line again; its place goes back by
    /// `Outcome::NotSent`, and it is woken once that other request has ended. Also the answer for a place that is not
    /// in flight, behind which nobody lines up.
    Busy,
    /// These values were refused before, or this account too often. The credential is not in the line.
    Rejected(Refusal),
}

/// Why some values must not be sent, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// When they may be asked for again.
    pub until: Moment,
    /// In the word of status: what was refused last.
    pub reason: Reason,
}

/// A place that was taken. Its number is used again once it is finished, which keeps equal states equal; the time
/// beside it keeps an old one from finishing a new one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId {
    pub(super) number: usize,
    pub(super) taken: Moment,
}

/// Stands for a secret value: a digest under a key that only this process has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// From the bytes of a keyed digest.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Digest {
    /// Nothing of it: which credentials share a password is nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}
