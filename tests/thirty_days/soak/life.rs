//! What one credential has had.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::residents::Resident;

/// The life of one credential.
pub struct Life {
    pub name: String,
    pub host: usize,
    pub broken: bool,
    pub refreshes: bool,
    pub disturbed_until: Instant,
    pub token: Option<InPlace>,
    pub live: Duration,
    pub absent: Duration,
    pub writes: usize,
}

/// A token in a Secret.
pub struct InPlace {
    pub since: Instant,
    /// Its expiry.
    pub expires: Instant,
    /// Its expiry, or when it was revoked.
    pub until: Instant,
}

impl Life {
    /// Of somebody who has just moved in.
    pub fn of(resident: &Resident) -> Self {
        Self {
            name: resident.name.clone(),
            host: resident.host,
            broken: resident.broken.is_some(),
            refreshes: resident.grant == "Refresh",
            disturbed_until: monotonic(),
            token: None,
            live: Duration::ZERO,
            absent: Duration::ZERO,
            writes: 0,
        }
    }

    /// Time has passed with this token in place.
    pub fn settle(&mut self, token: &InPlace, now: Instant) {
        let until = token.until.clamp(token.since, now);
        self.live += until - token.since;
        self.absent += now - until;
    }
}

/// From one to the other, which may be before it.
pub fn millis(from: Instant, to: Instant) -> i64 {
    let span = |span: Duration| i64::try_from(span.as_millis()).unwrap();
    span(to.saturating_duration_since(from)) - span(from.saturating_duration_since(to))
}
