//! The failure record's arithmetic: what a failure, a success, or an announced request makes of it, and until when it
//! asks to wait.
//!
//! The record is compared with what was last *tried*, never with the last success: a typo in a password would look like
//! a change for ever, and retry in a hot loop.

use super::{backoff::Pace, schedule::spread};
use crate::api::{Failure, Moment, Pending, Reason, Span, Tried, conditions::shortened};

/// A change ends a wait early at most this many times an hour.
const EARLY_ENDS_PER_HOUR: usize = 3;

const HOUR: Span = Span::hours(1);

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
}

/// The record after a token request that failed at `now`.
#[must_use]
pub fn after_failure(before: &Failure, uid: &str, tried: Tried, setback: &Setback, now: Moment) -> Failure {
    let in_a_row = before.reason == Some(setback.reason) && same_values(before.tried.as_ref(), &tried);
    let count = if in_a_row { before.count.saturating_add(1) } else { 1 };
    let next = now + setback.pace.wait(count, spread(&[uid]));
    let mut recent_times = before.recent_times.clone();
    if setback.may_have_sent {
        recent_times.push(now.next_whole_second());
    }
    Failure {
        reason: Some(setback.reason),
        message: Some(shortened(&setback.message)),
        count,
        first_time: if in_a_row { before.first_time } else { None }.or(Some(now.whole_second())),
        last_time: Some(now.whole_second()),
        next_attempt_time: Some(next.next_whole_second()),
        recent_times: pruned(recent_times, now),
        tried: Some(tried),
        pending: None,
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
    // A record of other values says nothing about these; its step must not be carried over to them.
    if !same_values(record.tried.as_ref(), &tried) {
        record = Failure {
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
#[must_use]
pub fn folded(record: &Failure) -> Failure {
    let Some(pending) = &record.pending else {
        return record.clone();
    };
    let count = if record.reason == Some(Reason::Issuing) {
        record.count.saturating_add(1)
    } else {
        1
    };
    let own = Pace::Unresolved.wait(count, 0);
    // A record that was at a longer step keeps that step.
    let step = match (record.last_time, record.next_attempt_time) {
        (Some(last), Some(next)) => (next - last).min(Span::hours(24)),
        _ => Span::ZERO,
    };
    let mut recent_times = record.recent_times.clone();
    recent_times.push(pending.time);
    let excess = recent_times.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    recent_times.drain(..excess);
    Failure {
        reason: Some(Reason::Issuing),
        message: Some("the operator stopped before the outcome of a token request was recorded".to_owned()),
        count,
        first_time: if count > 1 { record.first_time } else { None }.or(Some(pending.time)),
        last_time: Some(pending.time),
        next_attempt_time: Some(pending.time + own.max(step)),
        recent_times,
        tried: record.tried.clone(),
        pending: None,
    }
}

/// As [`folded`], but for the announcement of this request, whose outcome is known.
#[must_use]
pub fn folded_unless(record: &Failure, issue_id: &str) -> Failure {
    match &record.pending {
        Some(pending) if pending.issue_id != issue_id => folded(record),
        _ => record.clone(),
    }
}

/// Until when the record asks to wait with what stands now; `None` when nothing is to be waited for.
///
/// `anchor` is when this process first saw the record's times to be in the future.
#[must_use]
pub fn wait_until(record: &Failure, now_stands: &Tried, anchor: Option<Moment>, now: Moment) -> Option<Moment> {
    let record = folded(record);
    let next = match (record.last_time, record.next_attempt_time?) {
        (Some(last), next) => {
            let wait = (next - last).max(Span::ZERO).min(Span::hours(24));
            // A time ahead of the clock says only how long to wait, not until when.
            let from = if last > now {
                anchor.unwrap_or(now).min(now)
            } else {
                last
            };
            from + wait
        }
        (None, next) => next.min(now + Span::hours(24)),
    };
    if next <= now {
        return None;
    }
    let differs = record
        .tried
        .as_ref()
        .is_some_and(|tried| tried != now_stands && !is_less(tried, now_stands));
    if !differs {
        return Some(next);
    }
    // The attempt that was waited for, and three early ones.
    let recent: Vec<Moment> = record
        .recent_times
        .iter()
        .copied()
        .filter(|time| *time + HOUR > now)
        .collect();
    let allowed = EARLY_ENDS_PER_HOUR + 1;
    if recent.len() < allowed {
        return None;
    }
    let frees = recent
        .get(recent.len() - allowed)
        .map_or(next, |oldest| (*oldest).min(now) + HOUR);
    Some(next.min(frees))
}

/// Whether the record speaks of what stands now, so that conditions may show it.
#[must_use]
pub fn concerns(record: &Failure, now_stands: &Tried) -> bool {
    record
        .tried
        .as_ref()
        .is_none_or(|tried| tried.identity == now_stands.identity || tried.sources == now_stands.sources)
}

/// A difference that takes something away is none: a source that is gone, a rotate annotation that was removed.
fn is_less(tried: &Tried, now_stands: &Tried) -> bool {
    let sources_gone = now_stands.sources.is_empty() && !tried.sources.is_empty();
    let same_otherwise = now_stands.rotate.is_none() || now_stands.rotate == tried.rotate;
    let same_sources = sources_gone || tried.sources == now_stands.sources;
    tried.identity == now_stands.identity && same_sources && same_otherwise
}

fn same_values(tried: Option<&Tried>, other: &Tried) -> bool {
    tried.is_some_and(|tried| tried.identity == other.identity && tried.sources == other.sources)
}

/// The times of the last hour, at most as many as status keeps.
fn pruned(mut times: Vec<Moment>, now: Moment) -> Vec<Moment> {
    times.retain(|time| *time + HOUR > now);
    let excess = times.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    times.drain(..excess);
    times
}
