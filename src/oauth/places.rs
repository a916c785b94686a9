//! How many token requests may be in flight. It counts and wakes; who goes first, and who must wait longer, is decided
//! elsewhere.
//!
//! Nobody waits in here: a renewal that gets no place goes back into the queue, so that one slow host cannot hold up the
//! workers that others need.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// At most this many requests to one host at a time.
const PER_HOST: usize = 8;
/// At most this many requests at a time: TrackTik bans an address for two hours after 40 failed logins in two minutes.
const IN_ALL: usize = 18;

/// The places for requests in flight. Clones share them.
#[derive(Clone, Debug)]
pub struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    per_host: usize,
    in_all: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_host: HashMap<String, usize>,
}

impl Places {
    /// 8 places per host, 18 in all.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(PER_HOST, IN_ALL)
    }

    /// Other limits than the usual ones.
    #[must_use]
    pub fn with_limits(per_host: usize, in_all: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                per_host,
                in_all,
                taken: Mutex::default(),
                freed: Notify::new(),
            }),
        }
    }

    /// Takes a place for a request to this `spec.domain`; none where all are taken. It is free again once the place is
    /// dropped.
    #[must_use]
    pub fn try_take(&self, domain: &str) -> Option<Place> {
        // `host` and `host:443` are one server.
        let host = domain.strip_suffix(":443").unwrap_or(domain);
        let mut taken = self.shared.taken();
        let here = taken.by_host.get(host).copied().unwrap_or(0);
        if taken.in_all >= self.shared.in_all || here >= self.shared.per_host {
            return None;
        }
        taken.in_all += 1;
        taken.by_host.insert(host.to_owned(), here + 1);
        drop(taken);
        Some(Place {
            shared: Arc::clone(&self.shared),
            host: host.to_owned(),
        })
    }

    /// Returns once a place has become free since the last call, perhaps several. For one task, which then lets those
    /// who wait try again; a place freed while nobody is in here is not missed.
    pub async fn freed(&self) {
        self.shared.freed.notified().await;
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.taken().in_all
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing in here panics while it holds the lock, so what a poisoned one guards is whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight; dropping it frees the place, also when the request is cancelled or panics.
#[derive(Debug)]
#[must_use = "dropping the place frees it"]
pub struct Place {
    shared: Arc<Shared>,
    host: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.taken();
        taken.in_all = taken.in_all.saturating_sub(1);
        if let Some(here) = taken.by_host.get_mut(&self.host) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                // Hosts come and go over the years; an empty entry for each would be a leak.
                taken.by_host.remove(&self.host);
            }
        }
        drop(taken);
        self.shared.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn take_all(places: &Places, host: &str) -> Vec<Place> {
        std::iter::from_fn(|| places.try_take(host)).collect()
    }

    #[test]
    fn a_host_has_eight_and_all_hosts_together_eighteen() {
        let places = Places::new();
        let first = take_all(&places, "a.staffr.net");
        let second = take_all(&places, "b.staffr.net");
        let third = take_all(&places, "c.staffr.net");
        assert_eq!((first.len(), second.len(), third.len()), (8, 8, 2));
        assert!(places.try_take("a.staffr.net:443").is_none());
        drop(first);
        assert_eq!(places.in_flight(), 10);
        assert_eq!(take_all(&places, "a.staffr.net:443").len(), 8);
        drop((second, third));
        assert_eq!(places.in_flight(), 0);
        assert!(places.shared.taken().by_host.is_empty());
    }

    #[test]
    fn a_freed_place_is_told_even_if_nobody_was_listening() {
        let places = Places::with_limits(1, 1);
        assert!(places.freed().now_or_never().is_none());
        let place = places.try_take("a").unwrap();
        assert!(places.try_take("b").is_none());
        drop(place);
        assert!(places.freed().now_or_never().is_some());
        assert!(places.freed().now_or_never().is_none());
        assert!(places.try_take("b").is_some());
    }

    #[test]
    fn a_request_that_panics_frees_its_place() {
        let places = Places::new();
        let held = places.clone();
        let result = std::thread::spawn(move || {
            let _place = held.try_take("a");
            panic!("on purpose");
        })
        .join();
        assert!(result.is_err());
        assert_eq!(places.in_flight(), 0);
    }
}
