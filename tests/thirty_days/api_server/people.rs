//! What people do to the objects: everything that the operator does not.

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use testbed::simulator::Account;

use super::{ApiServer, key};

impl ApiServer {
    /// A source Secret and a credential of this name, renewed by this grant.
    pub fn add_credential(&self, name: &str, grant: &str) {
        self.add_credential_of(name, grant, "acme.staffr.net");
    }

    /// The same for this domain, with an account of its own.
    pub fn add_credential_of(&self, name: &str, grant: &str, domain: &str) {
        let account = Account {
            client_id: "id".to_owned(),
            client_secret: "s".to_owned(),
            username: format!("user-{name}"),
            password: "p".to_owned(),
        };
        self.write_source(name, &account);
        self.add_credential_alone(name, grant, domain);
    }

    /// A credential for this domain, whose source Secret has its name.
    pub fn add_credential_alone(&self, name: &str, grant: &str, domain: &str) {
        let key = key(name);
        let credential = json!({
            "metadata": {
                "name": key.name, "namespace": key.namespace, "uid": format!("uid-of-{}", key.name), "generation": 1,
                "creationTimestamp": self.clock.now().to_string(),
            },
            "spec": {
                "domain": domain, "credentials": { "secretRef": { "name": key.name } },
                "renewal": { "grant": grant },
            },
            "status": { "observedGeneration": -1 },
        });
        self.state.lock().unwrap().store_credential(key, credential);
    }

    /// Writes a source Secret with these values, or into the one that is there.
    pub fn write_source(&self, name: &str, account: &Account) {
        let key = key(name);
        let mut state = self.state.lock().unwrap();
        let new = || json!({ "metadata": { "name": key.name, "uid": format!("uid-of-source-{}", key.name) }, "type": "Opaque" });
        let mut source = state.secrets.get(&key).cloned().unwrap_or_else(new);
        source["data"] = json!({
            "client_id": base64(&account.client_id), "client_secret": base64(&account.client_secret),
            "username": base64(&account.username), "password": base64(&account.password),
        });
        state.store_secret(key, source);
    }

    /// A Secret of this name is somebody else's from now on.
    pub fn take_name(&self, name: &str) {
        let key = key(name);
        let theirs = json!({ "metadata": { "name": key.name, "uid": "uid-of-theirs" }, "type": "Opaque", "data": {} });
        self.state.lock().unwrap().store_secret(key, theirs);
    }

    /// Sets an annotation of a credential.
    pub fn annotate(&self, credential: &str, annotation: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        let key = key(credential);
        let mut object = state.credentials[&key].clone();
        object["metadata"]["annotations"][annotation] = json!(value);
        state.store_credential(key, object);
    }

    /// Writes into status that the credential is not ready.
    pub fn say_unready(&self, credential: &str) {
        let mut state = self.state.lock().unwrap();
        let key = key(credential);
        let mut object = state.credentials[&key].clone();
        let conditions = object["status"]["conditions"].as_array_mut().unwrap();
        let ready = conditions
            .iter_mut()
            .find(|condition| condition["type"] == "Ready")
            .unwrap();
        ready["status"] = json!("False");
        ready["reason"] = json!("Suspended");
        state.store_credential(key, object);
    }

    /// Sets a field of a credential's spec, and with it the generation.
    pub fn edit_spec(&self, credential: &str, field: &str, value: Value) {
        let mut state = self.state.lock().unwrap();
        let key = key(credential);
        let mut object = state.credentials[&key].clone();
        object["spec"][field] = value;
        let generation = object["metadata"]["generation"].as_i64().unwrap();
        object["metadata"]["generation"] = json!(generation + 1);
        state.store_credential(key, object);
    }

    /// Sets a label of a Secret.
    pub fn label_secret(&self, name: &str, label: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        let key = key(name);
        let mut object = state.secrets[&key].clone();
        object["metadata"]["labels"][label] = json!(value);
        state.store_secret(key, object);
    }

    /// Sets an annotation of a Secret.
    pub fn annotate_secret(&self, name: &str, annotation: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        let key = key(name);
        let mut object = state.secrets[&key].clone();
        object["metadata"]["annotations"][annotation] = json!(value);
        state.store_secret(key, object);
    }

    /// Takes all that a Secret holds out of it.
    pub fn empty_secret(&self, name: &str) {
        let mut state = self.state.lock().unwrap();
        let key = key(name);
        let mut object = state.secrets[&key].clone();
        object["data"] = json!({});
        state.store_secret(key, object);
    }

    /// The Secret as it is, if it is.
    pub fn secret(&self, name: &str) -> Option<Value> {
        self.state.lock().unwrap().secrets.get(&key(name)).cloned()
    }

    /// Makes a Secret of these annotations.
    pub fn add_secret(&self, name: &str, annotations: &Value) {
        let object = json!({
            "metadata": { "name": name, "uid": format!("uid-of-{name}"), "annotations": annotations },
            "type": "Opaque", "data": {},
        });
        self.state.lock().unwrap().store_secret(key(name), object);
    }

    /// Deletes a Secret.
    pub fn delete_secret(&self, name: &str) {
        self.state.lock().unwrap().remove_secret(&key(name));
    }

    /// Deletes a credential where no watch is there to tell of it.
    pub fn delete_credential_unseen(&self, name: &str) {
        self.state.lock().unwrap().credentials.remove(&key(name)).unwrap();
    }
}

fn base64(text: &str) -> Value {
    serde_json::to_value(ByteString(text.as_bytes().to_vec())).unwrap()
}
