//! The clock: the only room that looks at one. Everything that decides is handed the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

pub use tokio::time::Instant;

use crate::api::{Moment, Span};

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

/// What the steady clock shows when it is made. Late enough that what was long before has a time on it as well: times end at
/// 1970, and would all be of that instant.
const BEGINNING: Moment = Moment::from_seconds(10_000_000_000);

/// The wall clock as the controller is handed it: the system's, or one that follows tokio's clock from a given start, so
/// that a test may run through weeks, and set it as an administrator does.
#[derive(Clone, Debug)]
pub struct Clock {
    made: Instant,
    following: Option<Following>,
}

#[derive(Clone, Debug)]
struct Following {
    start: Moment,
    set_by: Arc<AtomicI64>,
}

impl Clock {
    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        Self {
            made: monotonic(),
            following: None,
        }
    }

    /// One that reads `start` now and goes on with tokio's clock, set forward by so many milliseconds, or back.
    #[must_use]
    pub fn following_tokio(start: Moment, set_by: Arc<AtomicI64>) -> Self {
        Self {
            made: monotonic(),
            following: Some(Following { start, set_by }),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.following {
            None => now(),
            Some(Following { start, set_by }) => {
                let passed = self.steady() - BEGINNING;
                *start + passed + Span::millis(set_by.load(Ordering::Relaxed))
            }
        }
    }

    /// How long ago this clock was made, after an instant of no meaning: for lengths of time within the process, whatever the
    /// wall clock is set to.
    #[must_use]
    pub fn steady(&self) -> Moment {
        let passed = monotonic().saturating_duration_since(self.made).as_millis();
        BEGINNING + Span::millis(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}
