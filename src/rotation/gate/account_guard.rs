//! Which values may be sent: refused ones are not tried again by another credential, and no account is refused often.
//!
//! TrackTik locks accounts after an unknown number of wrong passwords, and any number of credentials may name one account.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    outcome::Outcome,
    request::{Digest, Refusal},
};
use crate::{
    api::{Moment, Reason, Span},
    rotation::backoff::Pace,
};

/// Over this time the rejections of an account are counted.
const WINDOW: Span = Span::hours(1);

/// So many of them, and no values are sent but those that succeeded last.
const MOST_REJECTIONS: usize = 5;

/// Values are forgotten this long after their pace has ended.
const REMEMBERED: Span = Span::hours(24);

/// What a request sends, as keyed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Of domain, client id, username and password.
    pub values: Digest,
    /// Of domain and username.
    pub account: Digest,
}

/// The answers to values and accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountGuard {
    values: BTreeMap<Digest, LastAnswer>,
    /// The same, by the time at which each is forgotten.
    forgotten: BTreeSet<(Moment, Digest)>,
    /// The rejections of the last hour, by time and account: some hundreds, since each holds a place for minutes.
    rejections: BTreeMap<(Moment, Digest), Vec<Reason>>,
}

/// The latest answer to some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LastAnswer {
    /// Rejections in a row; none after a success.
    rejections: i32,
    /// Not before this time, unless asked for.
    until: Moment,
    /// Why the last of them was rejected; nothing after a success.
    reason: Option<Reason>,
}

impl AccountGuard {
    /// Why these values must not be sent now, if so.
    ///
    /// `by_request`, that a person asks for it, passes over the pace of the values, and not over what the account bears.
    /// `proven` stands for a success that this process has not seen itself.
    #[must_use]
    pub fn refusal(&self, sent: Sent, proven: bool, by_request: bool, now: Moment) -> Option<Refusal> {
        let last = self.values.get(&sent.values);
        let pace = last.filter(|last| last.until > now && !by_request).and_then(|last| {
            let (until, reason) = (last.until, last.reason?);
            Some(Refusal { until, reason })
        });
        // Others may send wrong passwords for this account for ever; the right one goes through.
        let succeeded = last.map_or(proven, |last| last.rejections == 0);
        let account = if succeeded {
            None
        } else {
            self.account_refusal(sent.account, now)
        };
        pace.into_iter().chain(account).max_by_key(|refusal| refusal.until)
    }

    fn account_refusal(&self, account: Digest, now: Moment) -> Option<Refusal> {
        let rejections: Vec<(Moment, Reason)> = self
            .rejections
            .iter()
            .filter(|((at, of), _)| *of == account && *at + WINDOW > now)
            .flat_map(|((at, _), reasons)| reasons.iter().map(|reason| (*at, *reason)))
            .collect();
        let oldest_that_counts = rejections.len().checked_sub(MOST_REJECTIONS)?;
        let (at, _) = rejections.get(oldest_that_counts)?;
        let (_, reason) = rejections.last()?;
        Some(Refusal {
            until: *at + WINDOW,
            reason: *reason,
        })
    }

    /// A request that sent these values ended. What says nothing about them changes nothing.
    pub fn answered(&mut self, sent: Sent, outcome: Outcome, now: Moment) {
        match outcome {
            Outcome::Token => self.remember(
                sent.values,
                LastAnswer {
                    rejections: 0,
                    until: now,
                    reason: None,
                },
            ),
            Outcome::Rejected { reason, .. } => {
                let before = self.values.get(&sent.values).map_or(0, |last| last.rejections);
                let rejections = before.saturating_add(1);
                let until = now + Pace::Rejection.wait(rejections, 0);
                let answer = LastAnswer {
                    rejections,
                    until,
                    reason: Some(reason),
                };
                self.remember(sent.values, answer);
                self.rejections.entry((now, sent.account)).or_default().push(reason);
            }
            _ => {}
        }
    }

    fn remember(&mut self, values: Digest, answer: LastAnswer) {
        if let Some(before) = self.values.insert(values, answer) {
            self.forgotten.remove(&(before.until + REMEMBERED, values));
        }
        self.forgotten.insert((answer.until + REMEMBERED, values));
    }

    /// Forgets what says nothing any more.
    pub fn forget(&mut self, now: Moment) {
        while let Some((_, values)) = self.forgotten.first().copied().filter(|(at, _)| *at <= now) {
            self.forgotten.pop_first();
            self.values.remove(&values);
        }
        while let Some(first) = self.rejections.first_entry()
            && first.key().0 + WINDOW <= now
        {
            first.remove();
        }
    }
}
