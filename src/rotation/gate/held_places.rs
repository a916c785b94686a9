//! Places that stay taken after their request, because TrackTik may still count it as a failed login.

use std::{collections::BTreeMap, ops::Bound};

use super::outcome::Past;
use crate::api::{Moment, Span};

/// From the end of a request that may have failed. TrackTik counts over two minutes; 40 s more are for clocks that
/// differ, since the end may be known from the record of another process only.
const AFTER_FAILURE: Span = Span::seconds(160);

/// From the announcement of a request whose outcome is unknown: it may be sent 10 s later and be answered 45 s after that.
/// With the two minutes this leaves 25 s for clocks that differ.
const AFTER_ANNOUNCEMENT: Span = Span::seconds(200);

/// A record in which an announcement has become an attempt that ended unknown says that it ended this much after it was
/// announced: held for 160 s from there, it is held for the same 200 s.
pub const UNTIL_LOST: Span = Span::seconds(40);

/// The places, by the time at which they become free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HeldPlaces {
    all: BTreeMap<Moment, usize>,
    /// Those of unproven requests, which are among `all`.
    unproven: BTreeMap<Moment, usize>,
}

impl HeldPlaces {
    /// Holds the place of a request that ended now.
    pub fn hold(&mut self, proven: bool, now: Moment) {
        self.hold_until(now + AFTER_FAILURE, proven, now);
    }

    /// Holds the place of a request that a record tells of. A time in the future is a clock that differs, and counts as
    /// now: taken at its word, it would hold the place for as long as the clock is wrong. But an end may be as far ahead as
    /// that of a lost request may truly be.
    ///
    /// It counts as unproven. Whether it was is not recorded, and since it failed it most likely is by now; counted as
    /// proven, a restart would give the broken credentials their half once more, at the cost of those that work.
    pub fn recall(&mut self, past: Past, now: Moment) {
        let end = match past {
            Past::Failed { ended } => ended.min(now + UNTIL_LOST) + AFTER_FAILURE,
            Past::Unresolved { announced } => announced.min(now) + AFTER_ANNOUNCEMENT,
        };
        self.hold_until(end, false, now);
    }

    /// Holds a place for a request that may have been announced by now, or failed. Not as that of an unproven one: the
    /// few places that are left serve them too.
    pub fn hold_unknown(&mut self, now: Moment) {
        self.hold_until(now + AFTER_ANNOUNCEMENT, true, now);
    }

    fn hold_until(&mut self, end: Moment, proven: bool, now: Moment) {
        if end <= now {
            return;
        }
        *self.all.entry(end).or_default() += 1;
        if !proven {
            *self.unproven.entry(end).or_default() += 1;
        }
    }

    /// Forgets the places that are free by now.
    pub fn free_ended(&mut self, now: Moment) {
        for held in [&mut self.all, &mut self.unproven] {
            while held.first_key_value().is_some_and(|(end, _)| *end <= now) {
                held.pop_first();
            }
        }
    }

    /// How many are held.
    #[must_use]
    pub fn count(&self, now: Moment) -> usize {
        after(&self.all, now).map(|(_, count)| count).sum()
    }

    /// How many unproven requests hold.
    #[must_use]
    pub fn unproven(&self, now: Moment) -> usize {
        after(&self.unproven, now).map(|(_, count)| count).sum()
    }

    /// When the next one becomes free.
    #[must_use]
    pub fn next_end(&self, now: Moment) -> Option<Moment> {
        after(&self.all, now).next().map(|(end, _)| end)
    }

    /// When that many of them have become free.
    #[must_use]
    pub fn freed(&self, many: usize, now: Moment) -> Option<Moment> {
        nth_end(&self.all, many, now)
    }

    /// When that many of the unproven ones have become free.
    #[must_use]
    pub fn unproven_freed(&self, many: usize, now: Moment) -> Option<Moment> {
        nth_end(&self.unproven, many, now)
    }
}

fn after(held: &BTreeMap<Moment, usize>, now: Moment) -> impl Iterator<Item = (Moment, usize)> {
    held.range((Bound::Excluded(now), Bound::Unbounded))
        .map(|(end, count)| (*end, *count))
}

fn nth_end(held: &BTreeMap<Moment, usize>, many: usize, now: Moment) -> Option<Moment> {
    let mut freed = 0;
    after(held, now)
        .find(|(_, count)| {
            freed += count;
            freed >= many
        })
        .map(|(end, _)| end)
}
