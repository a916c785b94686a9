//! Which credentials are due, when, and in what order. Plain data: the loop in [`super::run_loop`] does the waiting.
//!
//! A credential is in here once. Of those that are due, those that work come first, and among them the one whose token
//! expires soonest; one that was never looked at comes before all, since most first looks ask for nothing. An event for
//! one that is being reconciled has it looked at again afterwards.

use std::collections::{BTreeSet, HashMap};

use super::reconcile::Order;
use crate::{clock::Instant, cluster::ObjectKey};

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    /// Not due yet, by time.
    later: BTreeSet<(Instant, ObjectKey)>,
    /// When each of those is due.
    times: HashMap<ObjectKey, Instant>,
    /// Due, in their order.
    due: BTreeSet<(Order, ObjectKey)>,
    /// The order that each was last known to have.
    orders: HashMap<ObjectKey, Order>,
    /// Being reconciled, and whether something happened meanwhile.
    running: HashMap<ObjectKey, bool>,
}

impl Queue {
    /// Something happened to a credential: it is due now.
    pub fn wake(&mut self, key: ObjectKey) {
        if let Some(again) = self.running.get_mut(&key) {
            *again = true;
            return;
        }
        self.unschedule(&key);
        let order = self.orders.get(&key).copied().unwrap_or_default();
        self.due.insert((order, key));
    }

    /// The wall clock was set, or the machine slept: no timer can be relied on.
    pub fn wake_all(&mut self) {
        for key in self.times.keys().cloned().collect::<Vec<_>>() {
            self.wake(key);
        }
        // Those that are being reconciled may be about to ask for one that was reckoned before.
        for again in self.running.values_mut() {
            *again = true;
        }
    }

    /// Takes the next that is due, to be reconciled.
    pub fn take(&mut self, now: Instant) -> Option<ObjectKey> {
        while let Some((at, key)) = self.later.first().cloned() {
            if at > now {
                break;
            }
            self.unschedule(&key);
            let order = self.orders.get(&key).copied().unwrap_or_default();
            self.due.insert((order, key));
        }
        let (_, key) = self.due.pop_first()?;
        self.running.insert(key.clone(), false);
        Some(key)
    }

    /// A reconcile has ended; `at` is when the credential is due again, if ever.
    pub fn finished(&mut self, key: &ObjectKey, at: Option<Instant>, order: Option<Order>) {
        let again = self.running.remove(key).unwrap_or_default();
        match order {
            Some(order) => self.orders.insert(key.clone(), order),
            None => self.orders.remove(key),
        };
        if again {
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
    use crate::{api::Moment, clock::monotonic};

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("n", name)
    }

    fn order(unproven: bool, expires: i64) -> Order {
        Order {
            unproven,
            expires: Moment::from_seconds(expires),
        }
    }

    #[test]
    fn what_is_due_comes_by_whether_it_works_and_then_by_expiry() {
        let mut queue = Queue::default();
        let now = monotonic();
        let orders = [
            ("a", order(false, 30)),
            ("b", order(false, 10)),
            ("c", order(true, 0)),
            ("d", order(false, 20)),
        ];
        for (name, order) in orders {
            queue.wake(key(name));
            assert_eq!(queue.take(now), Some(key(name)));
            queue.finished(&key(name), Some(now + Duration::from_secs(5)), Some(order));
        }
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.next_at(), Some(now + Duration::from_secs(5)));
        let later = now + Duration::from_secs(6);
        let order: Vec<_> = std::iter::from_fn(|| queue.take(later)).collect();
        assert_eq!(order, [key("b"), key("d"), key("a"), key("c")]);
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
        queue.finished(&key("waits"), Some(later), None);
        queue.wake_all();
        assert_eq!(queue.take(now), Some(key("waits")));
        assert_eq!(queue.take(now), None, "never twice at once");
        queue.finished(&key("runs"), Some(later), None);
        assert_eq!(queue.take(now), Some(key("runs")));
        for name in ["waits", "runs"] {
            queue.finished(&key(name), Some(later), None);
        }
        assert_eq!(queue.take(now), None, "once is enough");
        assert_eq!(queue.next_at(), Some(later));
    }

    #[test]
    fn an_event_during_a_reconcile_is_not_lost() {
        let mut queue = Queue::default();
        let now = monotonic();
        for event in [|queue: &mut Queue| queue.wake(key("a")), Queue::wake_all] {
            queue.wake(key("a"));
            assert_eq!(queue.take(now), Some(key("a")));
            event(&mut queue);
            assert_eq!(queue.take(now), None, "never twice at once");
            queue.finished(&key("a"), None, None);
            assert_eq!(queue.take(now), Some(key("a")));
            queue.finished(&key("a"), None, None);
            assert_eq!(queue.take(now), None);
        }
    }

    #[test]
    fn an_earlier_wake_replaces_a_later_timer() {
        let mut queue = Queue::default();
        let now = monotonic();
        queue.wake(key("a"));
        queue.take(now);
        queue.finished(&key("a"), Some(now + Duration::from_mins(1)), None);
        queue.wake(key("a"));
        assert_eq!(queue.take(now), Some(key("a")));
        queue.finished(&key("a"), None, None);
        assert_eq!(queue.next_at(), None);
    }
}
