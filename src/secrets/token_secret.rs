//! The token Secret as it is applied: tokens and their facts in one object, so that they cannot diverge.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    issue_record,
    layout::{Data, Layout, Name, Values},
    metadata::SecretMeta,
    ownership::Mark,
    sensitive::{Sensitive, Tokens},
    texts::Texts,
};
use crate::{
    api::{Moment, TokenSecretMetadata, TrackTikCredential, TrackTikCredentialSpec, annotations},
    rotation::observation::Issue,
};

/// Everything about a token Secret but its tokens: what the current spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Name of the Secret.
    pub name: String,
    /// The credential it belongs to.
    pub mark: Mark,
    /// Labels and annotations that the user asks for.
    pub metadata: TokenSecretMetadata,
    /// Which keys, and what stands in them.
    pub layout: Layout,
    /// The domain to put beside the tokens: `spec.domain`, or the one that granted tokens which are stored after a change.
    pub domain: String,
}

/// What the Secret must be in the cluster for a write to be let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// There is none of that name. An apply with a resourceVersion that cannot match is refused with a conflict where
    /// one exists; without one, or with "0", it would be overwritten.
    MustNotExist,
    /// It is this one, in this version.
    Exactly {
        /// Its uid: on an absent Secret the apply is then refused rather than creating it.
        uid: String,
        /// Its version.
        resource_version: String,
    },
}

impl Desired {
    /// What the spec of a credential asks for.
    #[must_use]
    pub fn of(spec: &TrackTikCredentialSpec, mark: Mark) -> Self {
        Self {
            name: spec.token_secret_name(&mark.name),
            mark,
            metadata: spec.token_secret.metadata.as_deref().cloned().unwrap_or_default(),
            layout: Layout::of(&spec.token_secret),
            domain: spec.domain.clone(),
        }
    }

    /// Names of the labels and annotations asked for, as kept among the facts of a grant.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        let labels = self.metadata.labels.keys().map(|key| format!("label {key}"));
        let annotations = self.metadata.annotations.keys().map(|key| format!("annotation {key}"));
        labels.chain(annotations).collect()
    }

    /// The values to render for a grant.
    #[must_use]
    pub fn values(&self, tokens: &Tokens, expires_at: Moment) -> Values {
        let mut values = self.fixed_values(expires_at);
        values.insert(Name::AccessToken, tokens.access_token.clone());
        values.insert(Name::TokenType, Sensitive::from(tokens.token_type.clone()));
        if let Some(refresh_token) = &tokens.refresh_token {
            values.insert(Name::RefreshToken, refresh_token.clone());
        }
        values
    }

    /// Values of the size that TrackTik's have (captured: 1,180 and 924 characters), for a dry run.
    #[must_use]
    pub fn placeholder_values(&self, expires_at: Moment) -> Values {
        let mut values = self.fixed_values(expires_at);
        values.insert(Name::AccessToken, Sensitive::from("x".repeat(1_180)));
        values.insert(Name::TokenType, Sensitive::from("Bearer".to_owned()));
        values.insert(Name::RefreshToken, Sensitive::from("x".repeat(924)));
        values
    }

    /// The values that need no token.
    #[must_use]
    pub fn fixed_values(&self, expires_at: Moment) -> Values {
        Values::from([
            (Name::ExpiresAt, Sensitive::from(expires_at.to_string())),
            (Name::Domain, Sensitive::from(self.domain.clone())),
        ])
    }

    /// The object to apply. `issue` must carry this layout and the hash of this data.
    ///
    /// # Errors
    /// When the facts cannot be serialised, which no value of theirs makes them.
    pub fn object(&self, issue: &Issue, data: &Data, on: &Precondition) -> Result<Object, serde_json::Error> {
        let mut notes = self.metadata.annotations.clone();
        notes.insert(annotations::CREDENTIAL.to_owned(), self.mark.to_string());
        notes.insert(annotations::ISSUE.to_owned(), issue_record::write(issue, &self.name)?);
        let mut metadata = json!({
            "name": self.name,
            "namespace": self.mark.namespace,
            "labels": self.labels(),
            "annotations": notes,
            "ownerReferences": [{
                "apiVersion": <TrackTikCredential as kube::Resource>::api_version(&()),
                "kind": <TrackTikCredential as kube::Resource>::kind(&()),
                "name": self.mark.name,
                "uid": self.mark.uid,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        });
        match on {
            Precondition::MustNotExist => metadata["resourceVersion"] = Value::from("1"),
            Precondition::Exactly { uid, resource_version } => {
                metadata["uid"] = Value::from(uid.as_str());
                metadata["resourceVersion"] = Value::from(resource_version.as_str());
            }
        }
        let data = data
            .iter()
            .map(|(key, bytes)| (key.clone(), ByteString(bytes.expose().to_vec())))
            .collect();
        Ok(Object {
            api_version: "v1",
            kind: "Secret",
            metadata,
            r#type: "Opaque",
            data,
        })
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.metadata.labels.clone();
        labels.insert(
            annotations::MANAGED_BY.to_owned(),
            annotations::OPERATOR_NAME.to_owned(),
        );
        labels
    }

    /// What of the metadata in place is not as it should be, for a log line; nothing where all is well.
    #[must_use]
    pub fn drift(&self, found: &SecretMeta, issue: &Issue) -> Option<String> {
        if found.mark() != Some(self.mark.to_string().as_str()) {
            return Some("it carries the mark of a deleted credential of the same name".to_owned());
        }
        // Of the mark, which is ours.
        if !found.owners.controller {
            return Some("the owner reference is gone".to_owned());
        }
        if found.facts.as_deref() != Some(issue) {
            return Some(format!("the annotation {} is gone or was edited", annotations::ISSUE));
        }
        differing(&self.labels(), &found.labels)
            .map(|key| format!("the label {key} is not as asked for"))
            .or_else(|| {
                differing(&self.metadata.annotations, &found.annotations)
                    .map(|key| format!("the annotation {key} is not as asked for"))
            })
            .or_else(|| (issue.asked != self.asked()).then(|| "other labels or annotations are asked for".to_owned()))
    }
}

/// The first key whose value in place is not the one that is wanted.
#[must_use]
pub fn differing<'a>(wanted: &'a BTreeMap<String, String>, found: &Texts) -> Option<&'a str> {
    wanted
        .iter()
        .find(|(key, value)| found.get(key) != Some(value.as_str()))
        .map(|(key, _)| key.as_str())
}

/// A token Secret on its way to the API server.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    api_version: &'static str,
    kind: &'static str,
    metadata: Value,
    r#type: &'static str,
    data: BTreeMap<String, ByteString>,
}

impl Object {
    /// Whether it can only be created: no Secret of that name is replaced by it.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.metadata.get("uid").is_none()
    }

    /// The labels and annotations as they are sent, to compare with what an admission webhook left of them.
    #[must_use]
    pub fn sent(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let map = |field: &str| serde_json::from_value(self.metadata[field].clone()).unwrap_or_default();
        (map("labels"), map("annotations"))
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        for bytes in self.data.values_mut() {
            bytes.0.zeroize();
        }
    }
}
