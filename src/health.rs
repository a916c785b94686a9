//! What the probes report: whether the reconcile loop still turns, and what is missing before work can be done.
//!
//! Neither depends on `TrackTik`: restarting the operator, or taking it out of service, mends nothing over there.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::clock::{self, Instant};

/// How long the reconcile loop may be silent before `/livez` asks for a restart.
pub const STUCK_AFTER: Duration = Duration::from_mins(1);

/// The pulse of the reconcile loop. Clones share one pulse.
#[derive(Clone, Debug)]
pub struct Liveness {
    latest: Arc<Mutex<Option<Instant>>>,
    stuck_after: Duration,
}

impl Liveness {
    /// A pulse that counts as lost when `stuck_after` has passed without a [`Liveness::beat`].
    #[must_use]
    pub fn new(stuck_after: Duration) -> Self {
        Self {
            latest: Arc::default(),
            stuck_after,
        }
    }

    /// The loop turns. To be called from the loop itself, at least a few times within the limit; a task that beats on
    /// its own would only show that tasks run.
    pub fn beat(&self) {
        *locked(&self.latest) = Some(clock::monotonic());
    }

    /// How long the loop has been silent, where that is too long. Before the first beat nothing can be stuck: the start
    /// has its own limit, after which the process ends.
    #[must_use]
    pub fn stuck_for(&self) -> Option<Duration> {
        let latest = (*locked(&self.latest))?;
        let silent = clock::monotonic().saturating_duration_since(latest);
        (silent > self.stuck_after).then_some(silent)
    }
}

/// What must be in place before the operator is of use, by name. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    /// Why an item is missing; `None` where it is in place.
    items: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

impl Readiness {
    /// Adds an item, missing until it is said to be ready. A name that stands already gets a second handle to its item,
    /// and is missing again.
    #[must_use]
    pub fn item(&self, name: impl Into<String>) -> ReadinessItem {
        let item = ReadinessItem {
            name: name.into(),
            of: self.clone(),
        };
        item.missing("not looked at yet");
        item
    }

    /// A line for each item that is missing, with why. A list without any item is not ready: nothing has started.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let items = locked(&self.items);
        if items.is_empty() {
            return vec!["start: nothing has been started yet".to_owned()];
        }
        let missing = items.iter().filter_map(|(name, why)| Some((name, why.as_ref()?)));
        missing.map(|(name, why)| format!("{name}: {why}")).collect()
    }

    /// The answer of `/readyz`: `Err` with a line per missing item.
    ///
    /// # Errors
    /// Something is missing.
    pub fn report(&self) -> Result<&'static str, String> {
        let missing = self.missing();
        if missing.is_empty() {
            return Ok("ok\n");
        }
        let mut lines = String::new();
        for line in missing {
            // Writing into a String does not fail.
            let _ = writeln!(lines, "{}", line.replace(['\n', '\r'], " "));
        }
        Err(lines)
    }
}

/// One thing that must be in place.
#[derive(Clone, Debug)]
pub struct ReadinessItem {
    name: String,
    of: Readiness,
}

impl ReadinessItem {
    /// It is in place.
    pub fn ready(&self) {
        locked(&self.of.items).insert(self.name.clone(), None);
    }

    /// It is in the list no more.
    pub fn withdraw(&self) {
        locked(&self.of.items).remove(&self.name);
    }

    /// It is missing: why, and who can do what about it.
    pub fn missing(&self, why: impl Into<String>) {
        locked(&self.of.items).insert(self.name.clone(), Some(why.into()));
    }
}

/// Nothing in this room leaves a value half changed, so that a lock which a panic has poisoned is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
