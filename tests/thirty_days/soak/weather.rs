//! What requests to a host meet, and what comes of them.

use std::time::Duration;

use testbed::simulator::{Refusal, world::Reply};
use tracktik_operator::{
    api::{Grant, Span},
    oauth::{ConnectFault, ErrorCode, Misbehaviour, Silence, TokenRequestFailure},
    secrets::sensitive::{Sensitive, Tokens},
};

use crate::tracktik::LOGIN;

/// As long as the operator waits for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// What requests to a host meet.
#[derive(Clone, Copy, Debug, Default)]
pub enum Weather {
    /// The right answer.
    #[default]
    Fair,
    /// The right answer, after so long.
    Slow(Duration),
    /// A port that is closed.
    Closed,
    /// 503.
    ServerError,
    /// Nothing at all.
    Silent,
    /// The request is acted on, and the answer is lost.
    Cut,
    /// 429, with a pause or without.
    Throttled(Option<Span>),
    /// 403 from the load balancer.
    Firewall,
    /// A page for people.
    Maintenance,
}

/// What comes of a request, and after how long.
pub type Outcome = (Duration, Result<Tokens, TokenRequestFailure>);

impl Weather {
    /// Whether a byte of a request arrives.
    pub fn hears(self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Whether what arrives is acted on.
    pub fn acts(self) -> bool {
        matches!(self, Self::Fair | Self::Slow(_) | Self::Cut)
    }

    /// What comes of a request, given what TrackTik would answer.
    pub fn outcome(self, reply: Option<Reply>, how: Grant) -> Outcome {
        let failure = match self {
            Self::Fair => return (LOGIN, answer(reply, how)),
            Self::Slow(time) => return (time, answer(reply, how)),
            Self::Silent => return (PATIENCE, Err(TokenRequestFailure::NoAnswer(Silence::TimedOut))),
            Self::Closed => TokenRequestFailure::NotConnected(ConnectFault::Refused),
            Self::ServerError => TokenRequestFailure::ServerError { status: 503 },
            Self::Cut => TokenRequestFailure::NoAnswer(Silence::Cut),
            Self::Throttled(retry_after) => TokenRequestFailure::Throttled {
                status: 429,
                retry_after,
            },
            Self::Firewall => TokenRequestFailure::Firewall,
            Self::Maintenance => TokenRequestFailure::Misbehaved {
                status: Some(200),
                what: Misbehaviour::NotJson,
            },
        };
        (LOGIN, Err(failure))
    }
}

fn answer(reply: Option<Reply>, how: Grant) -> Result<Tokens, TokenRequestFailure> {
    match reply {
        Some(Reply::Granted(granted)) => Ok(Tokens {
            access_token: Sensitive::from(granted.access_token),
            refresh_token: Some(Sensitive::from(granted.refresh_token)),
            token_type: "Bearer".to_owned(),
            expires_in: Span::seconds(i64::try_from(granted.expires_in).unwrap()),
        }),
        Some(Reply::Refused(refusal)) => Err(refused(&refusal, how)),
        Some(Reply::Blocked) | None => Err(TokenRequestFailure::Firewall),
    }
}

fn refused(refusal: &Refusal, how: Grant) -> TokenRequestFailure {
    TokenRequestFailure::refused(how, refusal.status, ErrorCode::of(refusal.error), None)
}
