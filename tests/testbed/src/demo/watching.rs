//! Waiting for what the operator does: watched, not asked for, and with a limit after which the credential's own words
//! tell what is wrong.

use std::{pin::pin, time::Duration};

use futures::TryStreamExt;
use k8s_openapi::api::{core::v1::Secret, events::v1::Event};
use kube::{
    Api,
    runtime::{
        WatchStreamExt,
        watcher::{Config, watch_object, watcher},
    },
};
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Outcome, Problem,
    stage::{CREDENTIAL, NAMESPACE, Stage, TOKEN_SECRET},
};

/// A condition of a status; null if it has none of this type.
#[must_use]
pub fn condition<'a>(status: &'a Value, of: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions
        .iter()
        .find(|condition| condition["type"] == of)
        .unwrap_or(&Value::Null)
}

impl Stage {
    /// The credential's status as soon as it is so.
    ///
    /// # Errors
    /// When it is not within `limit`.
    pub async fn status_that(
        &self,
        awaited: &str,
        limit: Duration,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, Problem> {
        let found = async {
            let mut seen = pin!(watch_object(self.credentials(), CREDENTIAL).default_backoff());
            loop {
                // An error ends no watch: it is begun again.
                if let Ok(Some(Some(mut object))) = seen.try_next().await
                    && holds(&object.data["status"])
                {
                    return object.data["status"].take();
                }
            }
        };
        match timeout(limit, found).await {
            Ok(status) => Ok(status),
            Err(_) => Err(self.late(awaited, limit).await),
        }
    }

    /// The access token in the token Secret as soon as there is one other than this.
    ///
    /// # Errors
    /// When there is none within `limit`.
    pub async fn token_after(&self, before: &str, limit: Duration) -> Result<String, Problem> {
        let found = async {
            let mut seen = pin!(watch_object(self.secrets(), TOKEN_SECRET).default_backoff());
            loop {
                if let Ok(Some(Some(secret))) = seen.try_next().await
                    && let Some(token) = access_token(secret)
                    && token != before
                {
                    return token;
                }
            }
        };
        match timeout(limit, found).await {
            Ok(token) => Ok(token),
            Err(_) => Err(self.late("a new token in the token Secret", limit).await),
        }
    }

    /// Waits for an event about the credential with this reason. It is shown elsewhere, as it comes.
    ///
    /// # Errors
    /// When there is none within `limit`.
    pub async fn event_of(&self, reason: &str, limit: Duration) -> Outcome {
        let found = async {
            let events: Api<Event> = Api::namespaced(self.client.clone(), NAMESPACE);
            let mut seen = pin!(watcher(events, Config::default()).default_backoff().applied_objects());
            loop {
                if let Ok(Some(event)) = seen.try_next().await
                    && event.reason.as_deref() == Some(reason)
                {
                    return;
                }
            }
        };
        match timeout(limit, found).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.late(&format!("an event {reason}"), limit).await),
        }
    }

    async fn late(&self, awaited: &str, limit: Duration) -> Problem {
        let says = match self.credentials().get(CREDENTIAL).await {
            Ok(object) => {
                let ready = condition(&object.data["status"], "Ready");
                let text = |field: &str| ready[field].as_str().unwrap_or("unknown");
                format!(
                    "the credential says Ready={} {}: {}",
                    text("status"),
                    text("reason"),
                    text("message")
                )
            }
            Err(error) => format!("the credential cannot be read: {error}"),
        };
        format!("{awaited} did not come within {} s; {says}", limit.as_secs()).into()
    }
}

fn access_token(secret: Secret) -> Option<String> {
    let value = secret.data?.remove("access_token")?;
    Some(String::from_utf8_lossy(&value.0).into_owned()).filter(|token| !token.is_empty())
}
