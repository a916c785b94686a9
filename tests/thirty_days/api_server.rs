//! As much of an API server as a renewal asks of it: Secrets with preconditions, status, events.
//!
//! What is written reaches the operator's stores at once, as a watch would bring it, unless the watch is told to lag.
//! Anything else that is asked is a test failure.

mod answers;
mod calls;
mod diary;
mod people;
mod served;
mod status;
mod told;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use http::Request;
use kube::client::Body;
use serde_json::{Value, json};
use tracktik_operator::{
    api::Span,
    clock::{Clock, Instant},
    cluster::ObjectKey,
};

use answers::marked_for;
pub use calls::Calls;
pub use diary::{Entry, What};
pub use served::Lists;
use served::Served;
use watch::Watch;

/// The namespace of objects that are named without one.
const NAMESPACE: &str = "team";

#[derive(Clone)]
pub struct ApiServer {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u64,
    secrets: BTreeMap<ObjectKey, Value>,
    credentials: BTreeMap<ObjectKey, Value>,
    least_life: Option<Span>,
    secret_writes: usize,
    marks: usize,
    status_writes: usize,
    all_calls: Calls,
    status_writes_are: Calls,
    announcements: Vec<Instant>,
    events: usize,
    requests: usize,
    reads: usize,
    hidden: BTreeSet<ObjectKey>,
    /// Labels and annotations of Secrets as the operator applied them last.
    applied: BTreeMap<ObjectKey, Value>,
    deletions: Vec<Instant>,
    store_attempts: Vec<Instant>,
    store_refusal: Option<u16>,
    watch: Option<Watch>,
    served: Served,
    diary: Vec<Entry>,
    wrong: Vec<String>,
}

/// `name`, or `namespace/name`.
fn key(name: &str) -> ObjectKey {
    let (namespace, name) = name.split_once('/').unwrap_or((NAMESPACE, name));
    ObjectKey::new(namespace, name)
}

impl ApiServer {
    pub fn new(clock: Clock) -> Self {
        let state = Arc::default();
        Self { clock, state }
    }

    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.serve(request).await }
        });
        kube::Client::new(service, NAMESPACE)
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

    /// How often a Secret was read in full.
    pub fn reads(&self) -> usize {
        self.state.lock().unwrap().reads
    }

    /// From now on a read of this Secret is answered with 503 as well; of none any more.
    pub fn hide_from_reads(&self, secret: Option<&str>) {
        let mut state = self.state.lock().unwrap();
        match secret {
            Some(secret) => drop(state.hidden.insert(key(secret))),
            None => state.hidden.clear(),
        }
    }

    /// When Secrets were deleted by the operator.
    pub fn deletions(&self) -> Vec<Instant> {
        self.state.lock().unwrap().deletions.clone()
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
    pub fn value(&self, secret: &str, of: &str) -> String {
        decoded(&self.state.lock().unwrap().secrets[&key(secret)]["data"][of])
    }

    /// What a reader of this Secret finds in a key, if anything.
    pub fn read(&self, secret: &str, of: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        let value = &state.secrets.get(&key(secret))?["data"][of];
        value.is_string().then(|| decoded(value))
    }

    /// How often a refresh token was marked as tried.
    pub fn marks(&self) -> usize {
        self.state.lock().unwrap().marks
    }
}

impl State {
    fn store_secret(&mut self, key: ObjectKey, mut secret: Value) {
        self.version += 1;
        secret["metadata"]["resourceVersion"] = json!(self.version.to_string());
        secret["metadata"]["namespace"] = json!(key.namespace);
        self.tell_secret(&secret);
        self.served.changed(self.version, "secrets", "MODIFIED", &secret);
        self.secrets.insert(key, secret);
    }

    fn remove_secret(&mut self, key: &ObjectKey) {
        self.version += 1;
        let mut secret = self.secrets.remove(key).unwrap();
        self.applied.remove(key);
        secret["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.served.changed(self.version, "secrets", "DELETED", &secret);
        self.tell_deletion(key);
        if let Some(credential) = marked_for(&secret) {
            self.note(&credential, What::Gone);
        }
    }

    fn store_credential(&mut self, key: ObjectKey, mut credential: Value) {
        self.version += 1;
        credential["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.tell_credential(&credential);
        let version = self.version;
        self.served
            .changed(version, "tracktikcredentials", "MODIFIED", &credential);
        self.credentials.insert(key, credential);
    }
}

fn decoded(value: &Value) -> String {
    let bytes: k8s_openapi::ByteString = serde_json::from_value(value.clone()).unwrap();
    String::from_utf8(bytes.0).unwrap()
}
