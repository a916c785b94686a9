//! The failure record's arithmetic: what a failure, a success, or an announced request makes of it. Until when it asks to
//! wait is in [`super::failure_wait`].

use super::{backoff::Pace, failure_wait::concerns, gate::Refusal, schedule::spread};
use crate::api::{Failure, Moment, Pending, Reason, Span, Tried, conditions::shortened};

const HOUR: Span = Span::hours(1);

/// No record asks to wait longer.
pub(super) const LONGEST: Span = Span::hours(24);

/// Times are written as whole seconds, so two of them may be off by this much.
pub(super) const ROUNDING: Span = Span::seconds(1);

/// The message of a record that knows of no failure but requests whose outcome was lost.
pub(super) const OUTCOME_LOST: &str = "the operator stopped before the outcome of a token request was recorded";

/// How a token request ended, other than with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setback {
    /// Its class.
    pub reason: Reason,
    /// For the user; names the domain, never a value.
    pub message: String,
    /// How long to wait.
    pub pace: Pace,
    /// Whether a byte of the request may have reached the server.
    pub may_have_sent: bool,
    /// What `Retry-After` asked for, whatever the class: it may lengthen a wait and never shortens one.
    pub retry_after: Option<Span>,
}

/// The record after a token request that failed at `now`.
#[must_use]
pub fn after_failure(before: &Failure, uid: &str, tried: Tried, setback: &Setback, now: Moment) -> Failure {
    let spread = spread(&[uid]);
    let follows = if same_values(before.tried.as_ref(), &tried) {
        failures_before(before, setback, spread)
    } else {
        0
    };
    let count = follows.saturating_add(1);
    let wait = setback.pace.wait(count, spread);
    let next = now + wait.max(setback.retry_after.unwrap_or(Span::ZERO).min(setback.pace.maximum()));
    let mut recent_times = before.recent_times.clone();
    if setback.may_have_sent {
        recent_times.push(now.next_whole_second());
    }
    Failure {
        reason: Some(setback.reason),
        message: Some(shortened(&setback.message)),
        count,
        first_time: before.first_time.filter(|_| follows > 0).or(Some(now.whole_second())),
        last_time: Some(now.whole_second()),
        next_attempt_time: Some(next.next_whole_second()),
        recent_times: pruned(recent_times, now),
        tried: Some(tried),
        pending: None,
    }
}

/// The record of a request that is not sent before a refusal's end, because what it would send, or its account, was
/// refused before. It is no attempt: nothing is counted.
#[must_use]
pub fn refused_unsent(before: &Failure, tried: Tried, message: &str, refusal: Refusal, now: Moment) -> Failure {
    let until = refusal.until.next_whole_second();
    if before.reason.is_some() && same_values(before.tried.as_ref(), &tried) {
        return Failure {
            next_attempt_time: before.next_attempt_time.max(Some(until)),
            tried: Some(tried),
            ..folded(before)
        };
    }
    Failure {
        reason: Some(refusal.reason),
        message: Some(shortened(message)),
        next_attempt_time: Some(until),
        recent_times: pruned(folded(before).recent_times, now),
        tried: Some(tried),
        ..Failure::default()
    }
}

/// How many failures of its class this one follows, with the same values.
fn failures_before(before: &Failure, setback: &Setback, spread: u64) -> i32 {
    let same_class = before.reason == Some(setback.reason);
    if !counts_unresolved(before) {
        return if same_class { before.count.max(0) } else { 0 };
    }
    // A crash must not make a wrong password look new: the step tells how far the pace had come.
    let step = step(before).unwrap_or(Span::ZERO).min(setback.pace.maximum());
    let reached = |count: &i32| setback.pace.wait(*count, spread) + ROUNDING >= step;
    let stood_at = if setback.pace.wait(1, spread) > step {
        0
    } else {
        (1..64).find(reached).unwrap_or(64)
    };
    match setback.pace {
        // The request whose outcome is lost counts as well.
        _ if same_class && !is_of_other_values(before) => stood_at + 1,
        Pace::Rejection => stood_at,
        _ => 0,
    }
}

/// The record after a token request that gave a usable token: empty but for the recent times.
#[must_use]
pub fn after_success(before: &Failure, now: Moment) -> Failure {
    Failure {
        recent_times: pruned(before.recent_times.clone(), now),
        ..Failure::default()
    }
}

/// The record that announces a request. A request announced before whose outcome is not known counts as a failure.
#[must_use]
pub fn announcing(before: &Failure, tried: Tried, issue_id: &str, now: Moment) -> Failure {
    let mut record = folded(before);
    // A record of other values says nothing about these: its step must not be carried over to them, nor its words. The
    // reason stays where it showed: over a live token, an announcement moves no condition.
    if !same_values(record.tried.as_ref(), &tried) {
        let showed = record.reason.filter(|_| concerns(&record, &tried));
        record = Failure {
            reason: showed.filter(|reason| *reason != Reason::Issuing),
            recent_times: record.recent_times,
            ..Failure::default()
        };
    }
    record.recent_times = pruned(record.recent_times, now);
    record.tried = Some(tried);
    // Rounded up: an announcement must not look older than it is.
    record.pending = Some(Pending {
        issue_id: issue_id.to_owned(),
        time: now.next_whole_second(),
    });
    record
}

/// The record in which an unresolved announcement has become what it stands for: an attempt that ended unknown.
///
/// It keeps the reason of the failure before it, if there was one, so that a lost outcome moves no condition. That no
/// first time stands in it says that `count` counts lost outcomes.
#[must_use]
pub fn folded(record: &Failure) -> Failure {
    let Some(pending) = &record.pending else {
        return record.clone();
    };
    let unresolved = if counts_unresolved(record) {
        record.count.saturating_add(1)
    } else {
        1
    };
    let wait = unresolved_wait(unresolved, step(record).unwrap_or(Span::ZERO));
    let mut recent_times = record.recent_times.clone();
    recent_times.push(pending.time);
    let excess = recent_times.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    recent_times.drain(..excess);
    Failure {
        reason: record.reason.or(Some(Reason::Issuing)),
        message: match record.reason {
            Some(_) => record.message.clone(),
            None => Some(OUTCOME_LOST.to_owned()),
        },
        count: unresolved,
        first_time: None,
        last_time: Some(pending.time),
        next_attempt_time: Some(pending.time + wait),
        recent_times,
        tried: record.tried.clone(),
        pending: None,
    }
}

/// How long to wait after so many lost outcomes in a row. A record that was at a longer step keeps that step; from the
/// second on, one that has come to the pace of rejections goes on from there, so that a process that keeps dying takes
/// no second run at it.
fn unresolved_wait(unresolved: i32, step: Span) -> Span {
    let own = Pace::Unresolved.wait(unresolved, 0).max(step);
    if unresolved == 1 || step < Pace::Rejection.wait(1, 0) {
        return own;
    }
    let longer = (1..=4).map(|count| Pace::Rejection.wait(count, 0));
    longer
        .filter(|wait| *wait > step + ROUNDING)
        .min()
        .unwrap_or(own)
        .max(own)
}

/// As [`folded`], but for the announcement of this request, whose outcome is known.
#[must_use]
pub fn folded_unless(record: &Failure, issue_id: &str) -> Failure {
    match &record.pending {
        Some(pending) if pending.issue_id != issue_id => folded(record),
        _ => record.clone(),
    }
}

/// How long the record asks to wait after its latest attempt.
fn step(record: &Failure) -> Option<Span> {
    let step = record.next_attempt_time? - record.last_time?;
    Some(step.max(Span::ZERO).min(LONGEST))
}

/// Whether the reason is that of a failure with other values than those that are being tried.
pub(super) fn is_of_other_values(record: &Failure) -> bool {
    record.reason.is_some() && record.message.is_none()
}

/// Whether `count` counts requests in a row whose outcome was lost.
pub(super) fn counts_unresolved(record: &Failure) -> bool {
    record.first_time.is_none() && record.last_time.is_some() && record.count > 0
}

/// Whether a request was announced last of which nobody knows what became.
pub(super) fn outcome_lost(record: &Failure) -> bool {
    record.pending.is_some() || counts_unresolved(record)
}

pub(super) fn same_values(tried: Option<&Tried>, other: &Tried) -> bool {
    tried.is_some_and(|tried| tried.identity == other.identity && tried.sources == other.sources)
}

/// The times of the last hour, at most as many as status keeps. One ahead of the clock, which was set back, ages from
/// now on: it must not count for as long as the clock was wrong.
pub(super) fn pruned(mut times: Vec<Moment>, now: Moment) -> Vec<Moment> {
    for time in &mut times {
        *time = (*time).min(now.next_whole_second());
    }
    times.retain(|time| *time + HOUR > now);
    times.sort_unstable();
    let excess = times.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    times.drain(..excess);
    times
}
