//! A `TrackTikCredential` as the watch delivers it: what deciding needs, and nothing that a bad spec could break.
//!
//! One object that cannot be decoded must not stop the list for all, nor lose its own failure record.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::ObjectKey;
use crate::{
    api::{
        ConditionType, Moment, Reason, TrackTikCredential, TrackTikCredentialSpec, TrackTikCredentialStatus,
        annotations::{REQUESTED_AT, ROTATE, echo_of},
        conditions::Truth,
    },
    credential_figures::CredentialFigures,
    object_meta::without_managed_fields,
};

/// The object on the wire.
#[derive(Clone, Debug, Resource, Deserialize)]
#[resource(inherit = "TrackTikCredential")]
pub struct CredentialObject {
    #[serde(default, deserialize_with = "without_managed_fields")]
    metadata: ObjectMeta,
    #[serde(default, deserialize_with = "lenient")]
    spec: Option<TrackTikCredentialSpec>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<TrackTikCredentialStatus>,
}

/// Nothing where the value is not of the type; the decoder's error is dropped, since it would quote the value.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Perhaps<T> {
        Decoded(T),
        Other(IgnoredAny),
    }
    Ok(match Perhaps::deserialize(deserializer)? {
        Perhaps::Decoded(value) => Some(value),
        Perhaps::Other(IgnoredAny) => None,
    })
}

/// A credential in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialView {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Changes when it is deleted and created again.
    pub uid: String,
    /// Changes with every write.
    pub resource_version: String,
    /// Changes with every write to the spec.
    pub generation: i64,
    /// When it was created.
    pub created: Moment,
    /// It has a deletion timestamp.
    pub deleting: bool,
    /// The rotate annotation, in the form that is echoed.
    pub rotate: Option<String>,
    /// The annotation of `flux reconcile`, in the form that is echoed.
    pub requested_at: Option<Box<str>>,
    /// The spec; `None` where this version cannot decode it.
    pub spec: Option<TrackTikCredentialSpec>,
    /// The status as it stands in the cluster; what is remembered of it shares it.
    pub status: Arc<TrackTikCredentialStatus>,
}

impl From<CredentialObject> for CredentialView {
    fn from(object: CredentialObject) -> Self {
        let meta = object.metadata;
        let annotations = meta.annotations.unwrap_or_default();
        let asked = |name: &str| {
            annotations
                .get(name)
                .filter(|value| !value.is_empty())
                .map(|value| echo_of(value))
        };
        Self {
            rotate: asked(ROTATE),
            requested_at: asked(REQUESTED_AT).map(String::into_boxed_str),
            key: ObjectKey::new(meta.namespace.unwrap_or_default(), meta.name.unwrap_or_default()),
            uid: meta.uid.unwrap_or_default(),
            resource_version: meta.resource_version.unwrap_or_default(),
            generation: meta.generation.unwrap_or(0),
            created: meta
                .creation_timestamp
                .as_ref()
                .map(Moment::from_time)
                .unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            spec: object.spec,
            status: Arc::new(object.status.unwrap_or_default()),
        }
    }
}

impl CredentialView {
    /// What metrics show of it.
    #[must_use]
    pub fn figures(&self) -> CredentialFigures {
        CredentialFigures {
            namespace: self.key.namespace.clone(),
            name: self.key.name.clone(),
            expiration: self.status.expiration_time,
            renewal: self.status.renewal_time,
            ready: self.truth(ConditionType::Ready),
            renewed: self.truth(ConditionType::Renewed),
            failure: self
                .reason_of_false(ConditionType::Renewed)
                .or_else(|| self.reason_of_false(ConditionType::Ready)),
            suspended: self.spec.as_ref().is_some_and(|spec| spec.suspend),
        }
    }

    /// Only a reason that this version knows: what stands in the cluster may be anybody's text.
    fn reason_of_false(&self, of: ConditionType) -> Option<Reason> {
        let mut conditions = self.status.conditions.iter();
        let found = conditions.find(|condition| condition.type_ == of.as_str() && condition.status == "False")?;
        Reason::ALL.into_iter().find(|reason| reason.as_str() == found.reason)
    }

    /// Unknown where the condition is not there yet.
    fn truth(&self, of: ConditionType) -> Truth {
        let mut conditions = self.status.conditions.iter();
        let found = conditions.find(|condition| condition.type_ == of.as_str());
        match found.map(|condition| &*condition.status) {
            Some("True") => Truth::True,
            Some("False") => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// The name of the token Secret that the spec asks for.
    #[must_use]
    pub fn target_name(&self) -> Option<String> {
        self.spec.as_ref().map(|spec| spec.token_secret_name(&self.key.name))
    }
}
