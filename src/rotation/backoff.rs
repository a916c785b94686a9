//! How long to wait after a failure: each class of failure has its own pace, and each pace its own maximum.
//!
//! Unknown answers fail safe: what might be a wrong password is tried a handful of times a day, because TrackTik locks
//! accounts and bans addresses; what says nothing about the password is tried again soon.

use crate::api::{Moment, Span};

/// No pause after a refusal of the API server is as long as this. One that ends later was begun before the clock was set
/// back, and would hold a token that is granted already for as long as the clock was wrong.
const LONGEST_PAUSE: Span = Span::minutes(10);

/// The pace of a class of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The values were refused, or may have been: 30 min, 2 h, 6 h, 24 h.
    Rejection,
    /// An answer that is neither a token nor an OAuth error: 10, 20, 40 minutes, then hourly.
    Misbehaviour,
    /// No answer or a 5xx: 5 s doubling to 10 min; at least 30 s where bytes were sent.
    Unavailable {
        /// Whether a byte of the request may have reached the server, which may have acted on it.
        bytes_sent: bool,
    },
    /// The server asked to slow down: at least a minute doubling to 10 min, or what it asked for up to an hour.
    Throttled {
        /// What `Retry-After` asked for.
        retry_after: Option<Span>,
    },
    /// The firewall in front refused: 10 min doubling to 1 h.
    Firewall,
    /// An announced request whose outcome a crash has lost: 1 min, 5 min, then the pace of a rejection.
    Unresolved,
}

impl Pace {
    /// The longest wait of this pace.
    #[must_use]
    pub const fn maximum(self) -> Span {
        match self {
            Self::Rejection | Self::Unresolved => Span::hours(24),
            Self::Misbehaviour | Self::Throttled { .. } | Self::Firewall => Span::hours(1),
            Self::Unavailable { .. } => Span::minutes(10),
        }
    }

    /// The wait after the `count`-th failure in a row, counted from 1.
    ///
    /// `spread` (any number, the same for one credential always) takes up to a fifth off a wait for an unavailable
    /// server, so that a thousand credentials do not come back in one second. It is fixed for a credential, so that a
    /// further failure never shortens the wait.
    #[must_use]
    pub fn wait(self, count: i32, spread: u64) -> Span {
        let count = count.max(1);
        let wait = match self {
            Self::Rejection => rejection(count),
            Self::Misbehaviour | Self::Firewall => doubling(Span::minutes(10), count, self.maximum()),
            Self::Unavailable { bytes_sent } => {
                let full = doubling(Span::seconds(5), count, self.maximum());
                let part = i64::try_from(spread % 200).unwrap_or(0);
                let spread_out = full - full.times(part).divided_by(1_000);
                if bytes_sent {
                    spread_out.max(Span::seconds(30))
                } else {
                    spread_out
                }
            }
            Self::Throttled { retry_after } => {
                let own = doubling(Span::minutes(1), count, Span::minutes(10));
                own.max(retry_after.unwrap_or(Span::ZERO))
            }
            Self::Unresolved => match count {
                1 => Span::minutes(1),
                2 => Span::minutes(5),
                more => rejection(more - 2),
            },
        };
        wait.min(self.maximum())
    }
}

fn rejection(count: i32) -> Span {
    match count {
        i32::MIN..=1 => Span::minutes(30),
        2 => Span::hours(2),
        3 => Span::hours(6),
        _ => Span::hours(24),
    }
}

/// `first`, doubled for each further failure, at most `most`.
#[must_use]
pub fn doubling(first: Span, count: i32, most: Span) -> Span {
    let doublings = u32::try_from(count.max(1) - 1).unwrap_or(0).min(40);
    first.times(1_i64 << doublings).min(most)
}

/// The end of a pause after a refusal of the API server, if it is not over.
#[must_use]
pub fn pause_end(end: Option<Moment>, now: Moment) -> Option<Moment> {
    end.filter(|end| *end > now && *end <= now + LONGEST_PAUSE)
}
