//! `spec.credentials`: where the four values of a service account come from. The doc comments are shown to users.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::rules;

// Boxed, since most of ten thousand name none of the four.
/// The four values of a service account. Those that name no Secret of their own are read from `secretRef`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The Secret, in the same namespace, that holds the values which name no Secret of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,

    /// The OAuth 2 client id. By default it is the key `client_id` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::VALUE_OR_KEY)]
    pub client_id: Option<Box<ClearOrSecretValue>>,

    /// The OAuth 2 client secret. By default it is the key `client_secret` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Box<SecretValue>>,

    /// The user name of the employee login. By default it is the key `username` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::VALUE_OR_KEY)]
    pub username: Option<Box<ClearOrSecretValue>>,

    /// The password of the employee login. By default it is the key `password` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Box<SecretValue>>,
}

/// A Secret of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct SecretReference {
    /// The name of the Secret.
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::NAME)]
    pub name: String,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretValue {
    /// The Secret, in the same namespace, that holds this value, if it is not `credentials.secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The key of the Secret that holds this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::KEY)]
    pub key: Option<String>,
}

/// A key of a Secret, or the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearOrSecretValue {
    /// The value in clear, instead of a key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    #[x_kube(validation = rules::CLEAR_VALUE)]
    pub value: Option<String>,
    /// The Secret, in the same namespace, that holds this value, if it is not `credentials.secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The key of the Secret that holds this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::KEY)]
    pub key: Option<String>,
}
