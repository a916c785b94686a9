//! Status: how it is written, at what cost, and what stands in it.

use std::time::Duration;

use serde_json::{Value, json};
use tracktik_operator::clock::{Instant, monotonic};

use super::{ApiServer, State, answers::refusal};

/// What becomes of writes of status.
#[derive(Clone, Copy, Debug, Default)]
pub enum StatusWrites {
    /// They are carried out and answered at once.
    #[default]
    Prompt,
    /// They take this long.
    Take(Duration),
    /// They are carried out, and a proxy in between says that it got no answer.
    LandWith504,
    /// They are carried out, and never answered.
    LandUnanswered,
    /// They are answered with this code, and not carried out.
    Refused(u16),
}

impl ApiServer {
    /// What becomes of writes of status from now on; of those under way, what was said when they came.
    pub fn status_writes(&self, behaviour: StatusWrites) {
        self.state.lock().unwrap().status_behaviour = behaviour;
    }

    pub(super) async fn write_status(&self, name: &str, patch: &Value) -> (u16, Value) {
        let behaviour = {
            let mut state = self.state.lock().unwrap();
            state.requests += 1;
            state.status_behaviour
        };
        match behaviour {
            StatusWrites::Refused(code) => return refusal(code, "InternalError"),
            StatusWrites::Take(time) => tokio::time::sleep(time).await,
            StatusWrites::Prompt | StatusWrites::LandWith504 | StatusWrites::LandUnanswered => {}
        }
        let answer = patch_status(&mut self.state.lock().unwrap(), name, patch);
        match behaviour {
            StatusWrites::LandWith504 => refusal(504, "Timeout"),
            StatusWrites::LandUnanswered => std::future::pending().await,
            _ => answer,
        }
    }

    /// When a request that was about to be sent was announced in status.
    pub fn announcements(&self) -> Vec<Instant> {
        self.state.lock().unwrap().announcements.clone()
    }

    /// Whether a request is announced whose outcome is not recorded.
    pub fn is_pending(&self, credential: &str) -> bool {
        !self.status(credential)["failure"]["pending"].is_null()
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
        self.state.lock().unwrap().credentials[credential]["status"].clone()
    }
}

fn patch_status(state: &mut State, name: &str, patch: &Value) -> (u16, Value) {
    let Some(mut credential) = state.credentials.get(name).cloned() else {
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
    state.store_credential(name, credential);
    (200, state.credentials[name].clone())
}
