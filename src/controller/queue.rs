//! Which credentials are due, when, and in what order. Plain data: the loop in [`super::run_loop`] does the waiting.
//!
//! A credential is in here once. Of those that are due, the one whose token expires soonest comes first; an event for
//! one that is being reconciled has it looked at again afterwards.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{api::Moment, clock::Instant, cluster::ObjectKey};

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    /// Not due yet, by time.
    later: BTreeSet<(Instant, ObjectKey)>,
    /// When each of those is due.
    times: HashMap<ObjectKey, Instant>,
    /// Due, soonest expiry first.
    due: BTreeSet<(Moment, ObjectKey)>,
    /// The expiry that each was last known to have.
    expiries: HashMap<ObjectKey, Moment>,
    /// Being reconciled, and what happened meanwhile.
    running: HashMap<ObjectKey, Meanwhile>,
    /// Waiting for a place for a token request.
    waiting: HashSet<ObjectKey>,
}

/// What happened to a credential while it was being reconciled.
#[derive(Clone, Copy, Debug, Default)]
struct Meanwhile {
    /// It has to be looked at again.
    changed: bool,
    /// A place for a token request became free.
    place_freed: bool,
}

impl Queue {
    /// Something happened to a credential: it is due now.
    pub fn wake(&mut self, key: ObjectKey) {
        if let Some(meanwhile) = self.running.get_mut(&key) {
            meanwhile.changed = true;
            return;
        }
        self.unschedule(&key);
        let expiry = self.expiries.get(&key).copied().unwrap_or_default();
        self.due.insert((expiry, key));
    }

    /// The wall clock was set, or the machine slept: no timer can be relied on.
    pub fn wake_all(&mut self) {
        for key in self.times.keys().cloned().collect::<Vec<_>>() {
            self.wake(key);
        }
        // Those that are being reconciled may be about to ask for one that was reckoned before.
        for meanwhile in self.running.values_mut() {
            meanwhile.changed = true;
        }
    }

    /// A place for a token request is free: those who wait for one are due.
    pub fn wake_waiting(&mut self) {
        for key in std::mem::take(&mut self.waiting) {
            self.wake(key);
        }
        // One of these may have found none and not come back yet.
        for meanwhile in self.running.values_mut() {
            meanwhile.place_freed = true;
        }
    }

    /// Takes the next that is due, to be reconciled.
    pub fn take(&mut self, now: Instant) -> Option<ObjectKey> {
        while let Some((at, key)) = self.later.first().cloned() {
            if at > now {
                break;
            }
            self.unschedule(&key);
            let expiry = self.expiries.get(&key).copied().unwrap_or_default();
            self.due.insert((expiry, key));
        }
        let (_, key) = self.due.pop_first()?;
        self.waiting.remove(&key);
        self.running.insert(key.clone(), Meanwhile::default());
        Some(key)
    }

    /// A reconcile has ended; `at` is when the credential is due again, if ever.
    pub fn finished(&mut self, key: &ObjectKey, at: Option<Instant>, expiry: Option<Moment>, waits_for_place: bool) {
        let meanwhile = self.running.remove(key).unwrap_or_default();
        match expiry {
            Some(expiry) => self.expiries.insert(key.clone(), expiry),
            None => self.expiries.remove(key),
        };
        if waits_for_place {
            self.waiting.insert(key.clone());
        }
        if meanwhile.changed || (waits_for_place && meanwhile.place_freed) {
            self.wake(key.clone());
        } else if let Some(at) = at {
            self.later.insert((at, key.clone()));
            self.times.insert(key.clone(), at);
        }
    }

    /// When the next becomes due, if none is yet.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Whether anything is due now.
    #[must_use]
    pub fn has_due(&self, now: Instant) -> bool {
        !self.due.is_empty() || self.next_at().is_some_and(|at| at <= now)
    }

    /// How many are due and not being reconciled.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.due.len()
    }

    fn unschedule(&mut self, key: &ObjectKey) {
        if let Some(at) = self.times.remove(key) {
            self.later.remove(&(at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::monotonic;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("n", name)
    }

    #[test]
    fn what_is_due_comes_by_expiry() {
        let mut queue = Queue::default();
        let now = monotonic();
        for (name, expiry) in [("a", 30), ("b", 10), ("c", 20)] {
            queue.wake(key(name));
            assert_eq!(queue.take(now), Some(key(name)));
            queue.finished(
                &key(name),
                Some(now + Duration::from_secs(5)),
                Some(Moment::from_seconds(expiry)),
                false,
            );
        }
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.next_at(), Some(now + Duration::from_secs(5)));
        let later = now + Duration::from_secs(6);
        let order: Vec<_> = std::iter::from_fn(|| queue.take(later)).collect();
        assert_eq!(order, [key("b"), key("c"), key("a")]);
    }

    #[test]
    fn an_event_during_a_reconcile_is_not_lost() {
        let mut queue = Queue::default();
        let now = monotonic();
        queue.wake(key("a"));
        assert_eq!(queue.take(now), Some(key("a")));
        queue.wake(key("a"));
        assert_eq!(queue.take(now), None, "never twice at once");
        queue.finished(&key("a"), None, None, false);
        assert_eq!(queue.take(now), Some(key("a")));
        queue.finished(&key("a"), None, None, false);
        assert_eq!(queue.take(now), None);
    }

    #[test]
    fn a_clock_that_is_set_wakes_those_that_wait_and_those_that_are_about_to_ask_for_a_timer() {
        let mut queue = Queue::default();
        let now = monotonic();
        let later = now + Duration::from_hours(12);
        for name in ["waits", "runs"] {
            queue.wake(key(name));
            assert_eq!(queue.take(now), Some(key(name)));
        }
        queue.finished(&key("waits"), Some(later), None, false);
        queue.wake_all();
        assert_eq!(queue.take(now), Some(key("waits")));
        assert_eq!(queue.take(now), None, "never twice at once");
        queue.finished(&key("runs"), Some(later), None, false);
        assert_eq!(queue.take(now), Some(key("runs")));
        for name in ["waits", "runs"] {
            queue.finished(&key(name), Some(later), None, false);
        }
        assert_eq!(queue.take(now), None, "once is enough");
        assert_eq!(queue.next_at(), Some(later));
    }

    #[test]
    fn a_place_freed_before_the_one_who_found_none_is_back_is_not_missed() {
        let mut queue = Queue::default();
        let now = monotonic();
        let later = now + Duration::from_mins(1);
        for (waits, due) in [(true, true), (false, false)] {
            queue.wake(key("a"));
            assert_eq!(queue.take(now), Some(key("a")));
            queue.wake_waiting();
            queue.finished(&key("a"), Some(later), None, waits);
            assert_eq!(queue.has_due(now), due);
        }
    }

    #[test]
    fn an_earlier_wake_replaces_a_later_timer() {
        let mut queue = Queue::default();
        let now = monotonic();
        queue.wake(key("a"));
        queue.take(now);
        queue.finished(&key("a"), Some(now + Duration::from_mins(1)), None, true);
        queue.wake_waiting();
        assert_eq!(queue.take(now), Some(key("a")));
        queue.finished(&key("a"), None, None, false);
        assert_eq!(queue.next_at(), None);
    }
}
