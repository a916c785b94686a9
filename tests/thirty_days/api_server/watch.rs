//! What an operator is told of changes, and when.

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;
use tracktik_operator::{
    cluster::{CredentialObject, CredentialView, ObjectKey, Stores, Sync, watches::Wake},
    secrets::metadata::SecretMeta,
};

use super::{ApiServer, Calls, State};

/// The watches of one operator.
pub(super) struct Watch {
    stores: Stores,
    wake: Wake,
    lags: bool,
    /// The first lists were answered.
    listed: bool,
}

impl ApiServer {
    /// Stores that hold what there is, and that every change is brought to from now on: those of an operator that has
    /// just started. One that watched before is told no more. While calls are refused or not heard, so are lists, and
    /// nothing is told before [`Self::catch_up`].
    pub fn watched(&self, wake: &Wake) -> Stores {
        let stores = Stores::default();
        stores.expect_credentials("");
        let mut state = self.state.lock().unwrap();
        let lags = matches!(state.all_calls, Calls::Refused(_) | Calls::Unheard);
        state.watch = Some(Watch {
            stores: stores.clone(),
            wake: Arc::clone(wake),
            lags,
            listed: false,
        });
        state.list();
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
        state.list();
    }
}

impl State {
    /// What a complete list tells, and at the first that it was one.
    fn list(&mut self) {
        self.tell_all();
        let Some(watch) = self.watch.as_mut().filter(|watch| !watch.lags && !watch.listed) else {
            return;
        };
        watch.listed = true;
        let mut concerned = watch.stores.credentials_are("", Sync::Synced);
        concerned.extend(watch.stores.secrets_are("", Sync::Synced));
        for key in concerned {
            (watch.wake)(key);
        }
    }

    fn tell_all(&self) {
        for secret in self.secrets.values() {
            self.tell_secret(secret);
        }
        for credential in self.credentials.values() {
            self.tell_credential(credential);
        }
        let there: HashSet<ObjectKey> = self.secrets.keys().cloned().collect();
        let gone = self
            .watch
            .iter()
            .flat_map(|watch| watch.stores.secrets_besides("", &there));
        for key in gone {
            self.tell_deletion(&key);
        }
    }

    pub(super) fn tell_secret(&self, secret: &Value) {
        let meta = serde_json::from_value(secret["metadata"].clone()).unwrap();
        self.tell(|stores| stores.put_secret(SecretMeta::from_object_meta(meta)));
    }

    pub(super) fn tell_deletion(&self, secret: &ObjectKey) {
        self.tell(|stores| stores.remove_secret(secret, &self.version.to_string()));
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
