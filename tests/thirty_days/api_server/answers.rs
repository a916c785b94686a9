//! What is answered to a request of the operator's.

use http::{Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tracktik_operator::{clock::monotonic, rotation::observation::Issue, secrets::issue_record};

use super::{ApiServer, State};

const TRIED: &str = "tracktik-operator.io/tried";

impl ApiServer {
    /// Answers a request; one that is not expected fails the test.
    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (code, answer) = match (&parts.method, segments.as_slice()) {
            (&Method::PATCH, [.., "tracktikcredentials", name, "status"]) => self.write_status(name, &body).await,
            (&Method::PATCH, [.., "secrets", name])
                if parts.headers[CONTENT_TYPE] == "application/merge-patch+json" =>
            {
                let mut state = self.state.lock().unwrap();
                state.requests += 1;
                mark_secret(&mut state, name, &body)
            }
            (method, segments) => self.answer_at_once(method, segments, parts.uri.query().unwrap_or_default(), body),
        };
        let body = Body::from(serde_json::to_vec(&answer).unwrap());
        Response::builder().status(code).body(body).unwrap()
    }

    fn answer_at_once(&self, method: &Method, segments: &[&str], query: &str, body: Value) -> (u16, Value) {
        let mut state = self.state.lock().unwrap();
        state.requests += 1;
        match (method, segments) {
            (&Method::GET, [.., "secrets", name]) => {
                state.reads += 1;
                match state.secrets.get(*name) {
                    Some(secret) => (200, secret.clone()),
                    None => refusal(404, "NotFound"),
                }
            }
            (&Method::PATCH, [.., "secrets", name]) => {
                self.apply_secret(&mut state, name, body, query.contains("dryRun=All"))
            }
            (&Method::DELETE, [.., "secrets", name]) => delete_secret(&mut state, name, &body),
            (&Method::POST, [.., "events"]) => {
                state.events += 1;
                (201, body)
            }
            (method, path) => panic!("{method} {path:?} is not expected"),
        }
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
        if !dry_run {
            state.store_attempts.push(monotonic());
            if let Some(code) = state.store_refusal {
                return refusal(code, "InternalError");
            }
        }
        let uid = found.as_ref().map_or_else(
            || json!(format!("uid-of-{name}")),
            |found| found["metadata"]["uid"].clone(),
        );
        object["metadata"]["uid"] = uid;
        if !dry_run {
            // An apply leaves alone what another field manager has set.
            let mark = found
                .as_ref()
                .map(|found| found["metadata"]["annotations"][TRIED].clone());
            if let Some(mark) = mark.filter(Value::is_string) {
                object["metadata"]["annotations"][TRIED] = mark;
            }
            if let Some(issue) = found.as_ref().and_then(issue) {
                let left = issue.expires_at - self.clock.now();
                state.least_life = Some(state.least_life.map_or(left, |least| least.min(left)));
            }
            state.secret_writes += 1;
            state.store_secret(name, object.clone());
            object = state.secrets[name].clone();
        }
        (200, json!({ "metadata": object["metadata"] }))
    }
}

fn delete_secret(state: &mut State, name: &str, options: &Value) -> (u16, Value) {
    let Some(found) = state.secrets.get(name) else {
        return refusal(404, "NotFound");
    };
    let preconditions = &options["preconditions"];
    for precondition in ["uid", "resourceVersion"] {
        if preconditions[precondition] != found["metadata"][precondition] {
            return refusal(409, "Conflict");
        }
    }
    state.remove_secret(name);
    state.deletions.push(monotonic());
    let done = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" });
    (200, done)
}

/// A refresh token is marked as tried, on exactly the version that the operator has seen.
fn mark_secret(state: &mut State, name: &str, patch: &Value) -> (u16, Value) {
    let Some(mut secret) = state.secrets.get(name).cloned() else {
        return refusal(404, "NotFound");
    };
    let same = |field: &str| patch["metadata"][field] == secret["metadata"][field];
    if !same("uid") || !same("resourceVersion") {
        return refusal(409, "Conflict");
    }
    secret["metadata"]["annotations"][TRIED] = patch["metadata"]["annotations"][TRIED].clone();
    state.marks += 1;
    state.store_secret(name, secret);
    (200, json!({ "metadata": state.secrets[name]["metadata"] }))
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
