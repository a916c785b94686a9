//! The ban that TrackTik documents: too many failed authentications from one address, and every
//! authentication endpoint is closed to it. Pure; `now` is an argument.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

/// The window in which TrackTik counts, and the one of
/// [`worst_failures_per_two_minutes`](super::counts::Counts::worst_failures_per_two_minutes).
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// When an address is banned, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BanRule {
    /// So many failed authentications in less than two minutes.
    pub failures: usize,
    /// How long the address is then refused.
    pub block: Duration,
}

impl Default for BanRule {
    /// TrackTik's own: 40 failures, two hours.
    fn default() -> Self {
        Self {
            failures: 40,
            block: Duration::from_hours(2),
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    /// Times of the failures of the last two minutes.
    recent: VecDeque<Duration>,
    blocked_until: Duration,
}

/// Failed authentications by address.
#[derive(Debug)]
pub(super) struct AddressBan {
    /// `None`: nobody is banned, failures are still counted.
    rule: Option<BanRule>,
    records: HashMap<IpAddr, Record>,
    worst: usize,
    imposed: u64,
}

impl AddressBan {
    pub(super) fn new(rule: Option<BanRule>) -> Self {
        Self {
            rule,
            records: HashMap::new(),
            worst: 0,
            imposed: 0,
        }
    }

    /// Is this address refused at this instant?
    pub(super) fn blocks(&self, now: Duration, address: IpAddr) -> bool {
        self.records
            .get(&address)
            .is_some_and(|record| now < record.blocked_until)
    }

    /// Counts one failed authentication, and bans the address if it was one too many.
    pub(super) fn failed(&mut self, now: Duration, address: IpAddr) {
        let record = self.records.entry(address).or_default();
        record.recent.push_back(now);
        while record
            .recent
            .front()
            .is_some_and(|time| now.saturating_sub(*time) >= TWO_MINUTES)
        {
            record.recent.pop_front();
        }
        self.worst = self.worst.max(record.recent.len());
        if let Some(rule) = self.rule
            && record.recent.len() >= rule.failures
        {
            record.blocked_until = now.saturating_add(rule.block);
            self.imposed += 1;
        }
    }

    /// The most failures of one address in any two minutes.
    pub(super) fn worst(&self) -> u64 {
        self.worst as u64
    }

    /// How many times an address was banned.
    pub(super) fn imposed(&self) -> u64 {
        self.imposed
    }
}
