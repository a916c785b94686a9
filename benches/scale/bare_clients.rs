//! The calls that the design needs for one credential, as bytes: nothing is decided, decoded or remembered.

use http::Method;
use kube::Client;
use serde_json::{Value, json};

use crate::{
    Outcome,
    api_server::{APPLY, JSON_PATCH, send},
    objects::{credentials, name, secrets},
};

/// What a token Secret of TrackTik's holds, beside its facts: an access token of 1,180 characters, a refresh token of 924.
const ACCESS_TOKEN: usize = 1_180;
const REFRESH_TOKEN: usize = 924;

/// The facts on a token Secret are about so long.
const FACTS: usize = 560;

/// A credential, as a bare client goes about it.
pub struct Bare {
    client: Client,
    namespace: &'static str,
    name: String,
    uid: String,
}

impl Bare {
    /// The credential of this number, whose uid is known.
    pub fn new(client: Client, namespace: &'static str, number: usize, uid: String) -> Self {
        Self {
            client,
            namespace,
            name: name(number),
            uid,
        }
    }

    /// Read the source, rehearse, announce, store, say so.
    pub async fn first_token(&self) -> Outcome {
        self.read_source().await?;
        self.token_secret('a', true).await?;
        self.status("Issuing").await?;
        self.token_secret('a', false).await?;
        self.status("TokenValid").await
    }

    /// Read the source, rehearse, store, say so.
    pub async fn renewal(&self, letter: char) -> Outcome {
        self.read_source().await?;
        self.token_secret(letter, true).await?;
        self.token_secret(letter, false).await?;
        self.status("Renewed").await
    }

    async fn read_source(&self) -> Outcome {
        let path = format!("{}/{}", secrets(self.namespace), self.name);
        send(&self.client, Method::GET, &path, "", Vec::new()).await?;
        Ok(())
    }

    async fn token_secret(&self, letter: char, dry_run: bool) -> Outcome {
        let rehearsed = if dry_run { "&dryRun=All" } else { "" };
        let path = format!(
            "{}/{}-token?fieldManager=bench&force=true{rehearsed}",
            secrets(self.namespace),
            self.name
        );
        let text = |length: usize| k8s_openapi::ByteString(letter.to_string().repeat(length).into_bytes());
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": format!("{}-token", self.name), "namespace": self.namespace,
                "annotations": {
                    "bench/issue": letter.to_string().repeat(FACTS),
                    "bench/credential": format!("{}/{}@{}", self.namespace, self.name, self.uid),
                },
                "labels": { "app.kubernetes.io/managed-by": "bench" },
                "ownerReferences": [{
                    "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "name": self.name,
                    "uid": self.uid, "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "data": {
                "access_token": text(ACCESS_TOKEN), "refresh_token": text(REFRESH_TOKEN), "token_type": text(6),
                "expires_at": text(20), "domain": text(20),
            },
        });
        let body = serde_json::to_vec(&object)?;
        send(&self.client, Method::PATCH, &path, APPLY, body).await?;
        Ok(())
    }

    async fn status(&self, reason: &str) -> Outcome {
        let path = format!(
            "{}/{}/status?fieldManager=bench",
            credentials(self.namespace),
            self.name
        );
        let body = serde_json::to_vec(&json!([
            { "op": "test", "path": "/metadata/uid", "value": self.uid },
            { "op": "add", "path": "/status", "value": status(&self.name, reason) },
        ]))?;
        send(&self.client, Method::PATCH, &path, JSON_PATCH, body).await?;
        Ok(())
    }
}

/// As long as the operator's.
fn status(name: &str, reason: &str) -> Value {
    let at = "2026-01-01T00:00:00Z";
    let condition = |of: &str| {
        json!({
            "type": of, "status": "True", "reason": reason, "observedGeneration": 1, "lastTransitionTime": at,
            "message": format!("the token in Secret {name}-token is valid until {at} and is renewed at {at}"),
        })
    };
    json!({
        "observedGeneration": 1, "conditions": [condition("Ready"), condition("Renewed")],
        "tokenSecret": { "name": format!("{name}-token"), "resourceVersion": "123456" },
        "binding": { "name": format!("{name}-token") },
        "issuedTime": at, "expirationTime": at, "renewalTime": at,
    })
}
