//! What happened so far, in numbers. Only data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that a test or the demo may want to know about the clients' behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Requests that reached the token endpoint, whatever became of them.
    pub token_requests: u64,
    /// Password grants that issued tokens, even if the answer was then broken by a fault.
    pub logins: u64,
    /// Token requests refused by an OAuth error, of either grant, by a fault's word included.
    pub refused: u64,
    /// Refresh grants that issued tokens, even if the answer was then broken by a fault.
    pub refreshes: u64,
    /// Refresh grants that arrived, whatever became of them.
    pub refresh_requests: u64,
    /// Consumed refresh tokens that were sent again.
    pub replays: u64,
    /// Refresh tokens that had arrived before, whatever became of them then: a client that knows of no outcome must not
    /// send one again.
    pub repeated_refresh_tokens: u64,
    /// Requests with a `scope` key, empty or not.
    pub scope_sent: u64,
    /// Requests without a `User-Agent`, which TrackTik's firewall may refuse.
    pub without_user_agent: u64,
    /// Requests that met a fault.
    pub faulted: u64,
    /// Requests answered by the ban of their address.
    pub blocked: u64,
    /// How many times an address was banned.
    pub banned_addresses: u64,
    /// The most failed authentications of one address in any two minutes; 40 mean a ban.
    pub worst_failures_per_two_minutes: u64,
    /// Requests to `whoami`.
    pub reader_requests: u64,
    /// Requests to `whoami` whose token was missing, unknown, expired or revoked.
    pub reader_failures: u64,
    /// Requests of any other path or method: a followed redirect, a mistake.
    pub stray_requests: u64,
    /// Token requests that are being answered now: a test may wait until none is.
    pub in_flight: u64,
    /// The most token requests that were being answered at one instant.
    pub in_flight_max: u64,
    /// TCP connections that were taken, whatever became of them.
    pub connections: u64,
    /// The same by user name, as it was sent or as the refresh token tells it.
    pub by_username: BTreeMap<String, UserCounts>,
    /// Requests to `whoami` of those readers that say who they are.
    #[serde(default)]
    pub by_reader: BTreeMap<String, ReaderCounts>,
}

/// What one reader asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReaderCounts {
    /// Requests to `whoami`.
    pub requests: u64,
    /// Those whose token was missing, unknown, expired or revoked.
    pub failures: u64,
}

/// What happened under one user name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCounts {
    /// Token requests of either grant, whatever became of them.
    pub attempts: u64,
    /// Password grants that issued tokens.
    pub logins: u64,
    /// Token requests of either grant refused by an OAuth error.
    pub refused: u64,
    /// Refresh grants that issued tokens.
    pub refreshes: u64,
    /// When each of the logins was granted, in milliseconds from any instant.
    pub login_times: Vec<u64>,
}
