//! What readers of the token Secrets have had, and how near to its limits the operator came.
//!
//! A credential counts as healthy from some time after the latest thing that happened to it, its host, the API server or
//! the operator; how long depends on what it was (`incidents.rs`). From then on it must have a token that works, with two
//! minutes of life, at any moment. The books are kept by the records of the API server and of TrackTik, and now and then it
//! is looked whether they say what a reader of the Secret finds.

use std::{collections::HashMap, time::Duration};

use tracktik_operator::{
    api::Grant,
    clock::{Instant, monotonic},
};

use super::{
    figures::{Logins, Seen},
    life::{InPlace, Life, Share, availability, millis},
    residents::Resident,
    tenants::{Arrival, Tenants},
};
use crate::api_server::{ApiServer, Entry, What};

/// The least that a token in a Secret may have left, in milliseconds.
pub const FLOOR: i64 = 120_000;

/// A refresh revokes the token in place before there is another: for as long as an answer is waited for, and is stored.
const WHILE_REFRESHED: Duration = Duration::from_secs(45);

/// Each Secret is read at every so many looks.
const READ_AT: usize = 10;

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
    /// By account.
    logins: HashMap<String, Logins>,
    looks: usize,
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
            logins: HashMap::new(),
            looks: 0,
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

    /// The credentials that use this account.
    pub fn users(&self, username: &str) -> Vec<usize> {
        self.by_username.get(username).cloned().unwrap_or_default()
    }

    /// When the token in its Secret expires, or did.
    pub fn expiry(&self, number: usize) -> Option<Instant> {
        self.lives[number].token.as_ref().map(|token| token.expires)
    }

    fn disturbed_until(&self, number: usize) -> Instant {
        let life = &self.lives[number];
        self.all_disturbed_until
            .max(self.hosts_disturbed_until[life.host])
            .max(life.disturbed_until)
    }

    fn is_healthy(&self, number: usize, at: Instant) -> bool {
        !self.lives[number].broken && at > self.disturbed_until(number)
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
        self.looks += 1;
        let now = monotonic();
        for number in 0..self.lives.len() {
            if self.lives[number].broken {
                continue;
            }
            self.settle(number, now);
            self.seen.looks += 1;
            if self.is_healthy(number, now) {
                self.seen.healthy_looks += 1;
                if self.lives[number].has_token(now) {
                    let expires = self.expiry(number).unwrap();
                    self.has_left(number, millis(now, expires));
                }
                if number % READ_AT == self.looks % READ_AT {
                    self.read(number, now, api, tracktik);
                }
            }
        }
    }

    /// Enters the time that has passed for one of them. How long it is without a token that works is bounded.
    fn settle(&mut self, number: usize, now: Instant) {
        let disturbed_until = self.disturbed_until(number);
        let life = &mut self.lives[number];
        life.settle(now, disturbed_until);
        let (longest, most) = if life.refreshes {
            (&mut self.seen.longest_gap_of_refreshes, WHILE_REFRESHED)
        } else {
            (&mut self.seen.longest_gap_of_logins, Duration::ZERO)
        };
        *longest = life.gap.max(*longest);
        if life.gap > most && !life.broken {
            let told = format!(
                "{} is healthy and has been without a token for {:?}",
                life.name, life.gap
            );
            self.wrong.push(told);
        }
    }

    fn has_left(&mut self, number: usize, left: i64) {
        let Life { name, late, .. } = &self.lives[number];
        self.seen.left(left, *late);
        if left < FLOOR {
            self.wrong
                .push(format!("{name} is healthy and its token has {left} ms left"));
        }
    }

    /// Looks as a reader does.
    fn read(&mut self, number: usize, now: Instant, api: &ApiServer, tracktik: &Tenants) {
        let life = &self.lives[number];
        let token = api.read(&format!("{}-token", life.name), "access_token");
        let lets_in = token.and_then(|token| tracktik.lets_in(&token));
        let booked = life.has_token(now).then_some(&life.username);
        if lets_in.as_ref() != booked {
            let told = format!("{}: the books say {booked:?}, and a reader is {lets_in:?}", life.name);
            self.wrong.push(told);
        }
    }

    fn arrived(&mut self, arrival: &Arrival) {
        self.seen.requests += 1;
        self.seen.grants += usize::from(arrival.granted);
        self.mix(arrival.at, &arrival.username);
        if arrival.how == Grant::Refresh && arrival.granted {
            self.seen.refreshes += 1;
            for number in self.users(&arrival.username) {
                let life = &mut self.lives[number];
                if life.token.as_ref().map(|token| token.serial) == arrival.revoked {
                    life.ends(arrival.at);
                }
            }
        }
        if arrival.how == Grant::Password {
            let users = self.users(&arrival.username);
            let broken = users.iter().any(|number| self.lives[*number].broken);
            let logins = self.logins.entry(arrival.username.clone()).or_default();
            logins.add(arrival, users.len(), broken, &mut self.seen);
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
        if matches!(entry.what, What::Stored { .. } | What::Gone) {
            self.settle(number, entry.at);
        }
        let life = &mut self.lives[number];
        life.writes += usize::from(!matches!(entry.what, What::Gone));
        let stored = match &entry.what {
            What::Stored { access_token } => InPlace::new(entry.at, tracktik.session(access_token)),
            What::Gone => return life.ends(entry.at),
            What::Marked | What::Said => return,
        };
        let writes = std::mem::take(&mut life.writes);
        let serial = stored.serial;
        let Some(before) = life.token.replace(stored) else {
            return;
        };
        if before.serial == serial {
            // The same tokens, written once more.
            return;
        }
        self.seen.lifetimes += 1;
        if healthy {
            // Also when the one before was stored, so that nothing but a renewal came between.
            if self.is_healthy(number, before.since) {
                self.seen.most_writes = self.seen.most_writes.max(writes);
            }
            self.has_left(number, millis(entry.at.min(before.until), before.expires));
        }
    }

    fn mix(&mut self, at: Instant, who: &str) {
        let millis = (at - self.began).as_millis();
        self.seen.mix(u64::try_from(millis).unwrap(), who);
    }

    pub fn availability(&self) -> [(Share, Share); 2] {
        availability(&self.lives)
    }
}
