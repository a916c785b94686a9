//! What one credential has had.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{residents::Resident, tenants::Session};

/// Life of an access token.
const LIFE: Duration = Duration::from_hours(1);

/// The life of one credential.
pub struct Life {
    pub name: String,
    pub username: String,
    pub host: usize,
    pub broken: bool,
    pub refreshes: bool,
    pub late: bool,
    pub disturbed_until: Instant,
    pub token: Option<InPlace>,
    /// Since its first token.
    pub all: Share,
    /// Of that, and of the time before, what was healthy.
    pub healthy: Share,
    /// How long it has been without a token that works, healthy all the while.
    pub gap: Duration,
    pub writes: usize,
    settled: Instant,
}

/// Time with a token that works in the Secret, and without.
#[derive(Clone, Copy, Default)]
pub struct Share {
    pub with: Duration,
    pub without: Duration,
}

/// A token in a Secret.
pub struct InPlace {
    pub serial: u64,
    pub since: Instant,
    /// Its expiry.
    pub expires: Instant,
    /// Its expiry, or when it was revoked, or the Secret deleted.
    pub until: Instant,
}

impl InPlace {
    /// Stored now.
    pub fn new(since: Instant, session: Session) -> Self {
        let expires = session.granted + LIFE;
        Self {
            serial: session.serial,
            since,
            expires,
            until: session.revoked.map_or(expires, |revoked| revoked.min(expires)),
        }
    }
}

impl Life {
    /// Of somebody who has just moved in.
    pub fn of(resident: &Resident) -> Self {
        Self {
            name: resident.name.clone(),
            username: resident.account.username.clone(),
            host: resident.host,
            broken: resident.broken.is_some(),
            refreshes: resident.grant == "Refresh",
            late: resident.late,
            disturbed_until: monotonic(),
            token: None,
            all: Share::default(),
            healthy: Share::default(),
            gap: Duration::ZERO,
            writes: 0,
            settled: monotonic(),
        }
    }

    /// Whether the token in its Secret works.
    pub fn has_token(&self, at: Instant) -> bool {
        self.token.as_ref().is_some_and(|token| at < token.until)
    }

    /// The token in its Secret is of no use from then on.
    pub fn ends(&mut self, at: Instant) {
        if let Some(token) = &mut self.token {
            token.until = token.until.min(at);
        }
    }

    /// Enters the time that has passed with what is in place; it was healthy once it was no longer disturbed.
    pub fn settle(&mut self, now: Instant, disturbed_until: Instant) {
        let since = std::mem::replace(&mut self.settled, now);
        let until = self.token.as_ref().map_or(since, |token| token.until.clamp(since, now));
        if self.token.is_some() {
            self.all.add(until - since, now - until);
        }
        let healthy = disturbed_until.clamp(since, now);
        let without = now - until.max(healthy);
        self.healthy.add(until.saturating_duration_since(healthy), without);
        let begins = until > since || healthy > since;
        self.gap = if begins { without } else { self.gap + without };
    }
}

impl Share {
    pub fn add(&mut self, with: Duration, without: Duration) {
        self.with += with;
        self.without += without;
    }

    /// Of one.
    pub fn of_all(self) -> f64 {
        self.with.as_secs_f64() / (self.with + self.without).as_secs_f64()
    }
}

/// The share of time in which credentials had a token that worked, of those that log in and of those that refresh: while
/// they were healthy, and of all time since their first token.
pub fn availability(lives: &[Life]) -> [(Share, Share); 2] {
    let mut shares = [(Share::default(), Share::default()); 2];
    for life in lives.iter().filter(|life| !life.broken) {
        let (healthy, all) = &mut shares[usize::from(life.refreshes)];
        healthy.add(life.healthy.with, life.healthy.without);
        all.add(life.all.with, life.all.without);
    }
    shares
}

/// From one to the other, which may be before it.
pub fn millis(from: Instant, to: Instant) -> i64 {
    let span = |span: Duration| i64::try_from(span.as_millis()).unwrap();
    span(to.saturating_duration_since(from)) - span(from.saturating_duration_since(to))
}
