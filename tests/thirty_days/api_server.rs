//! As much of an API server as a renewal asks of it: Secrets with preconditions, status, events.
//!
//! What is written reaches the operator's stores at once, as a watch would bring it. Anything else that is asked is a test
//! failure.

mod answers;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::Request;
use kube::client::Body;
use serde_json::{Value, json};
use tracktik_operator::{
    api::Span,
    clock::{Clock, Instant},
    cluster::{CredentialObject, CredentialView, Stores, Sync, watches::Wake},
    secrets::metadata::SecretMeta,
};

const NAMESPACE: &str = "team";

#[derive(Clone)]
pub struct ApiServer {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u64,
    secrets: BTreeMap<String, Value>,
    credentials: BTreeMap<String, Value>,
    least_life: Option<Span>,
    secret_writes: usize,
    marks: usize,
    status_writes: usize,
    events: usize,
    requests: usize,
    store_attempts: Vec<Instant>,
    store_refusal: Option<u16>,
    watch: Option<(Stores, Wake)>,
}

impl ApiServer {
    pub fn new(clock: Clock) -> Self {
        let state = Arc::default();
        Self { clock, state }
    }

    /// Stores that hold what there is, and that every change is brought to from now on: those of an operator that has
    /// just started. One that watched before is told no more.
    pub fn watched(&self, wake: &Wake) -> Stores {
        let stores = Stores::default();
        let mut state = self.state.lock().unwrap();
        state.watch = Some((stores.clone(), Arc::clone(wake)));
        for secret in state.secrets.values() {
            state.tell_secret(secret);
        }
        for credential in state.credentials.values() {
            state.tell_credential(credential);
        }
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

    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        kube::Client::new(service, NAMESPACE)
    }

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

    /// Whatever is rehearsed is let through, and for good nothing is written: that is answered with this code.
    pub fn refuse_to_store(&self, code: Option<u16>) {
        self.state.lock().unwrap().store_refusal = code;
    }

    /// When it was tried to write a Secret for good.
    pub fn store_attempts(&self) -> Vec<Instant> {
        self.state.lock().unwrap().store_attempts.clone()
    }

    /// How much was asked, of whatever kind.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }

    /// The least life that any token had left when it was replaced.
    pub fn least_remaining_life(&self) -> Option<Span> {
        self.state.lock().unwrap().least_life
    }

    /// Writes of Secrets, writes of status, and events.
    pub fn writes(&self) -> (usize, usize, usize) {
        let state = self.state.lock().unwrap();
        (state.secret_writes, state.status_writes, state.events)
    }

    /// What stands in a key of a Secret.
    pub fn value(&self, secret: &str, key: &str) -> String {
        let encoded = self.state.lock().unwrap().secrets[secret]["data"][key].clone();
        let bytes: k8s_openapi::ByteString = serde_json::from_value(encoded).unwrap();
        String::from_utf8(bytes.0).unwrap()
    }

    /// How often a refresh token was marked as tried.
    pub fn marks(&self) -> usize {
        self.state.lock().unwrap().marks
    }

    /// Status and reason of a condition.
    pub fn condition(&self, credential: &str, of: &str) -> (String, String) {
        let state = self.state.lock().unwrap();
        let conditions = state.credentials[credential]["status"]["conditions"]
            .as_array()
            .unwrap()
            .clone();
        let found = conditions
            .into_iter()
            .find(|condition| condition["type"] == of)
            .unwrap();
        let text = |field: &str| found[field].as_str().unwrap().to_owned();
        (text("status"), text("reason"))
    }
}

impl State {
    fn store_secret(&mut self, name: &str, mut secret: Value) {
        self.version += 1;
        secret["metadata"]["resourceVersion"] = json!(self.version.to_string());
        secret["metadata"]["namespace"] = json!(NAMESPACE);
        self.tell_secret(&secret);
        self.secrets.insert(name.to_owned(), secret);
    }

    fn store_credential(&mut self, name: &str, mut credential: Value) {
        self.version += 1;
        credential["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.tell_credential(&credential);
        self.credentials.insert(name.to_owned(), credential);
    }

    fn tell_secret(&self, secret: &Value) {
        let Some((stores, wake)) = &self.watch else { return };
        let meta = serde_json::from_value(secret["metadata"].clone()).unwrap();
        for key in stores.put_secret(SecretMeta::from_object_meta(meta)) {
            wake(key);
        }
    }

    fn tell_credential(&self, credential: &Value) {
        let Some((stores, wake)) = &self.watch else { return };
        let object: CredentialObject = serde_json::from_value(credential.clone()).unwrap();
        for key in stores.put_credential(CredentialView::from(object)) {
            wake(key);
        }
    }
}

fn base64(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap()
}
