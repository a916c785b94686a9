//! What is answered to a request of the operator's.

use http::{Method, Request, Response, header::CONTENT_TYPE, request::Parts};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tracktik_operator::{clock::monotonic, cluster::ObjectKey, rotation::observation::Issue, secrets::issue_record};

use super::{ApiServer, State, What, decoded, status::patch_status};

const TRIED: &str = "tracktik-operator.io/tried";
const MARK: &str = "tracktik-operator.io/credential";

impl ApiServer {
    /// Answers a request; one that is not expected fails the test.
    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or_default();
        self.look_for_leaks(&parts, &body);
        let of_status = parts.uri.path().ends_with("/status");
        let call = |server: &Self| server.answer_at_once(&parts, body);
        let (code, answer) = self.carried_out(of_status, call).await;
        let body = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(code).body(body).unwrap()
    }

    fn answer_at_once(&self, parts: &Parts, body: Value) -> (u16, Value) {
        let mut state = self.state.lock().unwrap();
        let segments: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
        match (&parts.method, segments.as_slice()) {
            (&Method::PATCH, [.., namespace, "tracktikcredentials", name, "status"]) => {
                patch_status(&mut state, &ObjectKey::new(*namespace, *name), &body)
            }
            (method, [.., namespace, "secrets", name]) => {
                let key = ObjectKey::new(*namespace, *name);
                let merges = || parts.headers[CONTENT_TYPE] == "application/merge-patch+json";
                match *method {
                    Method::GET => {
                        state.reads += 1;
                        if state.hidden.contains(&key) {
                            return refusal(503, "ServiceUnavailable");
                        }
                        let found = state.secrets.get(&key).cloned();
                        found.map_or_else(|| refusal(404, "NotFound"), |secret| (200, secret))
                    }
                    Method::PATCH if merges() => mark_secret(&mut state, &key, &body),
                    Method::PATCH => {
                        let dry_run = parts.uri.query().unwrap_or_default().contains("dryRun=All");
                        self.apply_secret(&mut state, &key, body, dry_run)
                    }
                    Method::DELETE => delete_secret(&mut state, &key, &body),
                    _ => panic!("{method} of a Secret is not expected"),
                }
            }
            (&Method::POST, [.., "events"]) => {
                state.events += 1;
                (201, body)
            }
            (method, path) => panic!("{method} {path:?} is not expected"),
        }
    }

    fn apply_secret(&self, state: &mut State, key: &ObjectKey, mut object: Value, dry_run: bool) -> (u16, Value) {
        let asked = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let found = state.secrets.get(key).cloned();
        let owner = marked_for(&object);
        if let Some(found) = &found
            && marked_for(found) != owner
        {
            state
                .wrong
                .push(format!("{key} is not of {owner:?}, and was written to"));
        }
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
        if !dry_run {
            state.store_attempts.push(monotonic());
            if let Some(code) = state.store_refusal {
                return refusal(code, "InternalError");
            }
        }
        let uid = found.as_ref().map_or_else(
            || json!(format!("uid-of-{}", key.name)),
            |found| found["metadata"]["uid"].clone(),
        );
        object["metadata"]["uid"] = uid;
        let applied = object["metadata"].clone();
        if let Some(found) = &found {
            keep_of_others(&mut object, &found["metadata"], state.applied.get(key));
        }
        if !dry_run {
            state.applied.insert(key.clone(), applied);
            if let Some(issue) = found.as_ref().and_then(issue) {
                let left = issue.expires_at - self.clock.now();
                state.least_life = Some(state.least_life.map_or(left, |least| least.min(left)));
            }
            state.secret_writes += 1;
            if let Some(credential) = owner {
                let access_token = object["data"]["access_token"].clone();
                let access_token = if access_token.is_string() {
                    decoded(&access_token)
                } else {
                    String::new()
                };
                state.note(&credential, What::Stored { access_token });
            }
            state.store_secret(key.clone(), object);
            object = state.secrets[key].clone();
        }
        (200, json!({ "metadata": object["metadata"] }))
    }
}

/// An apply leaves alone what another field manager has set, and takes off what the one before has set and it has not.
fn keep_of_others(object: &mut Value, found: &Value, applied_before: Option<&Value>) {
    for kind in ["labels", "annotations"] {
        for (name, value) in found[kind].as_object().into_iter().flatten() {
            let is_ours = applied_before.is_some_and(|before| !before[kind][name].is_null());
            if !is_ours && object["metadata"][kind][name].is_null() {
                object["metadata"][kind][name] = value.clone();
            }
        }
    }
}

fn delete_secret(state: &mut State, key: &ObjectKey, options: &Value) -> (u16, Value) {
    let Some(found) = state.secrets.get(key) else {
        return refusal(404, "NotFound");
    };
    let preconditions = &options["preconditions"];
    for precondition in ["uid", "resourceVersion"] {
        if preconditions[precondition] != found["metadata"][precondition] {
            return refusal(409, "Conflict");
        }
    }
    if marked_for(found).is_none() {
        state.wrong.push(format!("{key} is nobody's, and was deleted"));
    }
    state.remove_secret(key);
    state.deletions.push(monotonic());
    let done = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" });
    (200, done)
}

/// A refresh token is marked as tried, on exactly the version that the operator has seen.
fn mark_secret(state: &mut State, key: &ObjectKey, patch: &Value) -> (u16, Value) {
    let Some(mut secret) = state.secrets.get(key).cloned() else {
        return refusal(404, "NotFound");
    };
    let same = |field: &str| patch["metadata"][field] == secret["metadata"][field];
    if !same("uid") || !same("resourceVersion") {
        return refusal(409, "Conflict");
    }
    secret["metadata"]["annotations"][TRIED] = patch["metadata"]["annotations"][TRIED].clone();
    state.marks += 1;
    match marked_for(&secret) {
        Some(credential) => state.note(&credential, What::Marked),
        None => state.wrong.push(format!("{key} is nobody's, and was marked")),
    }
    state.store_secret(key.clone(), secret);
    (200, json!({ "metadata": state.secrets[key]["metadata"] }))
}

/// The credential that a Secret belongs to, as `namespace/name`.
pub(super) fn marked_for(secret: &Value) -> Option<String> {
    let mark = secret["metadata"]["annotations"][MARK].as_str()?;
    mark.split_once('@').map(|(credential, _uid)| credential.to_owned())
}

fn issue(secret: &Value) -> Option<Issue> {
    issue_record::read(secret["metadata"]["annotations"]["tracktik-operator.io/issue"].as_str()?)
}

pub(super) fn refusal(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason }),
    )
}
