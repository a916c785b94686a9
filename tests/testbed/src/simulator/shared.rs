//! What the listeners share: the state behind its one lock, and the time. No HTTP.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{faults::Faults, world::World};

/// Where a simulator takes its time from: anything that tells a time since a fixed epoch. A test that
/// owns it can let a token expire, or a ban pass, at once.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// Real time, from now on.
    #[must_use]
    pub fn real() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    /// Time as this function tells it.
    #[must_use]
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time since the clock's epoch.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: Faults,
    /// Every refresh token that ever arrived.
    pub(super) arrived: HashSet<String>,
}

/// The state and the clock, for every request.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    clock: Clock,
}

impl Shared {
    pub(super) fn new(world: World, clock: Clock) -> Self {
        let state = State {
            world,
            faults: Faults::default(),
            arrived: HashSet::new(),
        };
        Self {
            state: Mutex::new(state),
            clock,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// The state; never held across an await. A panic of one test thread must not hide what others
    /// counted, so a poisoned lock opens too.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token request is being answered as long as this lives: hyper drops it with the answer, or
    /// when the client hangs up.
    pub(super) fn in_flight(self: &Arc<Self>) -> InFlight {
        self.state().world.begins();
        InFlight(Arc::clone(self))
    }
}

pub(super) struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.state().world.ends();
    }
}
