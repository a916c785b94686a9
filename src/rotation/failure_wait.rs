//! Until when a failure record asks to wait, and what ends that early.
//!
//! The record is compared with what was last *tried*, never with the last success: a typo in a password would look like
//! a change for ever, and retry in a hot loop.

use super::{
    backoff::Pace,
    failure_record::{LONGEST, ROUNDING, counts_unresolved, folded, pruned},
};
use crate::api::{Failure, Moment, Reason, Span, Tried};

/// A change ends a wait early at most this many times an hour.
const EARLY_ENDS_PER_HOUR: usize = 3;

/// When the record was written, as far as it tells. Where that lies ahead of the clock it needs an anchor.
#[must_use]
pub fn written_at(record: &Failure) -> Option<Moment> {
    let folded = folded(record);
    // A refusal that sent no request has no time of its own; no wait is longer than a day.
    folded.last_time.or(folded.next_attempt_time.map(|next| next - LONGEST))
}

/// Whether the clock was set back since a record was written; times are rounded up, so a second ahead is none.
#[must_use]
pub fn is_ahead(written: Moment, now: Moment) -> bool {
    written > now + ROUNDING
}

/// Until when the record asks to wait with what stands now; `None` when nothing is to be waited for.
///
/// `anchor` is when this process first saw the record's times to be in the future.
#[must_use]
pub fn wait_until(record: &Failure, now_stands: &Tried, anchor: Option<Moment>, now: Moment) -> Option<Moment> {
    let written = written_at(record)?;
    let record = folded(record);
    let wait = (record.next_attempt_time? - written)
        .max(Span::ZERO)
        .min(longest(&record) + ROUNDING);
    // A time ahead of the clock says only how long to wait, not until when; nor does it once the clock has caught up.
    let from = match anchor {
        Some(anchor) => anchor.min(written).min(now),
        None if is_ahead(written, now) => now,
        None => written,
    };
    let next = (from + wait).next_whole_second();
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
    // The attempt that was waited for, and three early ones; with fewer, the difference ends the wait.
    let recent = pruned(record.recent_times, now);
    let excess = recent.len().checked_sub(EARLY_ENDS_PER_HOUR + 1)?;
    let frees = recent.get(excess).map_or(next, |oldest| *oldest + Span::hours(1));
    Some(next.min(frees.next_whole_second()))
}

/// How long the class of the record may wait at most.
pub(super) fn longest(record: &Failure) -> Span {
    match record.reason {
        _ if counts_unresolved(record) => LONGEST,
        Some(Reason::EndpointUnavailable) => Pace::Unavailable { bytes_sent: true }.maximum(),
        Some(Reason::EndpointThrottled) => Pace::Firewall.maximum(),
        Some(Reason::DomainNotAllowed) => Pace::Misbehaviour.maximum(),
        // An answer that nobody understands may be a rejection.
        _ => LONGEST,
    }
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
