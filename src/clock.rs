//! The clock: the only room that looks at one. Everything that decides is handed the time.

use std::time::{SystemTime, UNIX_EPOCH};

pub use tokio::time::Instant;

use crate::api::Moment;

/// The wall clock: for what is written into objects, compared with what servers say, or outlives this process. It may
/// jump either way.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that the others are sent to"
)]
pub fn now() -> Moment {
    // A clock before 1970 reads as 1970; Moment brings the far future into range.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The clock that never goes back: for lengths of time within this process. It follows tokio's clock, so that a test
/// may pause it.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that the others are sent to"
)]
pub fn monotonic() -> Instant {
    Instant::now()
}
