//! The control listener of the stand-alone simulator: plain HTTP, for scripts that cannot
//! call the library. It holds no rules of its own. Bodies are JSON, and say so in `Content-Type`:
//!
//! ```text
//! POST   /accounts           {"clientId": "…", "clientSecret": "…", "username": "ada", "password": "…"}
//! POST   /accounts/password  {"username": "ada", "password": "…"}
//! POST   /faults             {"target": {"username": "ada"}, "fault": {"kind": "delay", "milliseconds": 500}, "times": 1}
//!                            {"target": {"host": "localhost"}, "fault": {"kind": "status", "status": 503}}
//!                            {"target": "everywhere", "fault": {"kind": "close", "afterEffect": true}, "times": 2}
//! DELETE /faults
//! GET    /counts
//! ```

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;

use super::{counts::Counts, faults::PlannedFault, shared::Shared};
use crate::account::Account;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/accounts", post(add_account))
        .route("/accounts/password", post(change_password))
        .route("/faults", post(set_fault).delete(clear_faults))
        .route("/counts", get(counts))
        .with_state(shared)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    username: String,
    password: String,
}

async fn add_account(State(shared): State<Arc<Shared>>, Json(account): Json<Account>) -> StatusCode {
    shared.state().world.add_account(account);
    StatusCode::NO_CONTENT
}

async fn change_password(State(shared): State<Arc<Shared>>, Json(new): Json<NewPassword>) -> StatusCode {
    let mut state = shared.state();
    if state.world.change_password(&new.username, &new.password) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn set_fault(State(shared): State<Arc<Shared>>, Json(planned): Json<PlannedFault>) -> StatusCode {
    shared.state().faults.plan(planned);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.state().faults.clear();
    StatusCode::NO_CONTENT
}

async fn counts(State(shared): State<Arc<Shared>>) -> Json<Counts> {
    Json(shared.state().world.counts())
}
