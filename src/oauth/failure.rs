//! Why a token request gave no usable token: one closed list that carries the reason, the pace of the next attempt, the
//! metric's label and the words. Whoever adds a kind of failure adds it here and nowhere else.
//!
//! No variant has room for text: what a server, a library or a user wrote cannot get into a log or a status.

use super::failure_detail::{ConnectFault, ErrorCode, Misbehaviour, Silence};
use crate::{
    api::{Grant, Reason, Span},
    rotation::{backoff::Pace, gate::Outcome},
};

/// A token request that gave no usable token. `status` is the HTTP status of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenRequestFailure {
    /// The login was refused: 400, 401 or 403 with an OAuth 2 or `{status, error}` body.
    LoginRefused {
        /// HTTP status.
        status: u16,
        /// Chooses the reason only: servers use the words too differently to decide by them.
        code: ErrorCode,
        /// What `Retry-After` asked for, at most an hour.
        retry_after: Option<Span>,
    },
    /// The refresh token was refused in the same way. That says nothing about the password: one login follows.
    RefreshRefused {
        /// HTTP status.
        status: u16,
        /// The error code.
        code: ErrorCode,
        /// What `Retry-After` asked for, at most an hour.
        retry_after: Option<Span>,
    },
    /// 429, or an answer with `Retry-After`: the whole host waits.
    Throttled {
        /// HTTP status.
        status: u16,
        /// What was asked for, at most an hour; zero for a date in the past.
        retry_after: Option<Span>,
    },
    /// 403 from the load balancer's firewall (`Server: awselb/2.0`), not from TrackTik.
    Firewall,
    /// 5xx, whatever the body says.
    ServerError {
        /// HTTP status.
        status: u16,
    },
    /// No complete answer, but the request may have been sent and acted on.
    NoAnswer(Silence),
    /// Not a byte of the request was sent.
    NotConnected(ConnectFault),
    /// Any other answer.
    Misbehaved {
        /// HTTP status; none where the answer was not HTTP.
        status: Option<u16>,
        /// What was wrong with it.
        what: Misbehaviour,
    },
}

impl TokenRequestFailure {
    /// What was sent with this grant was refused.
    #[must_use]
    pub fn refused(grant: Grant, status: u16, code: ErrorCode, retry_after: Option<Span>) -> Self {
        match grant {
            Grant::Password => Self::LoginRefused {
                status,
                code,
                retry_after,
            },
            Grant::Refresh => Self::RefreshRefused {
                status,
                code,
                retry_after,
            },
        }
    }

    /// The reason for conditions and events.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::LoginRefused { code, .. } => match code {
                ErrorCode::InvalidGrant | ErrorCode::InvalidCredentials => Reason::CredentialsRejected,
                ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient => Reason::ClientRejected,
                _ => Reason::EndpointMisbehaved,
            },
            // Not a rejection of anything that a person could correct: the operator logs in by itself.
            Self::RefreshRefused { .. } | Self::Misbehaved { .. } => Reason::EndpointMisbehaved,
            Self::Throttled { .. } | Self::Firewall => Reason::EndpointThrottled,
            Self::NotConnected(ConnectFault::NotAllowed) => Reason::DomainNotAllowed,
            Self::ServerError { .. } | Self::NoAnswer(_) | Self::NotConnected(_) => Reason::EndpointUnavailable,
        }
    }

    /// How long to wait before the next attempt; never less than [`Self::retry_after`].
    ///
    /// A refresh token is spent by *any* failure, so after a refresh the next attempt is a login at this pace.
    #[must_use]
    pub fn pace(self) -> Pace {
        match self {
            Self::LoginRefused { .. } => Pace::Rejection,
            // 30 s after the first: the time in which a server that was mid-way has finished.
            Self::RefreshRefused { .. } | Self::ServerError { .. } | Self::NoAnswer(_) => {
                Pace::Unavailable { bytes_sent: true }
            }
            Self::Throttled { retry_after, .. } => Pace::Throttled { retry_after },
            Self::Firewall => Pace::Firewall,
            Self::Misbehaved { .. } | Self::NotConnected(ConnectFault::NotAllowed) => Pace::Misbehaviour,
            Self::NotConnected(_) => Pace::Unavailable { bytes_sent: false },
        }
    }

    /// What the server asked for by `Retry-After`, at most an hour.
    #[must_use]
    pub fn retry_after(self) -> Option<Span> {
        match self {
            Self::LoginRefused { retry_after, .. }
            | Self::RefreshRefused { retry_after, .. }
            | Self::Throttled { retry_after, .. } => retry_after,
            _ => None,
        }
    }

    /// What it tells the gate.
    #[must_use]
    pub fn at_the_gate(self) -> Outcome {
        match self {
            Self::LoginRefused { retry_after, .. } => Outcome::Rejected {
                reason: self.reason(),
                retry_after,
            },
            Self::RefreshRefused { retry_after, .. } => Outcome::RefreshRefused { retry_after },
            Self::Throttled { retry_after, .. } => Outcome::Throttled {
                pause: retry_after.unwrap_or(Span::ZERO),
            },
            Self::Firewall => Outcome::Firewall,
            Self::ServerError { .. } => Outcome::ServerError,
            Self::NoAnswer(_) => Outcome::NoAnswer,
            // The host was not even asked.
            Self::NotConnected(ConnectFault::NotAllowed | ConnectFault::HeldBack) => Outcome::NotSent,
            Self::NotConnected(_) => Outcome::NotConnected,
            Self::Misbehaved { .. } => Outcome::Misbehaved,
        }
    }

    /// Whether it was this process itself that did not send it after all. That is no failure to be recorded.
    #[must_use]
    pub fn held_back(self) -> bool {
        self == Self::NotConnected(ConnectFault::HeldBack)
    }

    /// Whether a byte of the request may have reached the server. False only where no connection came about: then no
    /// login was attempted, and none counts against TrackTik's limits.
    #[must_use]
    pub fn may_have_sent(self) -> bool {
        !matches!(self, Self::NotConnected(_))
    }

    /// The label of the metric: one of eleven words.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Self::LoginRefused { .. } => match self.reason() {
                Reason::CredentialsRejected => "credentials_rejected",
                Reason::ClientRejected => "client_rejected",
                _ => "login_refused",
            },
            Self::RefreshRefused { .. } => "refresh_refused",
            Self::Throttled { .. } => "throttled",
            Self::Firewall => "firewall",
            Self::ServerError { .. } => "server_error",
            Self::NoAnswer(_) => "no_answer",
            Self::NotConnected(ConnectFault::NotAllowed) => "not_allowed",
            Self::NotConnected(_) => "not_connected",
            Self::Misbehaved { .. } => "misbehaved",
        }
    }

    /// What is wrong, where, and what to do about it, for a status. When the next attempt is, the caller adds.
    #[must_use]
    pub fn message(self, domain: &str) -> String {
        let host = shown(domain);
        match self {
            Self::LoginRefused { status, code, .. } => {
                let (what, advice) = match self.reason() {
                    Reason::CredentialsRejected => (
                        "the username or password",
                        "correct them, or have the employee unlocked or its password renewed in TrackTik",
                    ),
                    Reason::ClientRejected => (
                        "the client id or client secret",
                        "correct them, and check that the client may use the password grant",
                    ),
                    _ => (
                        "the login",
                        "check all four values: some servers answer so to a wrong password",
                    ),
                };
                format!("{host} refused {what} ({status} {}); {advice}", code.as_str())
            }
            Self::RefreshRefused { status, code, .. } => {
                format!(
                    "{host} refused the refresh token ({status} {}); a login follows",
                    code.as_str()
                )
            }
            Self::Throttled { status, retry_after } => match retry_after {
                Some(span) => format!("{host} asked for a pause of {span} (status {status})"),
                None => format!("{host} asked to slow down (status {status})"),
            },
            Self::Firewall => format!(
                "the firewall in front of {host} refused the request (403 from awselb); if it goes on for hours, \
                 TrackTik's support must unblock the cluster's address"
            ),
            Self::ServerError { status } => {
                format!("{host} answered with a server error ({status}), which usually passes by itself")
            }
            Self::NoAnswer(Silence::TimedOut) => format!("{host} gave no complete answer in time"),
            Self::NoAnswer(Silence::Cut) => format!("{host} cut the connection before its answer was complete"),
            Self::NotConnected(fault) => format!("could not connect to {host}: {}", fault.words()),
            Self::Misbehaved { status, what } => match status {
                Some(status) => format!("{host} answered {} (status {status})", what.words()),
                None => format!("{host} answered {}", what.words()),
            },
        }
    }
}

/// The domain as it may stand in a status. Anything but a host, a user and a password included, is left out.
fn shown(domain: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':');
    if !domain.is_empty() && domain.len() <= 259 && domain.bytes().all(plain) {
        domain
    } else {
        "the token endpoint"
    }
}
