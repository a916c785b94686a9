//! What becomes of a call of the API server.

use std::{future, time::Duration};

use serde_json::Value;

use super::{ApiServer, answers::refusal};

/// What becomes of calls.
#[derive(Clone, Copy, Debug, Default)]
pub enum Calls {
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
    /// They are neither carried out nor answered.
    Unheard,
}

impl ApiServer {
    /// What becomes of all calls from now on, of whatever kind; of those under way, what was said when they came.
    pub fn calls(&self, calls: Calls) {
        self.state.lock().unwrap().all_calls = calls;
    }

    /// What becomes of writes of status from now on, where calls are prompt otherwise.
    pub fn status_writes(&self, calls: Calls) {
        self.state.lock().unwrap().status_writes_are = calls;
    }

    pub(super) async fn carried_out(&self, of_status: bool, call: impl FnOnce(&Self) -> (u16, Value)) -> (u16, Value) {
        let calls = {
            let mut state = self.state.lock().unwrap();
            state.requests += 1;
            match state.all_calls {
                Calls::Prompt if of_status => state.status_writes_are,
                calls => calls,
            }
        };
        match calls {
            Calls::Refused(code) => return refusal(code, "InternalError"),
            Calls::Unheard => future::pending().await,
            Calls::Take(time) => tokio::time::sleep(time).await,
            Calls::Prompt | Calls::LandWith504 | Calls::LandUnanswered => {}
        }
        let answer = call(self);
        match calls {
            Calls::LandWith504 => refusal(504, "Timeout"),
            Calls::LandUnanswered => future::pending().await,
            _ => answer,
        }
    }
}
