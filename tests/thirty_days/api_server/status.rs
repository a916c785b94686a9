//! Status: how it is written, at what cost, and what stands in it.

use serde_json::{Value, json};
use tracktik_operator::{
    clock::{Instant, monotonic},
    cluster::ObjectKey,
};

use super::{ApiServer, State, What, answers::refusal, key};

impl ApiServer {
    /// When a request that was about to be sent was announced in status.
    pub fn announcements(&self) -> Vec<Instant> {
        self.state.lock().unwrap().announcements.clone()
    }

    /// Whether a request is announced whose outcome is not recorded.
    pub fn is_pending(&self, credential: &str) -> bool {
        !self.status(credential)["failure"]["pending"].is_null()
    }

    /// Whether a request has failed, and nothing is announced since.
    pub fn has_failed(&self, credential: &str) -> bool {
        let failure = &self.status(credential)["failure"];
        failure["reason"].is_string() && failure["pending"].is_null()
    }

    /// The rotate annotation that was handled last.
    pub fn handled_rotate(&self, credential: &str) -> Option<String> {
        let handled = self.status(credential)["lastHandledRotate"].clone();
        handled.as_str().map(str::to_owned)
    }

    /// Status and reason of a condition.
    pub fn condition(&self, credential: &str, of: &str) -> (String, String) {
        let status = self.status(credential);
        let conditions = status["conditions"].as_array().unwrap();
        let found = conditions.iter().find(|condition| condition["type"] == of).unwrap();
        let text = |field: &str| found[field].as_str().unwrap().to_owned();
        (text("status"), text("reason"))
    }

    fn status(&self, credential: &str) -> Value {
        self.state.lock().unwrap().credentials[&key(credential)]["status"].clone()
    }
}

pub(super) fn patch_status(state: &mut State, of: &ObjectKey, patch: &Value) -> (u16, Value) {
    let Some(mut credential) = state.credentials.get(of).cloned() else {
        return refusal(404, "NotFound");
    };
    assert_eq!(
        patch[0],
        json!({ "op": "test", "path": "/metadata/uid", "value": credential["metadata"]["uid"] })
    );
    assert_eq!(patch[1]["path"], "/status");
    credential["status"] = patch[1]["value"].clone();
    if !credential["status"]["failure"]["pending"].is_null() {
        state.announcements.push(monotonic());
    }
    state.status_writes += 1;
    state.note(&of.to_string(), What::Said);
    state.store_credential(of.clone(), credential);
    (200, state.credentials[of].clone())
}
