//! `GET /rest/v1/whoami`: what a workload does with a token. Its failures tell whether the token in a
//! mounted Secret was usable at every moment.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{answers, shared::Shared};

/// Where a reader asks whose token it holds.
pub const WHOAMI_PATH: &str = "/rest/v1/whoami";

/// The header by which a reader says who it is, to be counted by that name.
pub const READER: &str = "x-reader";

pub(super) async fn whoami(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let now = shared.now();
    let mut state = shared.state();
    let owner = state.world.whoami(now, bearer(&headers));
    if let Some(reader) = headers.get(READER).and_then(|name| name.to_str().ok()) {
        state.world.count(|counts| {
            let reader = counts.by_reader.entry(reader.to_owned()).or_default();
            reader.requests += 1;
            reader.failures += u64::from(owner.is_none());
        });
    }
    match owner {
        Some(username) => Json(json!({"username": username})).into_response(),
        None => answers::rest_error(401, "Unauthorized"),
    }
}

/// Anything else: a mistaken path or method, or a redirect that should not have been followed.
pub(super) async fn stray(State(shared): State<Arc<Shared>>) -> Response {
    let mut state = shared.state();
    state.world.count(|counts| counts.stray_requests += 1);
    answers::rest_error(404, "Not Found")
}

/// The token of the header, exactly as it stands there; empty, which is nobody's, without one.
fn bearer(headers: &HeaderMap) -> &str {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
}
