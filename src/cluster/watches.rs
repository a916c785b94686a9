//! The watches: credentials and metadata of Secrets, per namespace or of all, each with a back-off of its own.
//!
//! One watch that is refused must not slow the others down, so each is a task. A list that is refused counts as
//! answered: what needs it says so in its status, the rest goes on.

use std::{collections::HashSet, sync::Arc};

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
    CredentialObject, CredentialView, ObjectKey, Stores, Sync,
    error::{Carried, ClusterError},
};
use crate::{health::ReadinessItem, secrets::metadata::SecretMeta};

/// Load balancers cut flows that are idle for 240 s; a watch that ends earlier of itself is never cut.
const WATCH_SECONDS: u32 = 200;

/// Told the credentials that must be looked at again.
pub type Wake = Arc<dyn Fn(ObjectKey) + Send + std::marker::Sync>;

/// One kind of object that is watched.
trait Watched: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static {
    const NAME: &'static str;
    fn put(stores: &Stores, object: Self) -> (ObjectKey, Vec<ObjectKey>);
    fn remove(stores: &Stores, key: &ObjectKey, resource_version: &str) -> Vec<ObjectKey>;
    fn besides(stores: &Stores, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey>;
    fn sync(stores: &Stores, namespace: &str, sync: Sync) -> Vec<ObjectKey>;
}

impl Watched for CredentialObject {
    const NAME: &'static str = "tracktikcredentials.tracktik-operator.io";

    fn put(stores: &Stores, object: Self) -> (ObjectKey, Vec<ObjectKey>) {
        let view = CredentialView::from(object);
        let key = view.key.clone();
        (key, stores.put_credential(view))
    }
    fn remove(stores: &Stores, key: &ObjectKey, _: &str) -> Vec<ObjectKey> {
        stores.remove_credential(key)
    }
    fn besides(stores: &Stores, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        stores.credentials_besides(namespace, listed)
    }
    fn sync(stores: &Stores, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        stores.credentials_are(namespace, sync)
    }
}

impl Watched for kube::core::PartialObjectMeta<Secret> {
    const NAME: &'static str = "secrets";

    fn put(stores: &Stores, object: Self) -> (ObjectKey, Vec<ObjectKey>) {
        let meta = SecretMeta::from_object_meta(object.metadata);
        let key = ObjectKey::new(&meta.namespace, &meta.name);
        (key, stores.put_secret(meta))
    }
    fn remove(stores: &Stores, key: &ObjectKey, resource_version: &str) -> Vec<ObjectKey> {
        stores.remove_secret(key, resource_version)
    }
    fn besides(stores: &Stores, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        stores.secrets_besides(namespace, listed)
    }
    fn sync(stores: &Stores, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        stores.secrets_are(namespace, sync)
    }
}

/// What a watch reports to.
#[derive(Clone)]
pub struct WatchContext {
    /// Where objects go.
    pub stores: Stores,
    /// Who is told.
    pub wake: Wake,
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
    watch(
        scoped::<kube::core::PartialObjectMeta<Secret>>(client, &namespace),
        &namespace,
        &context,
        &item,
    )
    .await;
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
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let mut events = std::pin::pin!(watcher::watcher(api, config).default_backoff());
    let mut listed = HashSet::new();
    let mut failing = false;
    loop {
        let event = tokio::select! {
            () = context.shutdown.cancelled() => return,
            event = events.next() => event,
        };
        // The stream has no end of its own.
        let Some(event) = event else { return };
        let concerned = match event {
            Ok(event) => {
                let synced = matches!(event, Event::InitDone);
                let concerned = deliver::<K>(event, namespace, &mut listed, &context.stores);
                if synced || failing {
                    failing = false;
                    item.ready();
                }
                concerned
            }
            Err(error) => {
                let concerned = failed::<K>(&error, namespace, &context.stores, item, failing);
                failing = true;
                concerned
            }
        };
        for key in concerned {
            (context.wake)(key);
        }
    }
}

fn deliver<K: Watched>(
    event: Event<K>,
    namespace: &str,
    listed: &mut HashSet<ObjectKey>,
    stores: &Stores,
) -> Vec<ObjectKey> {
    match event {
        Event::Init => {
            listed.clear();
            Vec::new()
        }
        Event::InitApply(object) => {
            let (key, concerned) = K::put(stores, object);
            listed.insert(key);
            concerned
        }
        Event::InitDone => {
            let mut concerned = Vec::new();
            for key in K::besides(stores, namespace, &std::mem::take(listed)) {
                concerned.extend(K::remove(stores, &key, ""));
            }
            concerned.extend(K::sync(stores, namespace, Sync::Synced));
            concerned
        }
        Event::Apply(object) => K::put(stores, object).1,
        Event::Delete(object) => {
            let meta = object.meta();
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let key = ObjectKey::new(part(&meta.namespace), part(&meta.name));
            K::remove(stores, &key, meta.resource_version.as_deref().unwrap_or_default())
        }
    }
}

fn failed<K: Watched>(
    error: &watcher::Error,
    namespace: &str,
    stores: &Stores,
    item: &ReadinessItem,
    known: bool,
) -> Vec<ObjectKey> {
    let cause = cause(error);
    let place = if namespace.is_empty() {
        "all namespaces".to_owned()
    } else {
        format!("namespace {namespace:?}")
    };
    let advice = match &cause {
        ClusterError::Forbidden { .. } => format!("grant the operator list and watch on {}", K::NAME),
        ClusterError::NotFound => format!("install the CustomResourceDefinition {}", K::NAME),
        _ => "it is tried again".to_owned(),
    };
    let why = format!("{cause}: {advice}");
    item.missing(&why);
    if known {
        tracing::debug!(resource = K::NAME, place, error = %cause, "watch still failing");
    } else {
        tracing::warn!(resource = K::NAME, place, error = %cause, advice, "watch failing");
    }
    match cause {
        ClusterError::Forbidden { .. } | ClusterError::NotFound => K::sync(stores, namespace, Sync::Refused(why)),
        _ => Vec::new(),
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
