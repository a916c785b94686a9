//! What readers of the token Secrets have had, and how near to its limits the operator came.
//!
//! A credential counts as healthy from some time after the latest thing that happened to it, its host, the API server or
//! the operator; how long depends on what it was. From then on it must have a token with two minutes of life at any moment.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tracktik_operator::{
    api::Grant,
    clock::{Instant, monotonic},
};

use super::{
    figures::Seen,
    life::{InPlace, Life, millis},
    residents::Resident,
    tenants::{Arrival, Tenants},
};
use crate::api_server::{ApiServer, Entry, What};

/// Life of an access token.
const LIFE: Duration = Duration::from_hours(1);

/// Over so long an account's refusals are counted.
const HOUR: Duration = Duration::from_hours(1);

/// The least that a token in a Secret may have left.
const FLOOR: i64 = 120_000;

/// Whom something happens to.
#[derive(Clone, Copy, Debug)]
pub enum Whom {
    All,
    Host(usize),
    /// By its number.
    One(usize),
}

pub struct Ledger {
    began: Instant,
    lives: Vec<Life>,
    by_name: HashMap<String, usize>,
    by_username: HashMap<String, Vec<usize>>,
    all_disturbed_until: Instant,
    hosts_disturbed_until: Vec<Instant>,
    /// When logins of an account were refused, in the last hour.
    refusals: HashMap<String, VecDeque<Instant>>,
    /// What came out.
    pub seen: Seen,
    pub wrong: Vec<String>,
}

impl Ledger {
    pub fn of(residents: &[Resident], hosts: usize) -> Self {
        let now = monotonic();
        let mut by_username: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, resident) in residents.iter().enumerate() {
            by_username
                .entry(resident.account.username.clone())
                .or_default()
                .push(number);
        }
        Self {
            began: now,
            by_name: residents
                .iter()
                .enumerate()
                .map(|(number, of)| (of.name.clone(), number))
                .collect(),
            lives: residents.iter().map(Life::of).collect(),
            by_username,
            all_disturbed_until: now,
            hosts_disturbed_until: vec![now; hosts],
            refusals: HashMap::new(),
            seen: Seen::default(),
            wrong: Vec::new(),
        }
    }

    /// Something happens to them, and until then they need not be well.
    pub fn disturb(&mut self, whom: Whom, until: Instant) {
        let of = match whom {
            Whom::All => &mut self.all_disturbed_until,
            Whom::Host(host) => &mut self.hosts_disturbed_until[host],
            Whom::One(number) => &mut self.lives[number].disturbed_until,
        };
        *of = until.max(*of);
    }

    /// Somebody deleted its token Secret.
    pub fn removed(&mut self, number: usize) {
        if let Some(token) = &mut self.lives[number].token {
            token.until = token.until.min(monotonic());
        }
    }

    /// The credentials that use this account.
    pub fn users(&self, username: &str) -> Vec<usize> {
        self.by_username.get(username).cloned().unwrap_or_default()
    }

    /// When the token in its Secret expires, or did.
    pub fn expiry(&self, number: usize) -> Option<Instant> {
        self.lives[number].token.as_ref().map(|token| token.expires)
    }

    fn is_healthy(&self, number: usize, at: Instant) -> bool {
        let life = &self.lives[number];
        let disturbed = self
            .all_disturbed_until
            .max(self.hosts_disturbed_until[life.host])
            .max(life.disturbed_until);
        !life.broken && at > disturbed
    }

    /// Brings the books up to date, then looks at every credential.
    pub fn look(&mut self, api: &ApiServer, tracktik: &Tenants) {
        let mut arrivals = tracktik.take_arrivals().into_iter().peekable();
        for entry in api.take_diary() {
            while let Some(arrival) = arrivals.next_if(|arrival| arrival.at <= entry.at) {
                self.arrived(&arrival);
            }
            self.written(&entry, tracktik);
        }
        arrivals.for_each(|arrival| self.arrived(&arrival));
        self.wrong.extend(api.wrong());
        self.wrong.extend(tracktik.wrong());
        let now = monotonic();
        for number in 0..self.lives.len() {
            if self.lives[number].broken {
                continue;
            }
            self.seen.looks += 1;
            if self.is_healthy(number, now) {
                self.seen.healthy_looks += 1;
                let left = self.lives[number]
                    .token
                    .as_ref()
                    .map(|token| millis(now, token.expires));
                self.has_left(number, left);
            }
        }
    }

    fn has_left(&mut self, number: usize, left: Option<i64>) {
        let Some(left) = left.filter(|left| *left >= FLOOR) else {
            self.wrong.push(format!(
                "{} is healthy and its token has {left:?} ms left",
                self.lives[number].name
            ));
            return;
        };
        self.seen.left(left);
    }

    fn arrived(&mut self, arrival: &Arrival) {
        self.seen.requests += 1;
        self.seen.grants += usize::from(arrival.granted);
        self.mix(arrival.at, &arrival.username);
        if arrival.how == Grant::Refresh && arrival.granted {
            self.seen.refreshes += 1;
            for number in self.users(&arrival.username) {
                // What was in place is revoked before there is an answer.
                if let Some(token) = &mut self.lives[number].token {
                    token.until = token.until.min(arrival.at);
                }
            }
        }
        if arrival.refused && arrival.how == Grant::Password {
            let refusals = self.refusals.entry(arrival.username.clone()).or_default();
            refusals.push_back(arrival.at);
            while refusals.front().is_some_and(|at| *at + HOUR <= arrival.at) {
                refusals.pop_front();
            }
            self.seen.most_refusals_per_hour = self.seen.most_refusals_per_hour.max(refusals.len());
        }
    }

    fn written(&mut self, entry: &Entry, tracktik: &Tenants) {
        let Some(number) = self.by_name.get(&entry.credential).copied() else {
            self.wrong
                .push(format!("{} was written for, and is not there", entry.credential));
            return;
        };
        self.mix(entry.at, &entry.credential);
        let healthy = self.is_healthy(number, entry.at);
        self.lives[number].writes += 1;
        let What::Stored { access_token } = &entry.what else {
            return;
        };
        let expires = tracktik.granted_at(access_token) + LIFE;
        let life = &mut self.lives[number];
        let writes = std::mem::take(&mut life.writes);
        let before = life.token.replace(InPlace {
            since: entry.at,
            expires,
            until: expires,
        });
        let Some(before) = before else { return };
        if before.expires == expires {
            // The same tokens, written once more.
            return;
        }
        life.settle(&before, entry.at);
        self.seen.lifetimes += 1;
        if healthy {
            // Also when the one before was stored, so that nothing but a renewal came between.
            if self.is_healthy(number, before.since) {
                self.seen.most_writes = self.seen.most_writes.max(writes);
            }
            self.has_left(number, Some(millis(entry.at, before.expires)));
        }
    }

    fn mix(&mut self, at: Instant, who: &str) {
        let millis = (at - self.began).as_millis();
        self.seen.mix(u64::try_from(millis).unwrap(), who);
    }

    /// The share of the time since its first token in which a credential had one that worked: of those that log in, and of
    /// those that refresh.
    pub fn availability(&mut self) -> (f64, f64) {
        let now = monotonic();
        let mut shares = [(0.0, 0.0); 2];
        for life in self.lives.iter_mut().filter(|life| !life.broken) {
            if let Some(token) = life.token.take() {
                life.settle(&token, now);
            }
            let share = &mut shares[usize::from(life.refreshes)];
            share.0 += life.live.as_secs_f64();
            share.1 += (life.live + life.absent).as_secs_f64();
        }
        (shares[0].0 / shares[0].1, shares[1].0 / shares[1].1)
    }
}
