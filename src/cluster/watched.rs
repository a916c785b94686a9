//! The kinds of objects that are watched, and how what a watch tells gets into the stores.

use std::collections::HashSet;

use kube::{Api, Client, Resource, runtime::watcher::Event};

use super::{ClusterError, CredentialObject, CredentialView, ObjectKey, Stores, Sync, secret_object::SecretObject};
use crate::secrets::metadata::SecretMeta;

/// One kind of object that is watched.
pub trait Watched:
    Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static
{
    /// As in an access rule.
    const NAME: &'static str;
    /// Whether a definition of ours brings it about; else every API server serves it.
    const DEFINED: bool;

    /// It was added or changed; answers its name and the credentials that must be looked at again.
    fn put(stores: &Stores, object: Self) -> (ObjectKey, Vec<ObjectKey>);
    /// It is gone, as of this version.
    fn remove(stores: &Stores, key: &ObjectKey, resource_version: &str) -> Vec<ObjectKey>;
    /// Those in the store that a complete list did not have.
    fn besides(stores: &Stores, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey>;
    /// How far the watch has come.
    fn sync(stores: &Stores, namespace: &str, sync: Sync) -> Vec<ObjectKey>;
}

impl Watched for CredentialObject {
    const NAME: &'static str = "tracktikcredentials.tracktik-operator.io";
    const DEFINED: bool = true;

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

impl Watched for SecretObject {
    const NAME: &'static str = "secrets";
    const DEFINED: bool = false;

    fn put(stores: &Stores, object: Self) -> (ObjectKey, Vec<ObjectKey>) {
        let meta = SecretMeta::from_object_meta(object.metadata);
        (meta.key.clone(), stores.put_secret(meta))
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

/// Brings what a watch tells into the stores; answers the credentials that must be looked at again.
pub fn deliver<K: Watched>(
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
            let gone = K::besides(stores, namespace, &std::mem::take(listed));
            gone.iter().flat_map(|key| K::remove(stores, key, "")).collect()
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

/// The objects of a namespace, or of all under `""`.
pub fn scoped<K>(client: Client, namespace: &str) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    if namespace.is_empty() {
        Api::all(client)
    } else {
        Api::namespaced(client, namespace)
    }
}

/// For people.
pub fn place(namespace: &str) -> String {
    if namespace.is_empty() {
        "all namespaces".to_owned()
    } else {
        format!("namespace {namespace:?}")
    }
}

/// What a person can do about a list or watch that fails.
pub fn advice<K: Watched>(cause: &ClusterError) -> String {
    match cause {
        ClusterError::Forbidden { .. } => format!("grant the operator list and watch on {}", K::NAME),
        // A proxy that does not know the path answers so too.
        ClusterError::NotFound | ClusterError::NotServed => {
            let definition = K::DEFINED.then(|| format!("install the CustomResourceDefinition {}, or ", K::NAME));
            format!(
                "{}see what answers in the API server's place",
                definition.unwrap_or_default()
            )
        }
        ClusterError::Unauthenticated => "see that its ServiceAccount exists, or renew its kubeconfig".to_owned(),
        _ => "it is tried again".to_owned(),
    }
}

/// Why a list or watch fails, and what a person can do about it.
pub fn why_failing<K: Watched>(cause: &ClusterError) -> String {
    format!("{cause}: {}", advice::<K>(cause))
}
