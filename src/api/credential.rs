//! `TrackTikCredential`: what a user asks for.
//!
//! The doc comments in here are the descriptions in the CRD, so they speak to users. Rules that span fields are CEL,
//! each with the message that a user sees; [`super::definition`] adds what a derive cannot say.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{rules, secret_references::Credentials, status::TrackTikCredentialStatus};

/// Which TrackTik API service account to log in with, and the Secret to keep its tokens fresh in.
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
    validation = rules::TARGET_IS_NO_SOURCE,
    validation = rules::NAME_FITS
)]
#[x_kube(
    validation = rules::REFRESH_NOT_WITH_DISCARD,
    validation = rules::REFRESH_NEEDS_THE_TOKEN
)]
#[serde(rename_all = "camelCase")]
pub struct TrackTikCredentialSpec {
    /// The host of the TrackTik instance, as in `https://DOMAIN/rest/oauth2/access_token`: `acme.staffr.net`, or
    /// `host:port`. It is in lower case, without scheme, user, path or query. The operator's administrator decides which
    /// domains are allowed.
    #[schemars(length(max = 259))]
    #[x_kube(validation = rules::DOMAIN)]
    pub domain: String,

    /// Where the OAuth 2 client and the employee login of the service account come from.
    #[x_kube(
        validation = rules::CLIENT_ID_RESOLVES,
        validation = rules::CLIENT_SECRET_RESOLVES,
        validation = rules::USERNAME_RESOLVES,
        validation = rules::PASSWORD_RESOLVES
    )]
    pub credentials: Credentials,

    /// The Secret that the operator writes the tokens into. It is created and owned by the operator; a Secret of that
    /// name that is somebody else's is never touched.
    #[serde(default)]
    #[x_kube(validation = rules::DISCARD_NOT_RENDERED)]
    pub token_secret: TokenSecretSpec,

    /// How and when the token is renewed.
    #[serde(default)]
    #[x_kube(validation = rules::ONE_MARGIN)]
    pub renewal: Renewal,

    /// While true, no token is requested and the token Secret is left as it is. A token in place stays usable until it
    /// expires.
    #[serde(default)]
    pub suspend: bool,
}

/// The Secret that the tokens are written into.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecretSpec {
    /// The name of the Secret, in the same namespace. By default it is the credential's name with `-token` behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::NAME)]
    pub name: Option<String>,

    /// Whether the refresh token is written into the Secret beside the access token (`Publish`) or thrown away
    /// (`Discard`). It is good for one use, and with `renewal.grant` `Refresh` that use is the operator's.
    #[serde(default)]
    pub refresh_token: RefreshTokenPolicy,

    /// Labels and annotations to put on the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<TokenSecretMetadata>>,

    /// The keys of the Secret and what stands in them, instead of the default keys `access_token`, `refresh_token`,
    /// `token_type`, `expires_at` and `domain`. In a value, `$(accessToken)`, `$(refreshToken)`, `$(tokenType)`, `$(expiresAt)` and `$(domain)` are
    /// replaced; `$$(` stands for a literal `$(`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::definition::data_schema")]
    #[x_kube(
        validation = rules::DATA_KEYS,
        validation = rules::DATA_NAMES
    )]
    pub data: Option<BTreeMap<String, String>>,
}

/// Labels and annotations that a user asks for on the token Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct TokenSecretMetadata {
    /// Labels of the Secret, beside those that the operator sets.
    #[serde(
        default,
        deserialize_with = "null_as_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    #[schemars(schema_with = "super::definition::labels_schema")]
    #[x_kube(
        validation = rules::METADATA_KEYS,
        validation = rules::METADATA_RESERVED,
        validation = rules::LABEL_VALUES
    )]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the Secret, beside those that the operator sets.
    #[serde(
        default,
        deserialize_with = "null_as_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    #[schemars(schema_with = "super::definition::annotations_schema")]
    #[x_kube(
        validation = rules::METADATA_KEYS,
        validation = rules::METADATA_RESERVED
    )]
    pub annotations: BTreeMap<String, String>,
}

/// A null is kept by the API server where it is allowed, and means as much as no entry.
fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// The OAuth 2 grant of renewals. `Password` logs in anew each time, so that the old token stays valid until it
    /// expires. `Refresh` uses the refresh token, at which TrackTik revokes the old access token at once; whoever reads a
    /// mounted Secret is then cut off until it is updated there, which takes up to 90 s. Wherever that refresh token may
    /// have been used already, a login takes its place.
    #[serde(default)]
    pub grant: Grant,

    /// How many seconds before its expiry the token is renewed, but never before half of its life is over. By default it
    /// is a third of the token's life, and at least 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 86_400))]
    pub renew_before_seconds: Option<i32>,

    /// The percentage of the token's life that is left when it is renewed, instead of `renewBeforeSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 50))]
    pub renew_before_percentage: Option<i32>,
}

/// The OAuth 2 grant that renewals use; the first token is always a password grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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

/// A domain without the port that https uses anyway: `host` and `host:443` are one server.
#[must_use]
pub fn one_server(domain: &str) -> &str {
    domain.strip_suffix(":443").unwrap_or(domain)
}
