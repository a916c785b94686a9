//! What an operator is told of changes, and when.

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;
use tracktik_operator::{
    cluster::{CredentialObject, CredentialView, ObjectKey, Stores, Sync, watches::Wake},
    secrets::metadata::SecretMeta,
};

use super::{ApiServer, NAMESPACE, State};

/// The watches of one operator.
pub(super) struct Watch {
    stores: Stores,
    wake: Wake,
    lags: bool,
}

impl ApiServer {
    /// Stores that hold what there is, and that every change is brought to from now on: those of an operator that has
    /// just started. One that watched before is told no more.
    pub fn watched(&self, wake: &Wake) -> Stores {
        let stores = Stores::default();
        let mut state = self.state.lock().unwrap();
        state.watch = Some(Watch {
            stores: stores.clone(),
            wake: Arc::clone(wake),
            lags: false,
        });
        state.tell_all();
        let (mut concerned, secrets) = (
            stores.credentials_are("", Sync::Synced),
            stores.secrets_are("", Sync::Synced),
        );
        concerned.extend(secrets);
        for key in concerned {
            wake(key);
        }
        stores
    }

    /// Nothing is told from now on, until [`Self::catch_up`].
    pub fn lag(&self) {
        self.state.lock().unwrap().watch.as_mut().unwrap().lags = true;
    }

    /// Everything is told that was not.
    pub fn catch_up(&self) {
        let mut state = self.state.lock().unwrap();
        state.watch.as_mut().unwrap().lags = false;
        state.tell_all();
    }
}

impl State {
    fn tell_all(&self) {
        for secret in self.secrets.values() {
            self.tell_secret(secret);
        }
        for credential in self.credentials.values() {
            self.tell_credential(credential);
        }
        let there: HashSet<ObjectKey> = self
            .secrets
            .keys()
            .map(|name| ObjectKey::new(NAMESPACE, name))
            .collect();
        let gone = self
            .watch
            .iter()
            .flat_map(|watch| watch.stores.secrets_besides("", &there));
        for key in gone {
            self.tell_deletion(&key.name);
        }
    }

    pub(super) fn tell_secret(&self, secret: &Value) {
        let meta = serde_json::from_value(secret["metadata"].clone()).unwrap();
        self.tell(|stores| stores.put_secret(SecretMeta::from_object_meta(meta)));
    }

    pub(super) fn tell_deletion(&self, secret: &str) {
        let key = ObjectKey::new(NAMESPACE, secret);
        self.tell(|stores| stores.remove_secret(&key, &self.version.to_string()));
    }

    pub(super) fn tell_credential(&self, credential: &Value) {
        let object: CredentialObject = serde_json::from_value(credential.clone()).unwrap();
        self.tell(|stores| stores.put_credential(CredentialView::from(object)));
    }

    fn tell(&self, bring: impl FnOnce(&Stores) -> Vec<ObjectKey>) {
        let Some(watch) = self.watch.as_ref().filter(|watch| !watch.lags) else {
            return;
        };
        for key in bring(&watch.stores) {
            (watch.wake)(key);
        }
    }
}
