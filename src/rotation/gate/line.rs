//! Who waits: a line for each host, and behind each account that has a request under way those who want the same.
//!
//! Whoever found the account taken is not in the line of the host, so that a free place does not wake it in vain. When
//! that request has ended, the first of them is let through to the line, and the next one when that one is done: if all
//! came at once, each would take a place from others only to find the account taken again. Who was let through carries
//! the account's turn until it is done, so that none behind it is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::request::{Digest, Request, Trust};
use crate::api::Moment;

/// The order in which credentials go: by what is known of their values, then by expiry, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// Values that may be wrong come last.
    pub trust: Trust,
    /// Expiry of the token in place.
    pub expires: Moment,
    /// Who.
    pub credential: String,
}

impl Rank {
    /// The rank of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            trust: request.trust,
            expires: request.expires,
            credential: request.credential.clone(),
        }
    }

    /// Whether it may take only half of the places.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        !self.trust.is_proven()
    }
}

/// A credential that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiter {
    /// For which host.
    pub host: String,
    /// Before and behind whom.
    pub rank: Rank,
    /// The account whose turn it has.
    pub turn: Option<Digest>,
    /// The account that was taken, while it waits behind it.
    pub behind: Option<Digest>,
    /// Told that it may go, and not heard of since.
    told: bool,
}

impl Waiter {
    /// One that has not been told yet.
    #[must_use]
    pub fn new(host: String, rank: Rank, turn: Option<Digest>, behind: Option<Digest>) -> Self {
        Self {
            host,
            rank,
            turn,
            behind,
            told: false,
        }
    }
}

/// All who wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lines {
    waiters: BTreeMap<String, Waiter>,
    by_host: BTreeMap<String, BTreeSet<Rank>>,
    /// The first of each host's line, with its host: those who go are found without a look at every host.
    heads: BTreeMap<Rank, String>,
    by_account: BTreeMap<Digest, BTreeSet<Rank>>,
}

impl Lines {
    /// Puts a credential where it belongs; it must not be in here.
    pub fn insert(&mut self, waiter: Waiter) {
        if let Some(account) = waiter.behind {
            self.by_account.entry(account).or_default().insert(waiter.rank.clone());
        } else {
            let line = self.by_host.entry(waiter.host.clone()).or_default();
            let head = line.first();
            if head.is_none_or(|head| waiter.rank < *head) {
                if let Some(head) = head {
                    self.heads.remove(head);
                }
                self.heads.insert(waiter.rank.clone(), waiter.host.clone());
            }
            line.insert(waiter.rank.clone());
        }
        self.waiters.insert(waiter.rank.credential.clone(), waiter);
    }

    /// Takes a credential out. No empty line is left.
    pub fn remove(&mut self, credential: &str) -> Option<Waiter> {
        let waiter = self.waiters.remove(credential)?;
        if let Some(account) = waiter.behind {
            take(&mut self.by_account, &account, &waiter.rank);
            return Some(waiter);
        }
        take(&mut self.by_host, &waiter.host, &waiter.rank);
        if self.heads.remove(&waiter.rank).is_some()
            && let Some(next) = self.by_host.get(&waiter.host).and_then(BTreeSet::first)
        {
            self.heads.insert(next.clone(), waiter.host.clone());
        }
        Some(waiter)
    }

    /// Lets the first of those through who wait behind this account.
    pub fn let_through(&mut self, account: Digest) {
        let first = self.by_account.get(&account).and_then(BTreeSet::first);
        let Some(credential) = first.map(|rank| rank.credential.clone()) else {
            return;
        };
        if let Some(waiter) = self.remove(&credential) {
            self.insert(Waiter::new(waiter.host, waiter.rank, Some(account), None));
        }
    }

    /// Marks credentials as told.
    pub fn tell(&mut self, credentials: &[String]) {
        for credential in credentials {
            if let Some(waiter) = self.waiters.get_mut(credential) {
                waiter.told = true;
            }
        }
    }

    /// Whether a credential was told since it asked.
    #[must_use]
    pub fn was_told(&self, credential: &str) -> bool {
        self.waiters.get(credential).is_none_or(|waiter| waiter.told)
    }

    /// The host that a credential waits for.
    #[must_use]
    pub fn host_of(&self, credential: &str) -> Option<&str> {
        self.waiters.get(credential).map(|waiter| waiter.host.as_str())
    }

    /// The first of each host's line in their order, each with its host.
    pub fn heads(&self) -> impl Iterator<Item = (&Rank, &str)> {
        self.heads.iter().map(|(rank, host)| (rank, host.as_str()))
    }

    /// Those who wait for this host, first come first.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = &Rank> {
        self.by_host.get(host).into_iter().flatten()
    }

    /// Whether nobody waits for a host.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_host.is_empty()
    }

    /// Whether this host has a line.
    #[must_use]
    pub fn has_line(&self, host: &str) -> bool {
        self.by_host.contains_key(host)
    }

    /// How many wait.
    #[must_use]
    pub fn count(&self) -> usize {
        self.waiters.len()
    }
}

fn take<K: Ord + Clone>(lines: &mut BTreeMap<K, BTreeSet<Rank>>, of: &K, rank: &Rank) {
    if let Some(line) = lines.get_mut(of) {
        line.remove(rank);
        if line.is_empty() {
            lines.remove(of);
        }
    }
}
