//! Which values may be sent: refused ones are not tried again by another credential, and no account is refused often.
//!
//! TrackTik locks accounts after an unknown number of wrong passwords, and any number of credentials may name one account.
//! What is known here ends with the process; what the failure records of credentials tell of it is told anew by
//! [`AccountGuard::learn`], from values that are read for that, since no digest of them may be kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    outcome::Outcome,
    rejections::Rejections,
    request::{Digest, Refusal},
};
use crate::{
    api::{Moment, Reason, Span},
    rotation::standing::Standing,
};

/// Values are forgotten this long after their pace has ended.
const REMEMBERED: Span = Span::hours(24);

/// And those that are known from a record only, after this time: longer than the request that follows, whose answer goes on from
/// there.
const TOLD_REMEMBERED: Span = Span::hours(1);

/// Nothing more is learned from records where so much is known: they are what users may write, and must not fill the memory.
const MOST_VALUES: usize = 20_000;

/// What a request sends, as keyed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Of domain, client id, client secret, username and password.
    pub values: Digest,
    /// Of domain, username and password, whatever the client.
    pub password: Digest,
    /// Of domain and username.
    pub account: Digest,
}

/// The answers to values and accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountGuard {
    values: BTreeMap<Digest, LastAnswer>,
    /// The same, by the time at which each is forgotten.
    forgotten: BTreeSet<(Moment, Digest)>,
    /// Of accounts: for those that are not known to work.
    of_accounts: Rejections,
    /// Of passwords, until one is accepted: for those that are known to work.
    of_passwords: Rejections,
    /// Of those, by values that had worked, with when: the password was changed, or the account is locked, and whatever else
    /// worked with it is no longer known to. For longer than an hour, in which all that is refused may have been so before.
    fallen: BTreeMap<Digest, Moment>,
}

/// The latest answer to some values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LastAnswer {
    /// Nothing after a success, which is what most of ten thousand are.
    standing: Option<Box<Standing>>,
    /// When it was given, or the pace ends that it has.
    until: Moment,
    /// If from a record only: since when it is known, or, of a success, when it was granted.
    told: Option<Moment>,
}

impl LastAnswer {
    fn forgotten_at(&self) -> Moment {
        match self.told {
            // Its wait may be long over.
            Some(told) => self.until.max(told) + TOLD_REMEMBERED,
            None => self.until + REMEMBERED,
        }
    }

    /// Whether these values work, as far as they were answered.
    fn works(&self) -> Option<bool> {
        match &self.standing {
            None => Some(true),
            Some(standing) => standing.is_refusal().then_some(false),
        }
    }
}

impl AccountGuard {
    /// Why these values must not be sent now, if so.
    ///
    /// `by_request`, that a person asks for it, passes over the pace of the values, and not over what the account bears.
    /// `proven` stands for a success that this process has not seen itself.
    #[must_use]
    pub fn refusal(&self, sent: Sent, proven: bool, by_request: bool, now: Moment) -> Option<Refusal> {
        let works = self.works(sent, proven);
        let standing = self.standing(sent.values);
        // An outcome that was lost says nothing of values that are known to work, and they are needed in time.
        let standing = standing.filter(|standing| standing.is_refusal() || !works);
        let pace = standing.filter(|standing| standing.until > now && !by_request);
        let pace = pace.map(|standing| Refusal {
            until: standing.until,
            reason: standing.reason,
        });
        // Others may send wrong passwords for this account for ever; the right one goes through.
        let cap = match works {
            true if self.has_fallen(sent.password, now) => self.of_passwords.refusal(sent.password, now),
            true => None,
            false => self.of_accounts.refusal(sent.account, now),
        };
        pace.into_iter().chain(cap).max_by_key(|refusal| refusal.until)
    }

    /// Whether these values are known to work, given whether their credential knows it.
    #[must_use]
    pub fn works(&self, sent: Sent, proven: bool) -> bool {
        let last = self.values.get(&sent.values);
        last.and_then(LastAnswer::works).unwrap_or(proven)
    }

    fn has_fallen(&self, password: Digest, now: Moment) -> bool {
        self.fallen.get(&password).is_some_and(|at| *at + REMEMBERED > now)
    }

    /// How far the pace of these values has come.
    #[must_use]
    pub fn standing(&self, values: Digest) -> Option<Standing> {
        self.values.get(&values)?.standing.as_deref().copied()
    }

    /// A request that sent these values ended. What says nothing about them changes nothing.
    pub fn answered(&mut self, sent: Sent, proven: bool, outcome: Outcome, now: Moment) {
        match outcome {
            Outcome::Token => {
                self.of_passwords.accepted(sent.password);
                self.fallen.remove(&sent.password);
                self.remember(sent.values, None, now, None);
            }
            Outcome::Rejected { reason, .. } => {
                // What a client did wrong says nothing of the password that others send as well.
                if reason != Reason::ClientRejected {
                    self.of_passwords.note(sent.password, reason, now);
                    if self.works(sent, proven) {
                        self.fallen.insert(sent.password, now);
                    }
                }
                self.of_accounts.note(sent.account, reason, now);
                let standing = Standing::after_rejection(self.standing(sent.values), reason, now);
                self.remember(sent.values, Some(standing), standing.until, None);
            }
            _ => {}
        }
    }

    /// What the failure record of a credential tells of these values. What this process itself has seen succeed is not doubted
    /// for it. That an account was refused by other values is not taken from records: anybody may write of anybody's.
    pub fn learn(&mut self, sent: Sent, told: Standing, now: Moment) {
        let known = self.values.get(&sent.values);
        let is_too_much = known.is_none() && self.values.len() >= MOST_VALUES;
        if is_too_much || known.is_some_and(|known| known.standing.is_none()) {
            return;
        }
        let only_told = known.is_none_or(|known| known.told.is_some());
        let standing = known
            .and_then(|known| known.standing.as_deref().copied())
            .map_or(told, |known| known.further(told));
        self.remember(sent.values, Some(standing), standing.until, only_told.then_some(now));
    }

    /// What the facts on a token Secret tell: with these values a token was requested at this time, and granted. What is known
    /// from records of requests before that is over.
    pub fn worked(&mut self, sent: Sent, at: Moment) {
        let known = self.values.get(&sent.values).filter(|known| known.told.is_some());
        let standing = known.and_then(|known| known.standing.as_deref());
        if standing.is_some_and(|standing| standing.until - standing.step < at) {
            self.remember(sent.values, None, at, Some(at));
        }
    }

    fn remember(&mut self, values: Digest, standing: Option<Standing>, until: Moment, told: Option<Moment>) {
        let standing = standing.map(Box::new);
        let answer = LastAnswer { standing, until, told };
        let forgotten_at = answer.forgotten_at();
        if let Some(before) = self.values.insert(values, answer) {
            self.forgotten.remove(&(before.forgotten_at(), values));
        }
        self.forgotten.insert((forgotten_at, values));
    }

    /// Forgets what says nothing any more.
    pub fn forget(&mut self, now: Moment) {
        while let Some((_, values)) = self.forgotten.first().copied().filter(|(at, _)| *at <= now) {
            self.forgotten.pop_first();
            self.values.remove(&values);
        }
        self.of_accounts.forget(now);
        self.of_passwords.forget(now);
        self.fallen.retain(|_, at| *at + REMEMBERED > now);
    }
}
