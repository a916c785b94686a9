//! What stands in the cluster at one instant: of each credential the facts on its token Secret, and its status.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use serde_json::Value;

use crate::scene::{Scene, Status};

pub struct Sight {
    pub token: Option<String>,
    issue: Value,
    tried: Option<String>,
    pub status: Status,
}

impl Sight {
    /// The issue whose tokens are in place.
    pub fn issue_id(&self) -> Option<&str> {
        self.issue["issueId"].as_str()
    }

    /// Whether the refresh token in place was sent, or may have been.
    pub fn is_spent(&self) -> bool {
        self.tried.is_some() && self.tried.as_deref() == self.issue_id()
    }

    fn pending(&self) -> Option<&str> {
        self.status.0["failure"]["pending"]["issueId"].as_str()
    }

    /// The announced request of which no outcome is known.
    pub fn unresolved(&self) -> Option<&str> {
        self.pending().filter(|pending| Some(*pending) != self.issue_id())
    }

    /// Whether status tells of the tokens in place.
    pub fn is_told(&self) -> bool {
        self.pending() != self.issue_id() && self.status.0["issuedTime"] == self.issue["issuedAt"]
    }

    pub fn renews(&self) -> Timestamp {
        self.status.0["renewalTime"].as_str().unwrap().parse().unwrap()
    }

    pub fn handled_rotate(&self) -> Option<&str> {
        self.status.0["lastHandledRotate"].as_str()
    }
}

/// Of each credential by its name.
pub type Sights = BTreeMap<String, Sight>;

/// Looks at every credential of a scene.
pub async fn look(scene: &Scene) -> Sights {
    // Status first: what it tells of is in the Secret by then.
    let credentials = scene.credentials().list(&ListParams::default()).await.unwrap();
    let secrets = scene.secrets().list(&ListParams::default()).await.unwrap();
    let mut secrets: BTreeMap<_, _> = secrets
        .into_iter()
        .map(|secret| (secret.metadata.name.clone().unwrap(), secret))
        .collect();
    let sights = credentials.into_iter().map(|credential| {
        let name = credential.metadata.name.unwrap();
        let secret = secrets.remove(&format!("{name}-token")).unwrap_or_default();
        let mut annotations = secret.metadata.annotations.unwrap_or_default();
        let mut data = secret.data.unwrap_or_default();
        let token = data.remove("access_token");
        let issue = annotations.remove("tracktik-operator.io/issue");
        let sight = Sight {
            token: token.map(|value| String::from_utf8(value.0).unwrap()),
            issue: issue.map_or(Value::Null, |issue| serde_json::from_str(&issue).unwrap()),
            tried: annotations.remove("tracktik-operator.io/tried"),
            status: Status(credential.data["status"].clone()),
        };
        (name, sight)
    });
    sights.collect()
}
