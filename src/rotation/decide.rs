//! What to do next for one credential: rows in the order of their weight, the first that matches wins.
//!
//! Each row is a small function from what was observed to a decision, or to nothing. Status is derived from the same
//! observation by [`super::readiness`], so that the two cannot disagree.

use super::{
    failure_record,
    observation::{Content, Observation, Target},
    schedule::{Timetable, timetable},
};
use crate::api::{Moment, Span, Tried};

/// Grants other than scheduled ones are counted over this time …
pub const GRANT_WINDOW: Span = Span::minutes(10);
/// … and at most this many are made in it.
pub const GRANTS_IN_WINDOW: usize = 6;

/// A credential that waits for a place longer than this says so in status.
pub const QUIET_WAIT: Span = Span::seconds(10);

/// With nothing else to wake for, look again after this time.
const LONGEST_SLEEP: Span = Span::hours(12);

/// What to do next, until when it stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub step: Step,
    /// Decide again at this time at the latest; always later than the time of the decision.
    pub until: Moment,
    /// Why.
    pub because: Because,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing until something changes or `until` has come.
    Wait,
    /// Read the token Secret in full, once, to see whether somebody's write left it intact.
    Verify,
    /// Write the token Secret again from what is in it: no grant.
    Repair,
    /// Write the tokens that are held.
    StoreHeld,
    /// Delete a Secret of ours that is no longer the target.
    DeleteOldTarget(String),
    /// Request a token with the password grant.
    Login,
}

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// The credential is being deleted.
    Deleting,
    /// The spec cannot be acted on.
    SpecInvalid,
    /// An old target's token has expired.
    OldTargetExpired,
    /// The target's name is taken.
    TargetTaken,
    /// Tokens are held.
    Held,
    /// Somebody wrote to the token Secret.
    Unverified,
    /// `spec.suspend`.
    Suspended,
    /// The token Secret's metadata or layout is not what is asked for.
    Drift,
    /// The API server refuses what the next step needs.
    Trouble,
    /// The domain is not allowed.
    DomainProblem,
    /// A source is missing or unusable.
    SourceProblem,
    /// The failure record asks to wait.
    BackingOff,
    /// Too many grants in a short time.
    TooManyGrants,
    /// There is no token, or none whose facts are known.
    NoToken,
    /// The data of the token Secret is not what was written.
    Damaged,
    /// The data in place is too little for the layout.
    TooLittle,
    /// Domain, references or clear values changed.
    IdentityChanged,
    /// The values of a source may have changed.
    SourcesChanged,
    /// The rotate annotation has a new value.
    RotateAsked,
    /// The token was issued in the future, so its age is unknown.
    AgeUnknown,
    /// The renewal is due.
    Due,
    /// A fresh token is in place.
    Fresh,
}

/// Decides the next step of a credential.
#[must_use]
pub fn decide(seen: &Observation, now: Moment) -> Decision {
    let look = Look {
        seen,
        now,
        times: times(seen, now),
    };
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

/// What a token request made now would be made with.
#[must_use]
pub fn now_stands(seen: &Observation) -> Tried {
    Tried {
        identity: seen.identity.clone(),
        sources: seen.sources.versions.clone(),
        rotate: seen.rotate.clone(),
    }
}

struct Look<'a> {
    seen: &'a Observation,
    now: Moment,
    times: Option<Timetable>,
}

impl<'a> Look<'a> {
    const ROWS: [fn(&Look<'a>) -> Option<Decision>; 15] = [
        Self::deleting,
        Self::spec_invalid,
        Self::old_target_expired,
        Self::target_taken,
        Self::held,
        Self::unverified,
        Self::suspended,
        Self::drift,
        Self::trouble,
        Self::domain_problem,
        Self::source_problem,
        Self::backing_off,
        Self::no_usable_token,
        Self::rotate_asked,
        Self::due,
    ];

    fn deleting(&self) -> Option<Decision> {
        self.seen.deleting.then(|| self.wait(Because::Deleting, None))
    }

    fn spec_invalid(&self) -> Option<Decision> {
        self.seen
            .spec_problem
            .is_some()
            .then(|| self.wait(Because::SpecInvalid, None))
    }

    /// Before anything about the current target: two credentials that swap names wait for each other's old Secret.
    fn old_target_expired(&self) -> Option<Decision> {
        let expired = self.seen.old_targets.iter().find(|old| {
            old.expires_at.is_none_or(|expires| expires <= self.now)
                && old.not_before.is_none_or(|not_before| not_before <= self.now)
        })?;
        Some(self.act(Step::DeleteOldTarget(expired.name.clone()), Because::OldTargetExpired))
    }

    fn target_taken(&self) -> Option<Decision> {
        matches!(self.seen.target, Target::Taken(_)).then(|| self.wait(Because::TargetTaken, None))
    }

    /// A conflict or a refused write retries the write, never the grant: nothing below may request another token.
    fn held(&self) -> Option<Decision> {
        let held = self.seen.held.as_ref()?;
        if held.not_before > self.now {
            return Some(self.wait(Because::Held, Some(held.not_before)));
        }
        Some(self.act(Step::StoreHeld, Because::Held))
    }

    fn unverified(&self) -> Option<Decision> {
        let unverified = self.seen.content() == Some(Content::Unverified) && self.seen.issue().is_some();
        (unverified && !self.troubled()).then(|| self.act(Step::Verify, Because::Unverified))
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
        let usable = ours.content == Content::Good && issue.identity == self.seen.identity && !self.expired();
        let paced = self
            .seen
            .repair_not_before
            .is_none_or(|not_before| not_before <= self.now);
        (drifted && usable && paced).then(|| self.act(Step::Repair, Because::Drift))
    }

    fn trouble(&self) -> Option<Decision> {
        let trouble = self.seen.trouble.as_ref().filter(|trouble| trouble.next > self.now)?;
        Some(self.wait(Because::Trouble, Some(trouble.next)))
    }

    fn domain_problem(&self) -> Option<Decision> {
        self.seen
            .domain_problem
            .is_some()
            .then(|| self.wait(Because::DomainProblem, None))
    }

    fn source_problem(&self) -> Option<Decision> {
        self.seen
            .sources
            .problem
            .is_some()
            .then(|| self.wait(Because::SourceProblem, None))
    }

    fn backing_off(&self) -> Option<Decision> {
        let stands = now_stands(self.seen);
        let until = failure_record::wait_until(&self.seen.failure, &stands, self.seen.anchors.failure, self.now)?;
        Some(self.wait(Because::BackingOff, Some(until)))
    }

    fn no_usable_token(&self) -> Option<Decision> {
        let why = match (self.seen.issue(), self.seen.content()) {
            (None, _) => Because::NoToken,
            (Some(issue), _) if issue.identity != self.seen.identity => Because::IdentityChanged,
            (Some(issue), _) if issue.sources != self.seen.sources.versions => Because::SourcesChanged,
            (_, Some(Content::Damaged)) => Because::Damaged,
            (_, Some(Content::TooLittle)) => Because::TooLittle,
            _ => return None,
        };
        Some(self.unscheduled(why))
    }

    fn rotate_asked(&self) -> Option<Decision> {
        self.seen.rotate_asked().map(|_| self.unscheduled(Because::RotateAsked))
    }

    fn due(&self) -> Option<Decision> {
        let times = self.times?;
        if times.renews > self.now {
            return None;
        }
        Some(self.act(
            Step::Login,
            if times.age_unknown {
                Because::AgeUnknown
            } else {
                Because::Due
            },
        ))
    }

    fn fresh(&self) -> Decision {
        self.wait(Because::Fresh, self.times.map(|times| times.renews))
    }

    /// A login that no schedule asked for, within the cap. A renewal that is due is never held back by it.
    fn unscheduled(&self, why: Because) -> Decision {
        if let Some(due) = self.due().filter(|_| why == Because::RotateAsked) {
            return due;
        }
        let mut recent: Vec<Moment> = self
            .seen
            .recent_grants
            .iter()
            .copied()
            .filter(|at| *at + GRANT_WINDOW > self.now)
            .collect();
        recent.sort_unstable();
        match recent
            .len()
            .checked_sub(GRANTS_IN_WINDOW)
            .and_then(|excess| recent.get(excess))
        {
            // A grant in the future (the clock was set back) holds no place for longer than the window.
            Some(oldest) => self.wait(Because::TooManyGrants, Some((*oldest).min(self.now) + GRANT_WINDOW)),
            None => self.act(Step::Login, why),
        }
    }

    fn troubled(&self) -> bool {
        self.seen
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.next > self.now)
    }

    fn expired(&self) -> bool {
        self.times.is_none_or(|times| times.expires <= self.now)
    }

    fn act(&self, step: Step, because: Because) -> Decision {
        // What was decided is done at once; should it not be, decide again soon.
        Decision {
            step,
            until: self.now + Span::seconds(1),
            because,
        }
    }

    /// Waits for the earliest of the row's own timer, the instant at which Ready must change, and an old target's end.
    fn wait(&self, because: Because, timer: Option<Moment>) -> Decision {
        let old = self
            .seen
            .old_targets
            .iter()
            .filter_map(|old| old.expires_at.max(old.not_before));
        let expiry = self.times.map(|times| times.expires);
        let quiet = self.seen.waiting_since.map(|since| since + QUIET_WAIT);
        let repair = self.seen.repair_not_before;
        let instants = old.chain(expiry).chain(quiet).chain(repair).chain(timer);
        let until = instants
            .filter(|instant| *instant > self.now)
            .min()
            .unwrap_or(Moment::MAX);
        Decision {
            step: Step::Wait,
            until: until.min(self.now + LONGEST_SLEEP),
            because,
        }
    }
}
