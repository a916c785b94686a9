//! What may go wrong on command, and for whom. Pure; how a fault looks on the wire is in
//! [`super::answers`].

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way in which the token endpoint misbehaves.
///
/// *Effect* is what the request asked for: with it, tokens are issued and a refresh token is
/// consumed, whether or not the client ever learns of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Fault {
    /// Effect at once, the right answer later.
    Delay {
        /// How much later.
        milliseconds: u64,
    },
    /// 429, no effect.
    TooManyRequests {
        /// The header of this name, if any; TrackTik is not known to send one.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// 503 of the load balancer that says when to come again, no effect.
    Unavailable {
        /// The header of this name.
        retry_after: RetryAfter,
    },
    /// An answer of this status that is no OAuth answer: 500 with TrackTik's `{status, error}`, any
    /// other with the load balancer's HTML.
    Status {
        /// 500, 503, 504 …
        status: u16,
        /// With effect: the application did its work, then the answer was lost behind the balancer.
        #[serde(default)]
        after_effect: bool,
    },
    /// 403 of the firewall (`Server: awselb/2.0`, HTML), no effect.
    Firewall,
    /// A refusal in any words with any status, no effect. Status 400, 401 and 403 count towards the
    /// ban: the client cannot tell it from the real one.
    Refusal {
        /// HTTP status.
        status: u16,
        /// The word in `error`, or prose.
        error: String,
        /// How the body is laid out.
        #[serde(default)]
        dialect: Dialect,
    },
    /// 200 with a page for people, no effect.
    Html,
    /// 200 with an error in an OAuth body, no effect.
    OkWithError {
        /// The word in `error`.
        error: String,
    },
    /// 200 whose JSON ends in a stray comma, with effect: the tokens are in it.
    MalformedJson,
    /// The right answer with another value in one key, with effect.
    AlteredKey {
        /// `expires_in`, `token_type`, `access_token` …
        key: String,
        /// The value in place of the right one.
        value: Value,
    },
    /// The right answer without one key, with effect.
    MissingKey {
        /// `expires_in`, `refresh_token` …
        key: String,
    },
    /// 302, no effect. A client that follows shows in `strayRequests`.
    Redirect {
        /// The header of this name.
        location: String,
    },
    /// The right answer in a body of 10 MB, with effect.
    HugeBody,
    /// The connection stays open and no answer ever comes.
    Silence {
        /// With effect.
        #[serde(default)]
        after_effect: bool,
    },
    /// The connection is cut when the request has been read.
    Close {
        /// With effect: the answer that a refresh must never need.
        #[serde(default)]
        after_effect: bool,
    },
    /// The head and half of the body of the right answer, then the connection is cut. With effect.
    CutBody,
}

impl Fault {
    /// The right answer with this `expires_in`.
    #[must_use]
    pub fn expires_in(value: impl Into<Value>) -> Self {
        Self::AlteredKey {
            key: "expires_in".to_owned(),
            value: value.into(),
        }
    }

    /// A refusal in OAuth's layout.
    #[must_use]
    pub fn refusal(status: u16, error: &str) -> Self {
        Self::Refusal {
            status,
            error: error.to_owned(),
            dialect: Dialect::OAuth,
        }
    }

    /// Does the request still do what it asked for?
    pub(super) fn has_effect(&self) -> bool {
        match self {
            Self::Status { after_effect, .. } | Self::Silence { after_effect } | Self::Close { after_effect } => {
                *after_effect
            }
            Self::Delay { .. }
            | Self::MalformedJson
            | Self::AlteredKey { .. }
            | Self::MissingKey { .. }
            | Self::HugeBody
            | Self::CutBody => true,
            Self::TooManyRequests { .. }
            | Self::Unavailable { .. }
            | Self::Firewall
            | Self::Refusal { .. }
            | Self::Html
            | Self::OkWithError { .. }
            | Self::Redirect { .. } => false,
        }
    }

    /// If it refuses: does the refusal count towards the ban?
    pub(super) fn refuses(&self) -> Option<bool> {
        match self {
            Self::Refusal { status, .. } => Some(matches!(status, 400 | 401 | 403)),
            _ => None,
        }
    }
}

/// `Retry-After` in its two forms, and in none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// A date so many seconds from the real present.
    DateIn(i64),
    /// Any other text.
    Text(String),
}

/// The two layouts of an error that TrackTik may answer with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dialect {
    /// `{error, error_description, message}` of the OAuth library.
    #[default]
    #[serde(rename = "oauth")]
    OAuth,
    /// `{status, error}` of TrackTik's REST API.
    Tracktik,
}

/// Whose requests meet a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Everybody's.
    Everywhere,
    /// Those with this `Host`; without a port, whatever the port.
    Host(String),
    /// Those of this user, by name or by refresh token.
    Username(String),
}

/// A fault as the control listener takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedFault {
    /// Whose requests meet it.
    pub target: Target,
    /// What happens to them.
    pub fault: Fault,
    /// How many requests meet it; until cleared if absent.
    #[serde(default)]
    pub times: Option<u32>,
}

/// The faults still to come. Of several for one request the one set first happens, so a sequence is
/// planned by setting its steps in order.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: VecDeque<PlannedFault>,
}

impl Faults {
    pub(super) fn plan(&mut self, fault: PlannedFault) {
        self.planned.push_back(fault);
    }

    pub(super) fn clear(&mut self) {
        self.planned.clear();
    }

    /// The fault that this request meets, used up by one.
    pub(super) fn meet(&mut self, host: &str, username: Option<&str>) -> Option<Fault> {
        let meets = |planned: &PlannedFault| match &planned.target {
            Target::Everywhere => true,
            Target::Host(name) => is_host(host, name),
            Target::Username(name) => username == Some(name.as_str()),
        };
        self.planned.retain(|planned| planned.times != Some(0));
        let planned = self.planned.iter_mut().find(|planned| meets(planned))?;
        if let Some(times) = &mut planned.times {
            *times -= 1;
        }
        Some(planned.fault.clone())
    }
}

fn is_host(host: &str, name: &str) -> bool {
    let without_port = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    host.eq_ignore_ascii_case(name) || without_port.eq_ignore_ascii_case(name)
}
