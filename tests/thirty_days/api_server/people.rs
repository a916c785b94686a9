//! What people do to the objects: everything that the operator does not.

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use super::{ApiServer, NAMESPACE};

impl ApiServer {
    /// A source Secret and a credential of this name, renewed by this grant.
    pub fn add_credential(&self, name: &str, grant: &str) {
        let mut state = self.state.lock().unwrap();
        let source = json!({
            "metadata": { "name": name, "uid": format!("uid-of-source-{name}") },
            "type": "Opaque",
            // "id", "s", and the user that the token endpoint tells one from another by.
            "data": {
                "client_id": "aWQ=", "client_secret": "cw==", "password": "cA==",
                "username": base64(&format!("user-{name}")),
            },
        });
        state.store_secret(name, source);
        let credential = json!({
            "metadata": {
                "name": name, "namespace": NAMESPACE, "uid": format!("uid-of-{name}"), "generation": 1,
                "creationTimestamp": "2026-11-01T00:00:00Z",
            },
            "spec": {
                "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": name } },
                "renewal": { "grant": grant },
            },
            "status": { "observedGeneration": -1 },
        });
        state.store_credential(name, credential);
    }

    /// A Secret of this name is somebody else's from now on.
    pub fn take_name(&self, name: &str) {
        let theirs = json!({ "metadata": { "name": name, "uid": "uid-of-theirs" }, "type": "Opaque", "data": {} });
        self.state.lock().unwrap().store_secret(name, theirs);
    }

    /// Sets an annotation of a credential.
    pub fn annotate(&self, credential: &str, annotation: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        let mut object = state.credentials[credential].clone();
        object["metadata"]["annotations"][annotation] = json!(value);
        state.store_credential(credential, object);
    }

    /// Sets a field of a credential's spec, and with it the generation.
    pub fn edit_spec(&self, credential: &str, field: &str, value: Value) {
        let mut state = self.state.lock().unwrap();
        let mut object = state.credentials[credential].clone();
        object["spec"][field] = value;
        let generation = object["metadata"]["generation"].as_i64().unwrap();
        object["metadata"]["generation"] = json!(generation + 1);
        state.store_credential(credential, object);
    }

    /// Sets a label of a Secret.
    pub fn label_secret(&self, name: &str, label: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        let mut object = state.secrets[name].clone();
        object["metadata"]["labels"][label] = json!(value);
        state.store_secret(name, object);
    }

    /// The Secret as it is, if it is.
    pub fn secret(&self, name: &str) -> Option<Value> {
        self.state.lock().unwrap().secrets.get(name).cloned()
    }

    /// Makes a Secret of these annotations.
    pub fn add_secret(&self, name: &str, annotations: &Value) {
        let object = json!({
            "metadata": { "name": name, "uid": format!("uid-of-{name}"), "annotations": annotations },
            "type": "Opaque", "data": {},
        });
        self.state.lock().unwrap().store_secret(name, object);
    }

    /// Deletes a Secret.
    pub fn delete_secret(&self, name: &str) {
        self.state.lock().unwrap().remove_secret(name);
    }

    /// Deletes a credential where no watch is there to tell of it.
    pub fn delete_credential_unseen(&self, name: &str) {
        self.state.lock().unwrap().credentials.remove(name).unwrap();
    }
}

fn base64(text: &str) -> Value {
    serde_json::to_value(ByteString(text.as_bytes().to_vec())).unwrap()
}
