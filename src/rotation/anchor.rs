//! Stored times that lie ahead of the clock: it was set back since they were written, or another's clock wrote them.
//!
//! Such a time says how long something lasts and not until when, so it is counted from the instant at which this process
//! first saw it. That instant is kept by a clock that never goes back: the wall clock may be put right a moment later, or
//! be set again, and what was waited for must neither end early nor begin anew.

use super::{
    failure_wait,
    observation::{Anchors, Observation},
};
use crate::api::Moment;

/// What was first seen to be ahead of the clock, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnchorsKept {
    issue: Option<Box<Anchor<String>>>,
    failure: Option<Anchor<Moment>>,
}

impl AnchorsKept {
    /// Looks at what stands now. `steady` is the time by a clock that never goes back.
    pub fn look(&mut self, seen: &Observation, now: Moment, steady: Moment) -> Anchors {
        let issue = seen.issue();
        let id = issue.map(|issue| issue.issue_id.clone());
        let ahead = issue.is_some_and(|issue| issue.issued_at > now);
        let before = self.issue.take().map(|anchor| *anchor);
        self.issue = Anchor::kept(before, id, ahead, steady).map(Box::new);
        let written = failure_wait::written_at(&seen.failure);
        let ahead = written.is_some_and(|written| failure_wait::is_ahead(written, now));
        self.failure = Anchor::kept(self.failure.take(), written, ahead, steady);
        Anchors {
            issue: self.issue.as_ref().map(|anchor| anchor.at(now, steady)),
            failure: self.failure.as_ref().map(|anchor| anchor.at(now, steady)),
        }
    }
}

/// When something was first seen to be ahead of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Anchor<T> {
    of: T,
    since: Moment,
}

impl<T: PartialEq> Anchor<T> {
    /// The anchor of what stands now, `ahead` of the clock or not: as long as that is the same, it stays, since a clock
    /// that has caught up says nothing about its age.
    fn kept(before: Option<Self>, of: Option<T>, ahead: bool, steady: Moment) -> Option<Self> {
        let of = of?;
        match before {
            Some(anchor) if anchor.of == of => Some(anchor),
            _ => ahead.then_some(Self { of, since: steady }),
        }
    }

    /// The instant, as the wall clock that shows `now` would have shown it.
    fn at(&self, now: Moment, steady: Moment) -> Moment {
        now - (steady - self.since)
    }
}
