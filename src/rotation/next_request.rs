//! When the next token is requested, for status: what [`decide`](super::decide()) will do, told beforehand.

use super::{
    cause::{capped_until, cause},
    decide::{now_stands, times},
    failure_wait,
    observation::Observation,
};
use crate::api::Moment;

/// When the operator will next request a token of its own accord, given that nothing forbids one: as the token in place
/// renews, or sooner where one is wanted and waits for the end of a pause. A renewal that is due is held back after a
/// failure, and never because of too many grants.
///
/// What could be requested at this moment does not count.
#[must_use]
pub fn next_request(seen: &Observation, now: Moment) -> Option<Moment> {
    let times = times(seen, now);
    let failed_until = failure_wait::wait_until(&seen.failure, &now_stands(seen), seen.anchors.failure, now);
    let capped_until = capped_until(seen, now);
    let wanted = cause(seen, times, now).and_then(|_| failed_until.max(capped_until));
    let renews = times.filter(|times| !times.age_unknown).map(|times| times.renews);
    // Renewing a token that somebody has put back is not what the schedule asked for.
    let capped_until = capped_until.filter(|_| seen.is_put_back());
    let scheduled = renews.map(|renews| Some(renews).max(failed_until).max(capped_until).unwrap_or(renews));
    wanted.into_iter().chain(scheduled).min()
}
