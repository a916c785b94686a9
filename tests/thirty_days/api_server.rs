//! As much of an API server as a renewal asks of it: Secrets with preconditions, status, events.
//!
//! What is written reaches the stores at once, as a watch would bring it. Anything else that is asked is a test failure.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tracktik_operator::{
    api::Span,
    clock::Clock,
    cluster::{CredentialObject, CredentialView, Stores, Sync, watches::Wake},
    rotation::observation::Issue,
    secrets::{issue_record, metadata::SecretMeta},
};

const NAMESPACE: &str = "team";

#[derive(Clone)]
pub struct ApiServer {
    pub stores: Stores,
    wake: Wake,
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
    status_writes: usize,
    events: usize,
}

impl ApiServer {
    pub fn new(clock: Clock, wake: Wake) -> Self {
        let stores = Stores::default();
        let _ = stores.credentials_are("", Sync::Synced);
        let _ = stores.secrets_are("", Sync::Synced);
        Self {
            stores,
            wake,
            clock,
            state: Arc::default(),
        }
    }

    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        kube::Client::new(service, NAMESPACE)
    }

    /// A source Secret and a credential of this name.
    pub fn add_credential(&self, name: &str) {
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
        self.store_secret(&mut state, name, source);
        let credential = json!({
            "metadata": {
                "name": name, "namespace": NAMESPACE, "uid": format!("uid-of-{name}"), "generation": 1,
                "creationTimestamp": "2026-11-01T00:00:00Z",
            },
            "spec": { "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": name } } },
            "status": { "observedGeneration": -1 },
        });
        self.store_credential(&mut state, name, credential);
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

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let mut state = self.state.lock().unwrap();
        let (code, answer) = match (&parts.method, segments.as_slice()) {
            (&Method::GET, [.., "secrets", name]) => match state.secrets.get(*name) {
                Some(secret) => (200, secret.clone()),
                None => refusal(404, "NotFound"),
            },
            (&Method::PATCH, [.., "secrets", name]) => {
                let dry_run = parts.uri.query().unwrap_or_default().contains("dryRun=All");
                self.apply_secret(&mut state, name, body, dry_run)
            }
            (&Method::PATCH, [.., "tracktikcredentials", name, "status"]) => self.patch_status(&mut state, name, &body),
            (&Method::POST, [.., "events"]) => {
                state.events += 1;
                (201, body)
            }
            (method, _) => panic!("{method} {path} is not expected"),
        };
        let body = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(code).body(body).unwrap()
    }

    fn apply_secret(&self, state: &mut State, name: &str, mut object: Value, dry_run: bool) -> (u16, Value) {
        let asked = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let found = state.secrets.get(name).cloned();
        let current = found
            .as_ref()
            .and_then(|found| found["metadata"]["resourceVersion"].as_str());
        let fits = match current {
            Some(current) => asked.as_deref() == Some(current),
            None => asked.as_deref() == Some("1"),
        };
        if !fits {
            return refusal(409, "Conflict");
        }
        let uid = found.as_ref().map_or_else(
            || json!(format!("uid-of-{name}")),
            |found| found["metadata"]["uid"].clone(),
        );
        object["metadata"]["uid"] = uid;
        if !dry_run {
            if let Some(issue) = found.as_ref().and_then(issue) {
                let left = issue.expires_at - self.clock.now();
                state.least_life = Some(state.least_life.map_or(left, |least| least.min(left)));
            }
            state.secret_writes += 1;
            self.store_secret(state, name, object.clone());
            object = state.secrets[name].clone();
        }
        (200, json!({ "metadata": object["metadata"] }))
    }

    fn patch_status(&self, state: &mut State, name: &str, patch: &Value) -> (u16, Value) {
        let mut credential = state.credentials[name].clone();
        assert_eq!(
            patch[0],
            json!({ "op": "test", "path": "/metadata/uid", "value": credential["metadata"]["uid"] })
        );
        assert_eq!(patch[1]["path"], "/status");
        credential["status"] = patch[1]["value"].clone();
        state.status_writes += 1;
        self.store_credential(state, name, credential);
        (200, state.credentials[name].clone())
    }

    fn store_secret(&self, state: &mut State, name: &str, mut secret: Value) {
        state.version += 1;
        secret["metadata"]["resourceVersion"] = json!(state.version.to_string());
        secret["metadata"]["namespace"] = json!(NAMESPACE);
        state.secrets.insert(name.to_owned(), secret.clone());
        let meta = serde_json::from_value(secret["metadata"].clone()).unwrap();
        for key in self.stores.put_secret(SecretMeta::from_object_meta(meta)) {
            (self.wake)(key);
        }
    }

    fn store_credential(&self, state: &mut State, name: &str, mut credential: Value) {
        state.version += 1;
        credential["metadata"]["resourceVersion"] = json!(state.version.to_string());
        state.credentials.insert(name.to_owned(), credential.clone());
        let object: CredentialObject = serde_json::from_value(credential).unwrap();
        for key in self.stores.put_credential(CredentialView::from(object)) {
            (self.wake)(key);
        }
    }
}

fn issue(secret: &Value) -> Option<Issue> {
    issue_record::read(secret["metadata"]["annotations"]["tracktik-operator.io/issue"].as_str()?)
}

fn refusal(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason }),
    )
}

fn base64(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap()
}
