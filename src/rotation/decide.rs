//! What to do next for one credential: rows in the order of their weight, the first that matches wins.
//!
//! Each row is a small function from what was observed to a decision, or to nothing. Status is derived from the same
//! observation by [`super::readiness`], so that the two cannot disagree.

use super::{
    backoff::pause_end,
    cause::{capped_until, cause},
    failure_wait,
    observation::{Content, Observation, Target},
    patience::QUIET_WAIT,
    schedule::{Timetable, timetable},
    session::{RefreshToken, may_refresh},
};
pub use super::{
    observation::now_stands,
    step::{Because, Decision, Step},
};
use crate::api::{Moment, Span};

/// With nothing else to wake for, look again after this time.
const LONGEST_SLEEP: Span = Span::hours(12);

/// Decides the next step of a credential.
#[must_use]
pub fn decide(seen: &Observation, now: Moment) -> Decision {
    let look = Look::at(seen, now);
    Look::ROWS
        .iter()
        .find_map(|row| row(&look))
        .unwrap_or_else(|| look.fresh())
}

/// When the token in place expires and renews, if there is one.
#[must_use]
pub fn times(seen: &Observation, now: Moment) -> Option<Timetable> {
    seen.issue()
        .map(|issue| timetable(&seen.uid, issue, &seen.renewal, seen.anchors, now))
}

struct Look<'a> {
    seen: &'a Observation,
    now: Moment,
    times: Option<Timetable>,
}

impl<'a> Look<'a> {
    const ROWS: [fn(&Look<'a>) -> Option<Decision>; 16] = [
        Self::deleting,
        Self::spec_invalid,
        Self::no_view,
        Self::old_target_expired,
        Self::target_taken,
        Self::held,
        Self::unverified,
        Self::rolled_back,
        Self::suspended,
        Self::drift,
        Self::trouble,
        Self::domain_problem,
        Self::source_problem,
        Self::backing_off,
        Self::unscheduled,
        Self::due,
    ];

    fn at(seen: &'a Observation, now: Moment) -> Self {
        let times = times(seen, now);
        Self { seen, now, times }
    }

    fn deleting(&self) -> Option<Decision> {
        self.seen.deleting.then(|| self.wait(Because::Deleting, None))
    }

    fn spec_invalid(&self) -> Option<Decision> {
        let invalid = self.seen.spec_problem.is_some();
        invalid.then(|| self.wait(Because::SpecInvalid, None))
    }

    /// What the stores say of Secrets may be old or nothing at all; the watch wakes us when that has changed.
    fn no_view(&self) -> Option<Decision> {
        let blind = self.seen.view_problem.is_some();
        blind.then(|| self.wait(Because::Trouble, None))
    }

    /// Before anything about the current target: two credentials that swap names wait for each other's old Secret. One
    /// whose facts somebody removed may still be mounted; it goes with its owner.
    fn old_target_expired(&self) -> Option<Decision> {
        let expired = self.seen.old_targets.iter().find(|old| {
            old.expires_at.is_some_and(|expires| expires <= self.now) && self.ahead(old.not_before).is_none()
        })?;
        Some(self.act(Step::DeleteOldTarget(expired.name.clone()), Because::OldTargetExpired))
    }

    fn target_taken(&self) -> Option<Decision> {
        matches!(self.seen.target, Target::Taken(_)).then(|| self.wait(Because::TargetTaken, None))
    }

    /// A conflict or a refused write retries the write, never the grant: nothing below may request another token.
    fn held(&self) -> Option<Decision> {
        let held = self.seen.held.as_ref()?;
        Some(match self.ahead(Some(held.not_before)) {
            Some(not_before) => self.wait(Because::Held, Some(not_before)),
            None => self.act(Step::StoreHeld, Because::Held),
        })
    }

    fn unverified(&self) -> Option<Decision> {
        let unverified = self.seen.content() == Some(Content::Unverified) && self.seen.issue().is_some();
        (unverified && self.troubled_until().is_none()).then(|| self.act(Step::Verify, Because::Unverified))
    }

    /// Before status forgets that a later token was granted: the refresh token in place may have been used for it.
    fn rolled_back(&self) -> Option<Decision> {
        let unmarked = self.seen.is_put_back() && self.seen.refresh_token() == RefreshToken::Unused;
        let paused = self.ahead(self.seen.repair_not_before).is_some();
        (unmarked && !paused).then(|| self.act(Step::MarkTried, Because::PutBack))
    }

    fn suspended(&self) -> Option<Decision> {
        self.seen.suspended.then(|| self.wait(Because::Suspended, None))
    }

    /// Worth a write only while the token lives, and only where the tokens in place serve the current spec.
    fn drift(&self) -> Option<Decision> {
        let Target::Ours(ours) = &self.seen.target else {
            return None;
        };
        let issue = ours.issue.as_ref()?;
        let drifted = ours.drift.is_some() || issue.layout != self.seen.layout;
        let alive = self.times.is_some_and(|times| times.expires > self.now);
        let usable = ours.content == Content::Good && issue.identity == self.seen.identity && alive;
        let paused = self.ahead(self.seen.repair_not_before).is_some();
        (drifted && usable && !paused).then(|| self.act(Step::Repair, Because::Drift))
    }

    fn trouble(&self) -> Option<Decision> {
        let next = self.troubled_until()?;
        Some(self.wait(Because::Trouble, Some(next)))
    }

    fn domain_problem(&self) -> Option<Decision> {
        let problem = self.seen.domain_problem.is_some();
        problem.then(|| self.wait(Because::DomainProblem, None))
    }

    fn source_problem(&self) -> Option<Decision> {
        let problem = self.seen.sources.problem.is_some();
        problem.then(|| self.wait(Because::SourceProblem, None))
    }

    fn backing_off(&self) -> Option<Decision> {
        let until = self.backed_off_until()?;
        Some(self.wait(Because::BackingOff, Some(until)))
    }

    /// A login that no schedule asked for, within the cap. A renewal that is due is never held back by the cap.
    fn unscheduled(&self) -> Option<Decision> {
        let why = cause(self.seen, self.times, self.now)?;
        let is_due = self.due();
        match capped_until(self.seen, self.now) {
            None if matches!(why, Because::RotateAsked | Because::RefreshTried) && is_due.is_some() => is_due,
            None => Some(self.act(self.request(why), why)),
            Some(_) if is_due.is_some() => is_due,
            Some(frees) => {
                let renews = self.times.map(|times| times.renews).filter(|at| *at > self.now);
                let timer = renews.map_or(frees, |renews| renews.min(frees));
                Some(self.wait(Because::TooManyGrants, Some(timer)))
            }
        }
    }

    fn due(&self) -> Option<Decision> {
        let scheduled = self
            .times
            .is_some_and(|times| times.renews <= self.now && !times.age_unknown);
        let scheduled = scheduled && !self.seen.is_put_back();
        scheduled.then(|| self.act(self.request(Because::Due), Because::Due))
    }

    fn request(&self, why: Because) -> Step {
        let planned = matches!(why, Because::Due | Because::RotateAsked);
        if planned && may_refresh(self.seen, self.times, self.now) {
            Step::Refresh
        } else {
            Step::Login
        }
    }

    fn fresh(&self) -> Decision {
        self.wait(Because::Fresh, self.times.map(|times| times.renews))
    }

    fn backed_off_until(&self) -> Option<Moment> {
        let anchor = self.seen.anchors.failure;
        failure_wait::wait_until(&self.seen.failure, &now_stands(self.seen), anchor, self.now)
    }

    fn troubled_until(&self) -> Option<Moment> {
        self.ahead(self.seen.trouble.as_ref().map(|trouble| trouble.next))
    }

    fn ahead(&self, end: Option<Moment>) -> Option<Moment> {
        pause_end(end, self.now)
    }

    fn act(&self, step: Step, because: Because) -> Decision {
        // What was decided is done at once; should it not be, decide again soon.
        let soon = self.now + Span::seconds(1);
        let until = self.wait(because, Some(soon)).until;
        Decision { step, until, because }
    }

    /// Waits for the earliest of the row's own timer, the instant at which Ready must change, and an old target's end.
    fn wait(&self, because: Because, timer: Option<Moment>) -> Decision {
        let old = self.seen.old_targets.iter();
        let old = old.filter_map(|old| old.expires_at.max(self.ahead(old.not_before)));
        let expiry = self.times.map(|times| times.expires);
        let quiet = self.seen.waiting.map(|waiting| waiting.since + QUIET_WAIT);
        let repair = self.ahead(self.seen.repair_not_before);
        let instants = old
            .chain(expiry)
            .chain(quiet)
            .chain(repair)
            .chain(self.troubled_until())
            .chain(timer);
        let until = instants.filter(|instant| *instant > self.now).min();
        Decision {
            step: Step::Wait,
            until: until.unwrap_or(Moment::MAX).min(self.now + LONGEST_SLEEP),
            because,
        }
    }
}
