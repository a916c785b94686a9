//! The watches: credentials and metadata of Secrets, per namespace or of all, each with a back-off of its own.
//!
//! One watch that is refused must not slow the others down, so each is a task. A list that is refused counts as
//! answered: what needs it says so in its status, the rest goes on.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, Resource,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    CredentialObject, ObjectKey, Stores, Sync,
    error::{Carried, ClusterError},
    lists::{Lists, PAGE, Turn},
    watched::{Watched, deliver},
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
    /// Ends the watches.
    pub shutdown: CancellationToken,
}

/// Watches credentials in a namespace, or in all under `""`, until shutdown.
pub async fn watch_credentials(client: Client, namespace: String, context: WatchContext, item: ReadinessItem) {
    watch(
        scoped::<CredentialObject>(client, &namespace),
        &namespace,
        &context,
        &item,
    )
    .await;
}

/// Watches the metadata of Secrets in a namespace, or in all under `""`, until shutdown.
pub async fn watch_secrets(client: Client, namespace: String, context: WatchContext, item: ReadinessItem) {
    let api = scoped::<kube::core::PartialObjectMeta<Secret>>(client, &namespace);
    watch(api, &namespace, &context, &item).await;
}

fn scoped<K>(client: Client, namespace: &str) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    if namespace.is_empty() {
        Api::all(client)
    } else {
        Api::namespaced(client, namespace)
    }
}

async fn watch<K: Watched>(api: Api<K>, namespace: &str, context: &WatchContext, item: &ReadinessItem) {
    let mut course = Course::default();
    loop {
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = follow(api.clone(), namespace, context, item, &mut course) => {}
        }
        let doublings = course.refusals.saturating_sub(1).min(5);
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = tokio::time::sleep((START_OVER * (1 << doublings)).min(START_OVER_MOST)) => {}
        }
    }
}

/// What is known of a watch, also when it is started over.
#[derive(Debug, Default)]
struct Course {
    /// A list was answered, so the store holds something.
    listed: bool,
    /// It fails, and that was told.
    failing: bool,
    /// How often it was refused after a list was answered, since it last stood.
    refusals: u32,
}

/// Follows a list and what comes after it, until that is refused after the list was answered: the stream would not tell
/// when it is let through again; another list does.
async fn follow<K: Watched>(
    api: Api<K>,
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) {
    let wake = |concerned: Vec<ObjectKey>| concerned.into_iter().for_each(|key| (context.wake)(key));
    let config = watcher::Config::default().timeout(WATCH_SECONDS).page_size(PAGE);
    let mut events = std::pin::pin!(watcher::watcher(api, config).default_backoff());
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

/// The watch is let through, and the store holds what the API server has.
fn stands<K: Watched>(
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) -> Vec<ObjectKey> {
    if course.listed && !course.failing && course.refusals == 0 {
        return Vec::new();
    }
    *course = Course {
        listed: true,
        ..Course::default()
    };
    item.ready();
    K::sync(&context.stores, namespace, Sync::Synced)
}

/// Whom a failure concerns, and whether to start over, since it is no fault that passes: a refusal, one of the operator's
/// own credentials, which says nothing of what the store holds, or one of a version that is too old.
fn failed<K: Watched>(
    error: &watcher::Error,
    namespace: &str,
    context: &WatchContext,
    item: &ReadinessItem,
    course: &mut Course,
) -> (Vec<ObjectKey>, bool) {
    let cause = cause(error);
    let place = if namespace.is_empty() {
        "all namespaces".to_owned()
    } else {
        format!("namespace {namespace:?}")
    };
    let advice = match &cause {
        ClusterError::Forbidden { .. } => format!("grant the operator list and watch on {}", K::NAME),
        ClusterError::NotFound => format!("install the CustomResourceDefinition {}", K::NAME),
        ClusterError::Unauthenticated => "see that its ServiceAccount exists, or renew its kubeconfig".to_owned(),
        _ => "it is tried again".to_owned(),
    };
    let why = format!("{cause}: {advice}");
    let refused = matches!(cause, ClusterError::Forbidden { .. } | ClusterError::NotFound);
    // A connection that broke is made again, and the stream does not tell when; what the store holds is good meanwhile.
    let unknown = cause == ClusterError::Unauthenticated;
    // Where a watch begins with this, the stream would ask for the same version for ever.
    let expired = matches!(cause, ClusterError::Other { code: 410, .. });
    if refused || unknown || !course.listed {
        item.missing(&why);
    }
    if std::mem::replace(&mut course.failing, true) {
        tracing::debug!(resource = K::NAME, place, error = %cause, "watch still failing");
    } else {
        tracing::warn!(resource = K::NAME, place, error = %cause, advice, "watch failing");
    }
    if refused {
        (K::sync(&context.stores, namespace, Sync::Refused(why)), true)
    } else {
        (Vec::new(), unknown || expired)
    }
}

fn cause(error: &watcher::Error) -> ClusterError {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => ClusterError::from_kube(error, Carried::NoValues),
        watcher::Error::WatchError(status) => ClusterError::from_status(status, Carried::NoValues),
        watcher::Error::NoResourceVersion => ClusterError::Other {
            code: 0,
            detail: "a list without resourceVersion".to_owned(),
        },
    }
}
