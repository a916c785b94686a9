//! How often something was refused within the last hour: an account, or a password.

use std::collections::BTreeMap;

use super::request::{Digest, Refusal};
use crate::api::{Moment, Reason, Span};

/// Over this time they are counted.
const WINDOW: Span = Span::hours(1);

/// So many of them, and nothing more is sent for as long as they count.
const MOST: usize = 5;

/// The rejections of the last hour, by time and of what: some hundreds, since each holds a place for minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rejections(BTreeMap<(Moment, Digest), Vec<Reason>>);

impl Rejections {
    /// One more.
    pub fn note(&mut self, of: Digest, reason: Reason, at: Moment) {
        self.0.entry((at, of)).or_default().push(reason);
    }

    /// It was accepted, so the rejections before that say nothing any more.
    pub fn accepted(&mut self, of: Digest) {
        self.0.retain(|(_, other), _| *other != of);
    }

    fn these(&self, of: Digest, now: Moment) -> impl Iterator<Item = (&(Moment, Digest), &Vec<Reason>)> {
        self.0
            .iter()
            .filter(move |((at, other), _)| *other == of && *at + WINDOW > now)
    }

    /// Whether there were too many.
    #[must_use]
    pub fn refusal(&self, of: Digest, now: Moment) -> Option<Refusal> {
        let these: Vec<(Moment, Reason)> = self
            .these(of, now)
            .flat_map(|((at, _), reasons)| reasons.iter().map(|reason| (*at, *reason)))
            .collect();
        let oldest_that_counts = these.len().checked_sub(MOST)?;
        let (at, _) = these.get(oldest_that_counts)?;
        let (_, reason) = these.last()?;
        Some(Refusal {
            until: *at + WINDOW,
            reason: *reason,
        })
    }

    /// Forgets what no longer counts.
    pub fn forget(&mut self, now: Moment) {
        while let Some(first) = self.0.first_entry()
            && first.key().0 + WINDOW <= now
        {
            first.remove();
        }
    }
}
