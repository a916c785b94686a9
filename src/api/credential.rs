//! `TrackTikCredential`: what a user asks for.
//!
//! The doc comments in here are the descriptions in the CRD, so they speak to users. Rules that span fields are CEL,
//! each with the message that a user sees; [`super::definition`] adds what a derive cannot say.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{rules, status::TrackTikCredentialStatus};

/// One TrackTik API service account, and the Secret that its tokens are kept fresh in.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "tracktik-operator.io",
    version = "v1alpha1",
    kind = "TrackTikCredential",
    plural = "tracktikcredentials",
    singular = "tracktikcredential",
    shortname = "ttc",
    category = "tracktik",
    namespaced,
    doc = "A TrackTik API service account, and the Secret in which its access token is kept fresh.",
    status = "TrackTikCredentialStatus",
    derive = "PartialEq",
    selectable = ".spec.domain",
    label("servicebinding.io/provisioned-service", "true"),
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(
        name = "Expires",
        type_ = "string",
        json_path = ".status.expirationTime",
        description = "When the access token in the Secret expires"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Domain", type_ = "string", json_path = ".spec.domain", priority = 1),
    printcolumn(name = "Secret", type_ = "string", json_path = ".status.tokenSecret.name", priority = 1),
    printcolumn(
        name = "Renews",
        type_ = "string",
        json_path = ".status.renewalTime",
        description = "When the operator will next renew the token",
        priority = 1
    ),
    validation = Rule::new(rules::TARGET_IS_NO_SOURCE).message(rules::TARGET_IS_NO_SOURCE_MESSAGE),
    validation = Rule::new(rules::NAME_FITS).message(rules::NAME_FITS_MESSAGE)
)]
#[x_kube(
    validation = Rule::new(rules::REFRESH_NOT_WITH_DISCARD).message(rules::REFRESH_NOT_WITH_DISCARD_MESSAGE),
    validation = Rule::new(rules::REFRESH_NEEDS_THE_TOKEN).message(rules::REFRESH_NEEDS_THE_TOKEN_MESSAGE)
)]
#[serde(rename_all = "camelCase")]
pub struct TrackTikCredentialSpec {
    /// Host of the TrackTik instance, as in https://DOMAIN/rest/oauth2/access_token: `acme.staffr.net`, or `host:port`.
    /// Lower case; no scheme, path, user or query. The operator's administrator decides which domains are allowed.
    #[schemars(
        length(min = 1, max = 259),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[1-9][0-9]{0,4})?$")
    )]
    #[x_kube(validation = Rule::new(rules::DOMAIN).message(rules::DOMAIN_MESSAGE))]
    pub domain: String,

    /// Where the OAuth 2 client and the employee login of the service account are.
    #[x_kube(
        validation = Rule::new(rules::CLIENT_ID_RESOLVES).message(rules::CLIENT_ID_RESOLVES_MESSAGE),
        validation = Rule::new(rules::CLIENT_SECRET_RESOLVES).message(rules::CLIENT_SECRET_RESOLVES_MESSAGE),
        validation = Rule::new(rules::USERNAME_RESOLVES).message(rules::USERNAME_RESOLVES_MESSAGE),
        validation = Rule::new(rules::PASSWORD_RESOLVES).message(rules::PASSWORD_RESOLVES_MESSAGE)
    )]
    pub credentials: Credentials,

    /// The Secret that the operator writes the tokens into. It is created and owned by the operator; a Secret of that
    /// name that is somebody else's is never touched.
    #[serde(default)]
    #[x_kube(validation = Rule::new(rules::DISCARD_NOT_RENDERED).message(rules::DISCARD_NOT_RENDERED_MESSAGE))]
    pub token_secret: TokenSecretSpec,

    /// How and when the token is renewed.
    #[serde(default)]
    #[x_kube(validation = Rule::new(rules::ONE_MARGIN).message(rules::ONE_MARGIN_MESSAGE))]
    pub renewal: Renewal,

    /// While true, no token is requested and the token Secret is left as it is. A token in place stays usable until it
    /// expires.
    #[serde(default)]
    pub suspend: bool,
}

/// The four values of a service account. Those that name no Secret of their own are read from `secretRef`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The Secret, in the same namespace, that holds the values that name no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,

    /// The OAuth 2 client id. Default: key `client_id` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new(rules::VALUE_OR_KEY).message(rules::VALUE_OR_KEY_MESSAGE))]
    pub client_id: Option<ClearOrSecretValue>,

    /// The OAuth 2 client secret. Default: key `client_secret` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretValue>,

    /// The user name of the employee login. Default: key `username` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new(rules::VALUE_OR_KEY).message(rules::VALUE_OR_KEY_MESSAGE))]
    pub username: Option<ClearOrSecretValue>,

    /// The password of the employee login. Default: key `password` of `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretValue>,
}

/// A Secret of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretReference {
    /// Name of the Secret.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    )]
    pub name: String,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretValue {
    /// Another Secret of the same namespace than `credentials.secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The key that holds the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: Option<String>,
}

/// A key of a Secret, or the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearOrSecretValue {
    /// The value in clear, instead of a key. Used as it stands: no spaces around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 256),
        regex(pattern = r"^[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?$")
    )]
    pub value: Option<String>,
    /// Another Secret of the same namespace than `credentials.secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The key that holds the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: Option<String>,
}

/// The Secret that the tokens are written into.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecretSpec {
    /// Its name, in the same namespace. Default: the credential's name with `-token` behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    )]
    pub name: Option<String>,

    /// Whether the refresh token is written beside the access token (`Publish`) or thrown away (`Discard`).
    #[serde(default)]
    pub refresh_token: RefreshTokenPolicy,

    /// Labels and annotations to put on the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TokenSecretMetadata>,

    /// The keys of the Secret, instead of the default `access_token`, `refresh_token`, `token_type`, `expires_at` and
    /// `domain`. In a value, `$(accessToken)`, `$(refreshToken)`, `$(tokenType)`, `$(expiresAt)` and `$(domain)` are
    /// replaced; `$$(` stands for a literal `$(`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::definition::data_schema")]
    #[x_kube(
        validation = Rule::new(rules::DATA_KEYS).message(rules::DATA_KEYS_MESSAGE),
        validation = Rule::new(rules::DATA_NAMES).message(rules::DATA_NAMES_MESSAGE)
    )]
    pub data: Option<BTreeMap<String, String>>,
}

/// Labels and annotations that a user asks for on the token Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct TokenSecretMetadata {
    /// Labels, beside those of the operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::definition::labels_schema")]
    #[x_kube(
        validation = Rule::new(rules::METADATA_KEYS).message(rules::METADATA_KEYS_MESSAGE),
        validation = Rule::new(rules::METADATA_RESERVED).message(rules::METADATA_RESERVED_MESSAGE)
    )]
    pub labels: BTreeMap<String, String>,

    /// Annotations, beside those of the operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::definition::annotations_schema")]
    #[x_kube(
        validation = Rule::new(rules::METADATA_KEYS).message(rules::METADATA_KEYS_MESSAGE),
        validation = Rule::new(rules::METADATA_RESERVED).message(rules::METADATA_RESERVED_MESSAGE)
    )]
    pub annotations: BTreeMap<String, String>,
}

/// What becomes of the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RefreshTokenPolicy {
    /// Written into the token Secret.
    #[default]
    Publish,
    /// Thrown away.
    Discard,
}

/// When and how a token is renewed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// The OAuth 2 grant of renewals. `Password` logs in anew each time, so that the old token stays valid until it
    /// expires. `Refresh` uses the refresh token, at which TrackTik revokes the old access token at once.
    #[serde(default)]
    pub grant: Grant,

    /// Renew this many seconds before the token expires, at the latest after half of its life. Default: a third of its
    /// life, at least 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 86_400))]
    pub renew_before_seconds: Option<i32>,

    /// Renew when this percentage of the token's life is left. Instead of `renewBeforeSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 50))]
    pub renew_before_percentage: Option<i32>,
}

/// The OAuth 2 grant that renewals use; the first token is always a password grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Grant {
    /// RFC 6749 section 4.3.
    #[default]
    Password,
    /// RFC 6749 section 6.
    Refresh,
}

impl TrackTikCredentialSpec {
    /// The name of the token Secret: the one asked for, or the credential's with `-token` behind it.
    #[must_use]
    pub fn token_secret_name(&self, credential: &str) -> String {
        self.token_secret
            .name
            .clone()
            .unwrap_or_else(|| format!("{credential}-token"))
    }
}
