//! How a request ended, and what remains of requests that another process made.

use crate::api::{Failure, Moment, Reason, Span};

/// How a request ended that had a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A usable token.
    Token,
    /// It is known that nothing was sent and why, for instance because the dry run was refused. No news of the host.
    NotSent,
    /// Not a byte was sent: no name, no route, no TLS.
    NotConnected,
    /// Sent, and no complete answer.
    NoAnswer,
    /// 5xx.
    ServerError,
    /// An answer that is neither a token nor an OAuth error.
    Misbehaved,
    /// The login was refused.
    Rejected {
        /// In the word of status: what of it was refused, as far as the answer tells.
        reason: Reason,
        /// What `Retry-After` asked for.
        retry_after: Option<Span>,
    },
    /// The refresh token was refused, which says nothing about the account.
    RefreshRefused {
        /// What `Retry-After` asked for.
        retry_after: Option<Span>,
    },
    /// The host asked for a pause, whatever the status of the answer.
    Throttled {
        /// For how long; zero where it did not say.
        pause: Span,
    },
    /// The firewall in front of the host refused.
    Firewall,
    /// The request may have been sent, and nobody knows what became of it: a panic, or a task cut off. Before anything
    /// can have been sent, the same is `NotSent`, so that a bug elsewhere is no news of a host.
    Unknown,
}

impl Outcome {
    /// Whether TrackTik may have counted a failed login, so that the place stays taken for a while.
    #[must_use]
    pub const fn may_count_as_failed(self) -> bool {
        !matches!(self, Self::Token | Self::NotSent | Self::NotConnected)
    }
}

/// A request of this or an earlier process, as a failure record in status tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Past {
    /// It may have been sent and gave no usable token.
    Failed {
        /// When it ended.
        ended: Moment,
    },
    /// It was announced, and its outcome is unknown.
    Unresolved {
        /// When it was announced.
        announced: Moment,
    },
}

impl Past {
    /// All that a record tells of, by the clock that it was written by.
    #[must_use]
    pub fn all_of(record: &Failure) -> Vec<Self> {
        let failed = record.recent_times.iter().map(|at| Self::Failed { ended: *at });
        let pending = record.pending.iter().map(|pending| Self::Unresolved {
            announced: pending.time,
        });
        failed.chain(pending).collect()
    }

    /// The same, by another clock.
    #[must_use]
    pub fn by_clock(self, brought: impl FnOnce(Moment) -> Moment) -> Self {
        match self {
            Self::Failed { ended } => Self::Failed { ended: brought(ended) },
            Self::Unresolved { announced } => Self::Unresolved {
                announced: brought(announced),
            },
        }
    }
}
