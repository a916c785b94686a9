//! What came of a round and of each credential in it, to be judged with the API server's record.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use crate::{crew::Blow, servers::Granted, sight::Sight, subject::Subject, work::Work};

pub struct Played {
    pub round: usize,
    pub namespace: String,
    pub work: Work,
    pub blow: Blow,
    /// From when on it was looked at what the blow had left, until when nobody else could have changed anything.
    pub looked: (Timestamp, Timestamp),
    /// When a leader that had stood still went on.
    pub thaw: Option<Timestamp>,
    pub subjects: Vec<Fate>,
    pub repeated_refresh_tokens: u64,
    /// What must not have been, in words.
    pub violations: Vec<String>,
    pub leaks: Vec<String>,
}

/// What came of one credential.
pub struct Fate {
    pub subject: Subject,
    pub before: Option<Sight>,
    pub found: Sight,
    /// From the kill until nothing was left to do; nothing where that never was.
    pub recovery: Option<Duration>,
    pub granted: Granted,
    /// What was granted after a thaw, and to nobody who led.
    pub granted_to_thawed: u64,
}
