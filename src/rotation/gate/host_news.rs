//! What is known of one host, and how many requests it may have in flight for that.

use super::{
    outcome::Outcome,
    request::{Wait, WaitsFor},
};
use crate::{
    api::{Moment, Span},
    rotation::{backoff::Pace, schedule::spread},
};

/// After this many failures in a row the host is tried by one request per step.
const SILENT: i32 = 3;

/// A pause that a host asks for is at least this long.
const SHORTEST_PAUSE: Span = Span::minutes(1);

/// And at most this long, whatever it asks for.
const LONGEST_PAUSE: Span = Span::hours(1);

/// After this time without news, what was heard says nothing any more.
const STALE: Span = Span::hours(24);

/// The latest news of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HostNews {
    /// Its latest news was a complete answer. Until then one request at a time is enough to find out.
    answers: bool,
    /// Failures in a row.
    failures: i32,
    /// Not before this time, once that many are too many.
    next_probe: Moment,
    /// Refusals by the firewall in a row.
    firewalls: i32,
    /// Until when nothing is sent to it, and why.
    pause: Option<(Moment, WaitsFor)>,
    /// When it was last heard of.
    heard: Moment,
}

/// What was known when a request began. Eight requests that were in flight when a host died are one failure, not eight:
/// only one that began after the latest failure was known tells anything new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KnownBefore {
    failures: i32,
    firewalls: i32,
}

impl HostNews {
    /// What a request that begins now knows.
    #[must_use]
    pub fn known(&self) -> KnownBefore {
        KnownBefore {
            failures: self.failures,
            firewalls: self.firewalls,
        }
    }

    /// How many requests may be in flight to it now.
    #[must_use]
    pub fn limit(&self, per_host: usize, now: Moment) -> usize {
        match (self.closed(now), self.answers) {
            (Some(_), _) => 0,
            (None, true) => per_host,
            (None, false) => 1,
        }
    }

    /// Why nothing may be sent to it now, and until when.
    #[must_use]
    pub fn closed(&self, now: Moment) -> Option<Wait> {
        let silent = self.silent().then_some((self.next_probe, WaitsFor::HostSilent));
        let closed = silent.into_iter().chain(self.pause).max_by_key(|(until, _)| *until);
        closed.filter(|(until, _)| *until > now).map(|(until, what)| Wait {
            what,
            until: Some(until),
        })
    }

    /// Whether the latest that was heard of it was a complete answer.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answers
    }

    /// Whether it failed so often in a row that it is only probed.
    #[must_use]
    pub fn silent(&self) -> bool {
        self.failures >= SILENT
    }

    /// Whether there was no news for so long that it is like a host never heard of.
    #[must_use]
    pub fn stale(&self, now: Moment) -> bool {
        self.heard + STALE <= now && self.closed(now).is_none()
    }

    /// A request to it ended.
    pub fn heard(&mut self, host: &str, outcome: Outcome, before: KnownBefore, now: Moment) {
        match outcome {
            Outcome::NotSent => return,
            Outcome::Token => self.answered(before),
            Outcome::Rejected { retry_after, .. } | Outcome::RefreshRefused { retry_after } => {
                self.answered(before);
                if let Some(pause) = retry_after {
                    self.throttled(pause, now);
                }
            }
            Outcome::Throttled { pause } => self.throttled(pause, now),
            Outcome::Firewall => self.refused_by_firewall(before, now),
            Outcome::NotConnected
            | Outcome::NoAnswer
            | Outcome::ServerError
            | Outcome::Misbehaved
            | Outcome::Unknown => self.failed(host, before, now),
        }
        self.heard = now;
    }

    /// An answer to a request from before the firewall refused one says nothing of what comes now.
    fn answered(&mut self, before: KnownBefore) {
        self.failures = 0;
        if before.firewalls == self.firewalls {
            self.answers = true;
            self.firewalls = 0;
        }
    }

    fn failed(&mut self, host: &str, before: KnownBefore, now: Moment) {
        self.answers = false;
        if before.failures != self.failures {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        // At least 30 s, whether or not bytes were sent: a probe of a host that is down holds a place for minutes, and
        // several such hosts would hold all of them.
        let step = Pace::Unavailable { bytes_sent: true }.wait(self.failures, spread(&[host]));
        self.next_probe = now + step;
    }

    /// It is there, but what made it slow down is not to be met with eight requests at once: one finds out.
    fn throttled(&mut self, pause: Span, now: Moment) {
        self.answers = false;
        self.failures = 0;
        self.pause(
            pause.max(SHORTEST_PAUSE).min(LONGEST_PAUSE),
            WaitsFor::HostThrottled,
            now,
        );
    }

    /// The firewall stands in front of hosts that do not exist as well, so this is no answer of the host's.
    fn refused_by_firewall(&mut self, before: KnownBefore, now: Moment) {
        self.answers = false;
        self.failures = 0;
        if before.firewalls == self.firewalls {
            self.firewalls = self.firewalls.saturating_add(1);
        }
        let pause = Pace::Firewall.wait(self.firewalls, 0);
        self.pause(pause, WaitsFor::HostFirewall, now);
    }

    /// The longer pause counts.
    fn pause(&mut self, pause: Span, what: WaitsFor, now: Moment) {
        let new = (now + pause, what);
        self.pause = Some(self.pause.map_or(new, |old| old.max(new)));
    }
}
