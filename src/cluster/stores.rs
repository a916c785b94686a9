//! What the watches have delivered: credentials and the metadata of Secrets.
//!
//! Plain maps under one lock that is held for a look-up, never across a wait. Every change answers with the credentials
//! that must be looked at again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{
    CredentialView, ObjectKey,
    gone::Gone,
    secret_index::SecretIndex,
    sync::{CredentialLists, Scopes, Sync},
};
use crate::secrets::metadata::SecretMeta;

/// The stores. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Stores(Arc<RwLock<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    credentials: HashMap<ObjectKey, Arc<CredentialView>>,
    /// Those with a failure record, which are asked for before each login: a walk along all would be quadratic.
    with_a_record: HashSet<ObjectKey>,
    secrets: HashMap<ObjectKey, Arc<SecretMeta>>,
    index: SecretIndex,
    gone: Gone,
    credentials_sync: Scopes,
    secrets_sync: Scopes,
}

impl Stores {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential as last seen.
    #[must_use]
    pub fn credential(&self, key: &ObjectKey) -> Option<Arc<CredentialView>> {
        self.read().credentials.get(key).cloned()
    }

    /// All credentials as last seen, in no order.
    #[must_use]
    pub fn credentials(&self) -> Vec<Arc<CredentialView>> {
        self.read().credentials.values().cloned().collect()
    }

    /// How many credentials there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.read().credentials.len()
    }

    /// Those of all credentials with a failure record, in no order: few where all is well.
    #[must_use]
    pub fn credentials_with_a_record(&self) -> Vec<Arc<CredentialView>> {
        let inner = self.read();
        let recorded = inner.with_a_record.iter();
        recorded.filter_map(|key| inner.credentials.get(key).cloned()).collect()
    }

    /// A Secret's metadata as last seen.
    #[must_use]
    pub fn secret(&self, key: &ObjectKey) -> Option<Arc<SecretMeta>> {
        self.read().secrets.get(key).cloned()
    }

    /// The version at which a Secret of a credential was seen to go; empty where a list did not have it any more.
    #[must_use]
    pub fn gone_at(&self, credential: &ObjectKey, secret: &str) -> Option<String> {
        self.read().gone.at(credential, secret)
    }

    /// The Secrets that carry the mark of a credential of this name.
    #[must_use]
    pub fn marked_secrets(&self, credential: &ObjectKey) -> Vec<Arc<SecretMeta>> {
        let inner = self.read();
        let marked = inner.index.marked(credential);
        marked.filter_map(|key| inner.secrets.get(key).cloned()).collect()
    }

    /// The credential that owns the name of a Secret that does not exist yet: the oldest, then the lowest uid.
    #[must_use]
    pub fn first_claimant(&self, target: &ObjectKey) -> Option<Arc<CredentialView>> {
        let inner = self.read();
        let users = inner.index.users(target).filter_map(|key| inner.credentials.get(key));
        users
            .filter(|credential| !credential.deleting && credential.target_name().as_deref() == Some(&target.name))
            .min_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)))
            .cloned()
    }

    /// How far the watches of a namespace have come: of its credentials and of its Secrets.
    #[must_use]
    pub fn sync_of(&self, namespace: &str) -> (Sync, Sync) {
        let inner = self.read();
        (inner.credentials_sync.of(namespace), inner.secrets_sync.of(namespace))
    }

    /// A watch of credentials is about to be started (`""` for all namespaces).
    pub fn expect_credentials(&self, namespace: &str) {
        self.write().credentials_sync.are(namespace, Sync::Pending);
    }

    /// How far the lists of credentials have come.
    #[must_use]
    pub fn credential_lists(&self) -> CredentialLists {
        self.read().credentials_sync.lists()
    }

    /// Notes how far a watch of credentials has come (`""` for all namespaces).
    #[must_use = "these credentials must be looked at again"]
    pub fn credentials_are(&self, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        let mut inner = self.write();
        if inner.credentials_sync.are(namespace, sync) {
            inner.in_scope(namespace)
        } else {
            Vec::new()
        }
    }

    /// As [`Stores::credentials_are`], of Secrets.
    #[must_use = "these credentials must be looked at again"]
    pub fn secrets_are(&self, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        let mut inner = self.write();
        if inner.secrets_sync.are(namespace, sync) {
            inner.in_scope(namespace)
        } else {
            Vec::new()
        }
    }

    /// A credential was added or changed. Its rivals are concerned too, for the old target and for the new.
    #[must_use = "these credentials must be looked at again"]
    pub fn put_credential(&self, mut credential: CredentialView) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let inner = &mut *inner;
        let before = inner.credentials.get(&credential.key).cloned();
        let known = inner.index.credential_key(&credential.key).cloned();
        credential.key = shared(known.unwrap_or(credential.key), &inner.credentials);
        let mut concerned = before
            .map(|before| inner.index.remove_credential(&before))
            .unwrap_or_default();
        let secrets = &inner.secrets;
        let rivals = inner.index.add_credential(&credential, |key| shared(key, secrets));
        concerned.extend(rivals);
        match credential.status.failure {
            Some(_) => inner.with_a_record.insert(credential.key.clone()),
            None => inner.with_a_record.remove(&credential.key),
        };
        inner.credentials.insert(credential.key.clone(), Arc::new(credential));
        concerned.into_iter().collect()
    }

    /// A credential is gone; rivals for its target are concerned.
    #[must_use = "these credentials must be looked at again"]
    pub fn remove_credential(&self, key: &ObjectKey) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let before = inner.credentials.remove(key);
        let mut concerned = before
            .map(|before| inner.index.remove_credential(&before))
            .unwrap_or_default();
        concerned.insert(key.clone());
        inner.with_a_record.remove(key);
        inner.gone.forget(key);
        concerned.into_iter().collect()
    }

    /// A Secret was added or changed.
    #[must_use = "these credentials must be looked at again"]
    pub fn put_secret(&self, mut secret: SecretMeta) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let inner = &mut *inner;
        let before = inner.secrets.get(&secret.key).cloned();
        let known = inner.index.secret_key(&secret.key).cloned();
        secret.key = shared(known.unwrap_or(secret.key), &inner.secrets);
        let mut concerned: Vec<ObjectKey> = before
            .and_then(|before| inner.index.remove_secret(&before))
            .into_iter()
            .collect();
        let credentials = &inner.credentials;
        concerned.extend(inner.index.add_secret(&secret, |key| shared(key, credentials)));
        concerned.extend(inner.index.users(&secret.key).cloned());
        for owner in &concerned {
            inner.gone.is_back(owner, &secret.key.name);
        }
        inner.secrets.insert(secret.key.clone(), Arc::new(secret));
        concerned
    }

    /// A Secret is gone, seen at this version (empty where that is not known).
    #[must_use = "these credentials must be looked at again"]
    pub fn remove_secret(&self, key: &ObjectKey, resource_version: &str) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let Some(before) = inner.secrets.remove(key) else {
            return Vec::new();
        };
        let owner = inner.index.remove_secret(&before);
        // Only for a credential that is there to ask: those of deleted ones would pile up.
        let asks = owner.as_ref().and_then(|owner| inner.credentials.get(owner)).cloned();
        if let Some(credential) = asks {
            let target = credential.target_name();
            let of = credential.key.clone();
            inner.gone.note(of, target.as_deref(), &key.name, resource_version);
        }
        owner.into_iter().chain(inner.index.users(key).cloned()).collect()
    }

    /// After a complete list: the credentials of the scope that were not in it.
    #[must_use]
    pub fn credentials_besides(&self, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        besides(self.read().credentials.keys(), namespace, listed)
    }

    /// After a complete list: the Secrets of the scope that were not in it.
    #[must_use]
    pub fn secrets_besides(&self, namespace: &str, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        besides(self.read().secrets.keys(), namespace, listed)
    }
}

impl Inner {
    fn in_scope(&self, namespace: &str) -> Vec<ObjectKey> {
        besides(self.credentials.keys(), namespace, &HashSet::new())
    }
}

/// The key as it stands in the map already, so that all share one.
fn shared<T>(key: ObjectKey, map: &HashMap<ObjectKey, T>) -> ObjectKey {
    map.get_key_value(&key).map_or(key, |(known, _)| known.clone())
}

fn besides<'a>(
    keys: impl Iterator<Item = &'a ObjectKey>,
    namespace: &str,
    listed: &HashSet<ObjectKey>,
) -> Vec<ObjectKey> {
    keys.filter(|key| (namespace.is_empty() || key.namespace == namespace) && !listed.contains(*key))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::{CredentialObject, gone::MOST_GONE};

    #[test]
    fn those_with_a_record_are_those_whose_status_has_one_now() {
        let stores = Stores::default();
        let put = |name: &str, failure: serde_json::Value| {
            let object = json!({ "metadata": { "namespace": "team", "name": name }, "status": { "failure": failure } });
            let credential: CredentialObject = serde_json::from_value(object).unwrap();
            let _ = stores.put_credential(credential.into());
        };
        let with = || {
            let found = stores.credentials_with_a_record();
            let mut names: Vec<String> = found.iter().map(|credential| credential.key.name.clone()).collect();
            names.sort();
            names
        };
        for name in ["failed", "mended", "deleted"] {
            put(name, json!({ "count": 1 }));
        }
        put("well", serde_json::Value::Null);
        assert_eq!(with(), ["deleted", "failed", "mended"]);
        put("mended", serde_json::Value::Null);
        let _ = stores.remove_credential(&ObjectKey::new("team", "deleted"));
        assert_eq!(with(), ["failed"]);
    }

    #[test]
    fn of_secrets_that_are_marked_and_deleted_without_end_the_target_is_remembered() {
        let stores = Stores::default();
        let acme = ObjectKey::new("team", "acme");
        let credential: CredentialObject = serde_json::from_value(json!({
            "metadata": { "namespace": "team", "name": "acme", "uid": "u" },
            "spec": { "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "acme" } } },
        }))
        .unwrap();
        let _ = stores.put_credential(credential.into());
        let names = std::iter::once("acme-token".to_owned()).chain((0..1_000).map(|number| format!("s{number}")));
        for name in names {
            let meta = json!({ "namespace": "team", "name": name, "annotations": {
                crate::api::annotations::CREDENTIAL: "team/acme@u",
            } });
            let _ = stores.put_secret(SecretMeta::from_object_meta(serde_json::from_value(meta).unwrap()));
            let _ = stores.remove_secret(&acme.sibling(&name), "7");
        }
        assert_eq!(stores.gone_at(&acme, "acme-token").as_deref(), Some("7"));
        assert_eq!(stores.gone_at(&acme, "s999").as_deref(), Some("7"));
        assert!(stores.read().gone.most_of_one() <= MOST_GONE);
    }
}
