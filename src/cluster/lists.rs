//! How much of the lists is in memory at once: the size of a page, and how many watches list at a time.
//!
//! Metadata is as large as whoever wrote it likes: annotations alone may have 256 KiB. A page is there twice over while it
//! is read, as text and as objects, so that with the usual 500 objects it takes 280 MB.

use std::{sync::Arc, time::Duration};

use kube::runtime::watcher::Event;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{self, Instant};

/// Objects in one page: 30 MB while it is read, if each has all the annotations that it may. Twenty thousand Secrets are
/// 400 requests, which an API server answers within seconds.
pub const PAGE: u32 = 50;

/// Watches that list at the same time, of as many as there are namespaces and kinds.
const AT_ONCE: usize = 2;

/// A page that takes longer does not come any more: the client has no deadline, and others wait for their turn.
const PAGE_DEADLINE: Duration = Duration::from_mins(1);

/// The turns to list. Clones share them.
#[derive(Clone, Debug)]
pub struct Lists(Arc<Semaphore>);

impl Default for Lists {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Lists {
    /// The turn of a watch that has told this: waited for at the beginning of a list, and over at its end.
    pub async fn turn_after<K>(&self, event: &Event<K>, turn: Option<Turn>) -> Option<Turn> {
        match event {
            Event::Init => Some(self.turn().await),
            Event::InitApply(_) => turn.map(|turn| Turn {
                overdue_at: clock::monotonic() + PAGE_DEADLINE,
                ..turn
            }),
            Event::InitDone | Event::Apply(_) | Event::Delete(_) => None,
        }
    }

    async fn turn(&self) -> Turn {
        Turn {
            // Nobody closes the semaphore.
            _permit: Arc::clone(&self.0).acquire_owned().await.ok(),
            overdue_at: clock::monotonic() + PAGE_DEADLINE,
        }
    }
}

/// A turn to list, which ends when it is dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
    overdue_at: Instant,
}

impl Turn {
    /// When its next page is overdue.
    #[must_use]
    pub fn overdue_at(&self) -> Instant {
        self.overdue_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_third_list_waits_for_the_end_of_one() {
        let lists = Lists::default();
        let begun = Event::<()>::Init;
        let first = lists.turn_after(&begun, None).await;
        let _second = lists.turn_after(&begun, None).await;
        let third = lists.clone();
        let mut third = tokio::spawn(async move { third.turn_after(&Event::<()>::Init, None).await });
        let waited = tokio::time::timeout(Duration::from_secs(10), &mut third).await;
        assert!(waited.is_err());
        assert!(lists.turn_after(&Event::<()>::InitDone, first).await.is_none());
        let waited = tokio::time::timeout(Duration::from_secs(10), third).await;
        assert!(waited.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_is_overdue_a_minute_after_the_latest_of_it() {
        let lists = Lists::default();
        let turn = lists.turn_after(&Event::<()>::Init, None).await;
        tokio::time::advance(Duration::from_secs(59)).await;
        let turn = lists.turn_after(&Event::InitApply(()), turn).await.unwrap();
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(turn.overdue_at() > clock::monotonic());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(turn.overdue_at() <= clock::monotonic());
    }
}
