//! The watches: credentials and metadata of Secrets, per namespace or of all, each with a back-off of its own.
//!
//! One watch that is refused must not slow the others down, so each is a task. A list that is refused counts as
//! answered: what needs it says so in its status, the rest goes on.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use kube::{
    Api, Client,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    CredentialObject, ObjectKey, Stores,
    lists::{Lists, PAGE, Turn},
    secret_object::SecretObject,
    watch_course::{Course, failed, stands},
    watch_deadline::begun_in_time,
    watched::{Watched, deliver, scoped},
};
use crate::{
    clock::{self, Instant},
    health::ReadinessItem,
};

/// Load balancers cut flows that are idle for 240 s; a watch that ends earlier of itself is never cut.
const WATCH_SECONDS: u32 = 200;

/// A watch that is refused after its list was answered starts over after this time, doubling …
const START_OVER: Duration = Duration::from_secs(1);

/// … up to this,
const START_OVER_MOST: Duration = Duration::from_secs(30);

/// and then counts as let through once it has lasted this long: where it may be listed and not watched, it must not be
/// fine and refused in turns.
const STANDS_AFTER: Duration = Duration::from_secs(5);

/// Told the credentials that must be looked at again.
pub type Wake = Arc<dyn Fn(ObjectKey) + Send + std::marker::Sync>;

/// What a watch reports to.
#[derive(Clone)]
pub struct WatchContext {
    /// Where objects go.
    pub stores: Stores,
    /// Who is told.
    pub wake: Wake,
    /// The turns to list, which all watches share.
    pub lists: Lists,
    /// The labels of the credentials to look after; `None` for all. One that loses them is to us as if it were deleted.
    pub selector: Option<String>,
    /// Ends the watches.
    pub shutdown: CancellationToken,
}

/// Watches credentials in a namespace, or in all under `""`, until shutdown.
pub async fn watch_credentials(client: Client, namespace: String, context: WatchContext, item: ReadinessItem) {
    let api = scoped::<CredentialObject>(begun_in_time(client), &namespace);
    let config = watcher::Config {
        label_selector: context.selector.clone(),
        ..config()
    };
    watch(api, config, &namespace, &context, &item).await;
}

/// Watches the metadata of Secrets in a namespace, or in all under `""`, until shutdown.
pub async fn watch_secrets(client: Client, namespace: String, context: WatchContext, item: ReadinessItem) {
    let api = scoped::<SecretObject>(begun_in_time(client), &namespace);
    watch(api, config(), &namespace, &context, &item).await;
}

fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_SECONDS).page_size(PAGE)
}

async fn watch<K: Watched>(
    api: Api<K>,
    config: watcher::Config,
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
) {
    let mut course = Course::default();
    loop {
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = follow(watcher::watcher(api.clone(), config.clone()), namespace, context, item, &mut course) => {}
        }
        let doublings = course.refusals.saturating_sub(1).min(5);
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = tokio::time::sleep((START_OVER * (1 << doublings)).min(START_OVER_MOST)) => {}
        }
    }
}

/// Follows a list and what comes after it, until that is refused after the list was answered: the stream would not tell
/// when it is let through again; another list does.
async fn follow<K: Watched>(
    events: impl Stream<Item = watcher::Result<Event<K>>>,
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) {
    let wake = |concerned: Vec<ObjectKey>| concerned.into_iter().for_each(|key| (context.wake)(key));
    let mut events = std::pin::pin!(events.default_backoff());
    let mut listed = HashSet::new();
    let mut stands_at = None;
    let mut turn = None;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = reached(turn.as_ref().map(Turn::overdue_at)) => {
                tracing::warn!(resource = K::NAME, namespace, "a list does not come to its end; it is begun anew");
                return;
            }
            () = reached(stands_at) => {
                stands_at = None;
                wake(stands::<K>(namespace, context, item, course));
                continue;
            }
        };
        match event {
            // The stream has no end of its own.
            None => return,
            Some(Ok(event)) => {
                let listing = matches!(event, Event::Init | Event::InitApply(_));
                let done = matches!(event, Event::InitDone);
                turn = context.lists.turn_after(&event, turn).await;
                wake(deliver::<K>(event, namespace, &mut listed, &context.stores));
                if done && course.refusals > 0 {
                    stands_at = Some(clock::monotonic() + STANDS_AFTER);
                } else if !listing {
                    stands_at = None;
                    wake(stands::<K>(namespace, context, item, course));
                }
            }
            Some(Err(error)) => {
                turn = None;
                let (concerned, start_over) = failed::<K>(&error, namespace, context, item, course);
                wake(concerned);
                if start_over && !matches!(error, watcher::Error::InitialListFailed(_)) {
                    course.refusals = course.refusals.saturating_add(1);
                    return;
                }
            }
        }
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
