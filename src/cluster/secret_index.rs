//! Which credentials a Secret concerns: those that read it, those that want to write it, and the one whose mark it carries.
//!
//! An index, because a look through all credentials at each event of each Secret is quadratic at start.

use std::collections::{BTreeSet, HashMap};

use super::{CredentialView, ObjectKey, key_set::KeySet};
use crate::secrets::{metadata::SecretMeta, ownership::Mark, source::SourcePlan};

/// The index.
#[derive(Debug, Default)]
pub struct SecretIndex {
    /// Secret → the credentials that read it or want to write it.
    users: HashMap<ObjectKey, KeySet>,
    /// Credential → the Secrets that carry its mark, whatever its uid.
    marked: HashMap<ObjectKey, KeySet>,
}

impl SecretIndex {
    /// The credentials that read a Secret or want to write it.
    pub fn users(&self, secret: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        self.users.get(secret).into_iter().flat_map(KeySet::iter)
    }

    /// The Secrets that carry the mark of a credential of this name.
    pub fn marked(&self, credential: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        self.marked.get(credential).into_iter().flat_map(KeySet::iter)
    }

    /// The key of a Secret as it stands in here.
    pub fn secret_key(&self, key: &ObjectKey) -> Option<&ObjectKey> {
        self.users.get_key_value(key).map(|(own, _)| own)
    }

    /// The key of a credential as it stands in here.
    pub fn credential_key(&self, key: &ObjectKey) -> Option<&ObjectKey> {
        self.marked.get_key_value(key).map(|(own, _)| own)
    }

    /// Notes what a credential uses; answers all that want the same target, itself included. `known` gives the key of a
    /// Secret as it stands elsewhere.
    pub fn add_credential(
        &mut self,
        credential: &CredentialView,
        known: impl Fn(ObjectKey) -> ObjectKey,
    ) -> BTreeSet<ObjectKey> {
        let key = &credential.key;
        let target = credential.target_name();
        let mut rivals = BTreeSet::from([key.clone()]);
        for secret in uses(credential) {
            let users = self.users.entry(known(key.sibling(&secret))).or_default();
            users.insert(key.clone());
            if target.as_deref() == Some(&secret) {
                rivals.extend(users.iter().cloned());
            }
        }
        rivals
    }

    /// Forgets what a credential used; answers the others that want the target that it had.
    pub fn remove_credential(&mut self, credential: &CredentialView) -> BTreeSet<ObjectKey> {
        let key = &credential.key;
        let target = credential.target_name();
        let mut rivals = BTreeSet::new();
        for secret in uses(credential) {
            let secret_key = key.sibling(&secret);
            let Some(users) = self.users.get_mut(&secret_key) else {
                continue;
            };
            users.remove(key);
            if target.as_deref() == Some(&secret) {
                rivals.extend(users.iter().cloned());
            }
            if users.is_empty() {
                self.users.remove(&secret_key);
            }
        }
        rivals
    }

    /// Notes whose mark a Secret carries; answers that credential. `known` gives the key of a credential as it stands
    /// elsewhere.
    pub fn add_secret(&mut self, secret: &SecretMeta, known: impl Fn(ObjectKey) -> ObjectKey) -> Option<ObjectKey> {
        let owner = known(owner(secret)?);
        self.marked.entry(owner.clone()).or_default().insert(secret.key.clone());
        Some(owner)
    }

    /// Forgets whose mark a Secret carried; answers that credential.
    pub fn remove_secret(&mut self, secret: &SecretMeta) -> Option<ObjectKey> {
        let owner = owner(secret)?;
        if let Some(secrets) = self.marked.get_mut(&owner) {
            secrets.remove(&secret.key);
            if secrets.is_empty() {
                self.marked.remove(&owner);
            }
        }
        Some(owner)
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
    (mark.namespace == secret.key.namespace).then(|| ObjectKey::new(mark.namespace, mark.name))
}
