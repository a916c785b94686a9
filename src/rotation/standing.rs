//! How far the pace of some values has come, whichever credentials sent them.
//!
//! Each credential has a failure record of its own, and any number of them may send the same values. What one record tells
//! is carried over to the others, so that all of them together go on where any of them has come to.

use super::{
    backoff::Pace,
    failure_record::{LONGEST, OUTCOME_LOST, ROUNDING, counts_unresolved, folded, same_values, step},
    failure_wait::wait_until,
};
use crate::api::{Failure, Moment, Reason, Span, Tried, conditions::shortened};

/// How far the pace of some values has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Why they were refused last; `Issuing` where nothing is known but requests whose outcome was lost.
    pub reason: Reason,
    /// Requests in a row whose outcome was lost.
    pub lost: i32,
    /// How long was waited for after the latest request, or is.
    pub step: Span,
    /// They are not sent again before this time.
    pub until: Moment,
}

impl Standing {
    /// What a record tells of the values that were tried, if they were refused, or if it is not known what became of them.
    #[must_use]
    pub fn of(record: &Failure, now: Moment) -> Option<Self> {
        let (reason, lost, step) = told_by(&folded(record))?;
        Some(Self {
            reason,
            lost,
            step,
            until: wait_until(record, record.tried.as_ref()?, None, now).unwrap_or_else(|| over_since(record, now)),
        })
    }

    /// After one more refusal.
    #[must_use]
    pub fn after_rejection(before: Option<Self>, reason: Reason, now: Moment) -> Self {
        let step = Pace::Rejection.wait(rejections(before.map_or(Span::ZERO, |before| before.step)) + 1, 0);
        Self {
            reason,
            lost: 0,
            step,
            until: now + step,
        }
    }

    /// Whether the values are known to have been refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.reason != Reason::Issuing
    }

    /// The further of each, where two records tell of the same values.
    #[must_use]
    pub fn further(self, other: Self) -> Self {
        let refusals = [self, other].into_iter().filter(Self::is_refusal);
        let reason = refusals
            .max_by_key(|one| one.until)
            .map_or(Reason::Issuing, |one| one.reason);
        Self {
            reason,
            lost: self.lost.max(other.lost),
            step: self.step.max(other.step),
            until: self.until.max(other.until),
        }
    }

    /// The record of a credential that is about to send these values, or is held back with them: it goes on from here, where
    /// it has not come as far by itself.
    #[must_use]
    pub fn carried_over(self, record: &Failure, tried: &Tried, message: &str) -> Failure {
        let own = folded(record);
        let is_of_these = own.reason.is_some() && same_values(own.tried.as_ref(), tried);
        let next = self.until.next_whole_second();
        // No wait is longer than a day, whatever a record asks for.
        let waits = own.next_attempt_time.zip(own.last_time);
        let waits = waits.map(|(next, last)| next.min(last + LONGEST));
        let tells = told_by(&own).zip(waits).filter(|_| is_of_these);
        let own_standing = tells.map(|((reason, lost, step), until)| Self {
            reason,
            lost,
            step,
            until,
        });
        let as_far =
            |own: Self| own.step + ROUNDING >= self.step && own.lost >= self.lost && own.until + ROUNDING >= next;
        if own_standing.is_some_and(as_far) {
            return record.clone();
        }
        // In none of these it falls back behind where it has come to by itself.
        let told = own_standing.map_or(self, |own| self.further(own));
        let next = told.until.next_whole_second();
        let begins = next - told.step;
        let is_lost = told.lost > 0;
        Failure {
            reason: Some(self.reason),
            message: Some(if self.is_refusal() {
                shortened(message)
            } else {
                OUTCOME_LOST.to_owned()
            }),
            count: if is_lost {
                told.lost
            } else {
                rejections(told.step).max(1)
            },
            first_time: (!is_lost).then_some(begins),
            last_time: Some(begins),
            next_attempt_time: Some(next),
            recent_times: own.recent_times,
            tried: Some(tried.clone()),
            pending: None,
        }
    }
}

/// When a wait that is over ended.
fn over_since(record: &Failure, now: Moment) -> Moment {
    folded(record).next_attempt_time.map_or(now, |next| next.min(now))
}

/// Why the values of a folded record were refused, how many outcomes were lost, and how long is waited; nothing where neither
/// was the case.
fn told_by(record: &Failure) -> Option<(Reason, i32, Span)> {
    let step = step(record)?;
    let lost = if counts_unresolved(record) { record.count } else { 0 };
    let refused = match record.reason {
        Some(Reason::CredentialsRejected | Reason::ClientRejected) => true,
        // In unknown words, and told from answers that say nothing of the values by its pace.
        Some(Reason::EndpointMisbehaved) => is_of_rejections(step),
        _ => false,
    };
    let reason = record.reason.filter(|_| refused).unwrap_or(Reason::Issuing);
    (refused || lost > 0).then_some((reason, lost, step))
}

/// After how many rejections in a row one waits so long.
fn rejections(step: Span) -> i32 {
    let reached = |count: &i32| Pace::Rejection.wait(*count, 0) <= step + ROUNDING;
    (1..=4).take_while(reached).last().unwrap_or(0)
}

/// Whether it is a step of the pace of rejections and of no other that may have the same reason.
fn is_of_rejections(step: Span) -> bool {
    let wait = Pace::Rejection.wait(rejections(step), 0);
    rejections(step) > 0 && (step - wait) <= ROUNDING && step <= LONGEST
}
