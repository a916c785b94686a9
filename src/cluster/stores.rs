//! What the watches have delivered: credentials and the metadata of Secrets, and which concerns which.
//!
//! Plain maps under one lock that is held for a look-up, never across a wait. Every change answers with the credentials
//! that must be looked at again.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{CredentialView, ObjectKey};
use crate::secrets::{metadata::SecretMeta, ownership::Mark, source::SourcePlan};

/// How far a watch has come.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Sync {
    /// Its first list has not been answered.
    #[default]
    Pending,
    /// The store holds what the API server has.
    Synced,
    /// The API server refuses the list; the text says why.
    Refused(String),
}

/// The stores. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Stores(Arc<RwLock<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    credentials: HashMap<ObjectKey, Arc<CredentialView>>,
    secrets: HashMap<ObjectKey, Arc<SecretMeta>>,
    /// Secret → the credentials that read it or want to write it.
    users: HashMap<ObjectKey, BTreeSet<ObjectKey>>,
    /// Credential → the Secrets that carry its mark, whatever its uid.
    marked: HashMap<ObjectKey, BTreeSet<String>>,
    /// Secrets of ours that were seen to go, with the version at which they did.
    gone: HashMap<ObjectKey, String>,
    /// Per namespace, or for all under "".
    secrets_sync: HashMap<String, Sync>,
    credentials_sync: HashMap<String, Sync>,
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

    /// A Secret's metadata as last seen.
    #[must_use]
    pub fn secret(&self, key: &ObjectKey) -> Option<Arc<SecretMeta>> {
        self.read().secrets.get(key).cloned()
    }

    /// The version at which a Secret of ours was seen to go.
    #[must_use]
    pub fn gone_at(&self, key: &ObjectKey) -> Option<String> {
        self.read().gone.get(key).cloned()
    }

    /// The Secrets that carry the mark of a credential of this name.
    #[must_use]
    pub fn marked_secrets(&self, credential: &ObjectKey) -> Vec<Arc<SecretMeta>> {
        let inner = self.read();
        let names = inner.marked.get(credential).into_iter().flatten();
        names
            .filter_map(|name| inner.secrets.get(&credential.sibling(name)).cloned())
            .collect()
    }

    /// The credential that owns the name of a Secret that does not exist yet: the oldest, then the lowest uid.
    #[must_use]
    pub fn first_claimant(&self, target: &ObjectKey) -> Option<Arc<CredentialView>> {
        let inner = self.read();
        let users = inner
            .users
            .get(target)?
            .iter()
            .filter_map(|key| inner.credentials.get(key));
        users
            .filter(|credential| !credential.deleting && credential.target_name().as_deref() == Some(&target.name))
            .min_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)))
            .cloned()
    }

    /// How far the watches of a namespace have come: of its credentials and of its Secrets.
    #[must_use]
    pub fn sync_of(&self, namespace: &str) -> (Sync, Sync) {
        let inner = self.read();
        let of = |states: &HashMap<String, Sync>| {
            states
                .get(namespace)
                .or_else(|| states.get(""))
                .cloned()
                .unwrap_or_default()
        };
        (of(&inner.credentials_sync), of(&inner.secrets_sync))
    }

    /// Notes how far a watch of credentials has come (`""` for all namespaces); answers whom it concerns.
    #[must_use = "these credentials must be looked at again"]
    pub fn credentials_are(&self, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let before = inner.credentials_sync.insert(namespace.to_owned(), sync.clone());
        if before == Some(sync) {
            Vec::new()
        } else {
            inner.in_scope(namespace)
        }
    }

    /// As [`Stores::credentials_are`], of Secrets.
    #[must_use = "these credentials must be looked at again"]
    pub fn secrets_are(&self, namespace: &str, sync: Sync) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let before = inner.secrets_sync.insert(namespace.to_owned(), sync.clone());
        if before == Some(sync) {
            Vec::new()
        } else {
            inner.in_scope(namespace)
        }
    }

    /// A credential was added or changed.
    #[must_use = "these credentials must be looked at again"]
    pub fn put_credential(&self, credential: CredentialView) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let key = credential.key.clone();
        let concerned = inner.forget_uses(&key);
        let mut concerned: BTreeSet<ObjectKey> = concerned.into_iter().collect();
        for secret in uses(&credential) {
            let users = inner.users.entry(key.sibling(&secret)).or_default();
            users.insert(key.clone());
            if credential.target_name().as_deref() == Some(&secret) {
                concerned.extend(users.iter().cloned());
            }
        }
        inner.credentials.insert(key.clone(), Arc::new(credential));
        concerned.insert(key);
        concerned.into_iter().collect()
    }

    /// A credential is gone; rivals for its target are concerned.
    #[must_use = "these credentials must be looked at again"]
    pub fn remove_credential(&self, key: &ObjectKey) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let mut concerned = inner.forget_uses(key);
        inner.credentials.remove(key);
        concerned.push(key.clone());
        concerned
    }

    /// A Secret was added or changed.
    #[must_use = "these credentials must be looked at again"]
    pub fn put_secret(&self, secret: SecretMeta) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let key = ObjectKey::new(&secret.namespace, &secret.name);
        let mut concerned = inner.forget_mark(&key);
        if let Some(owner) = owner(&secret) {
            inner
                .marked
                .entry(owner.clone())
                .or_default()
                .insert(secret.name.clone());
            concerned.push(owner);
        }
        inner.gone.remove(&key);
        inner.secrets.insert(key.clone(), Arc::new(secret));
        concerned.extend(inner.users.get(&key).into_iter().flatten().cloned());
        concerned
    }

    /// A Secret is gone, seen at this version (empty where that is not known).
    #[must_use = "these credentials must be looked at again"]
    pub fn remove_secret(&self, key: &ObjectKey, resource_version: &str) -> Vec<ObjectKey> {
        let mut inner = self.write();
        let mut concerned = inner.forget_mark(key);
        if !concerned.is_empty() {
            inner.gone.insert(key.clone(), resource_version.to_owned());
        }
        inner.secrets.remove(key);
        concerned.extend(inner.users.get(key).into_iter().flatten().cloned());
        concerned
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
        self.credentials
            .keys()
            .filter(|key| namespace.is_empty() || key.namespace == namespace)
            .cloned()
            .collect()
    }

    /// Takes a credential out of the index; answers its rivals for the target it had.
    fn forget_uses(&mut self, key: &ObjectKey) -> Vec<ObjectKey> {
        let Some(before) = self.credentials.get(key).cloned() else {
            return Vec::new();
        };
        let mut rivals = Vec::new();
        for secret in uses(&before) {
            let secret_key = key.sibling(&secret);
            let Some(users) = self.users.get_mut(&secret_key) else {
                continue;
            };
            users.remove(key);
            if before.target_name().as_deref() == Some(&secret) {
                rivals.extend(users.iter().cloned());
            }
            if users.is_empty() {
                self.users.remove(&secret_key);
            }
        }
        rivals
    }

    /// Takes a Secret out of the index of marks; answers the credential whose mark it carried.
    fn forget_mark(&mut self, key: &ObjectKey) -> Vec<ObjectKey> {
        let Some(owner) = self.secrets.get(key).and_then(|secret| owner(secret)) else {
            return Vec::new();
        };
        if let Some(names) = self.marked.get_mut(&owner) {
            names.remove(&key.name);
            if names.is_empty() {
                self.marked.remove(&owner);
            }
        }
        vec![owner]
    }
}

fn uses(credential: &CredentialView) -> BTreeSet<String> {
    let Some(spec) = &credential.spec else {
        return BTreeSet::new();
    };
    let mut names: BTreeSet<String> = SourcePlan::of(spec).secrets().into_iter().map(str::to_owned).collect();
    names.extend(credential.target_name());
    names
}

fn owner(secret: &SecretMeta) -> Option<ObjectKey> {
    let mark = Mark::parse(secret.mark()?)?;
    (mark.namespace == secret.namespace).then(|| ObjectKey::new(mark.namespace, mark.name))
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
