//! What the operator says: `status` of a `TrackTikCredential`.
//!
//! Two kinds of fields: those that are computed anew from what is in the cluster at each look (conditions, times), and
//! the failure record, which is the operator's memory of its token requests across restarts.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{condition::Condition, moment::Moment, reason::Reason};

/// The longest message that the operator writes into a condition or the failure record, in characters.
pub const LONGEST_MESSAGE: usize = 1_024;

/// The state of a credential as the operator last saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackTikCredentialStatus {
    /// The `metadata.generation` that this status describes; -1 until the operator has looked at the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1))]
    pub observed_generation: Option<i64>,

    /// `Ready` and `Renewed` are always present, `Stalled` and `Reconciling` only while they are True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::definition::conditions_schema")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// The Secret that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_secret: Option<TokenSecretStatus>,

    /// The Secret to bind to, where Service Binding 1.1 looks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,

    /// When the token in the token Secret was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_time: Option<Moment>,

    /// When the access token in the token Secret expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Moment>,

    /// When the operator will next renew the token of its own accord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal_time: Option<Moment>,

    /// The memory of token requests that failed or are under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Box<Failure>>,

    /// The value of the annotation `tracktik-operator.io/rotate` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_rotate: Option<String>,

    /// The value of the annotation `reconcile.fluxcd.io/requestedAt` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_reconcile_at: Option<String>,
}

/// The token Secret as the operator last wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecretStatus {
    /// The name of the Secret, in the credential's namespace.
    #[schemars(length(max = 253))]
    pub name: String,
    /// The resourceVersion of the Secret after the operator's last write. If it has another now, somebody else wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub resource_version: Option<String>,
}

/// The Service Binding duck type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// The name of the token Secret, in the credential's namespace.
    #[schemars(length(max = 253))]
    pub name: String,
}

/// The failure record. It outlives restarts, so that neither a crash loop nor a lost write multiplies logins.
///
/// It records token requests only: what can be computed from the cluster (a missing source, suspension, a target that
/// cannot be written) neither writes nor clears it. A success empties it but for `recentTimes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The class of the latest failure; absent when none stands.
    #[serde(default, deserialize_with = "known_reason", skip_serializing_if = "Option::is_none")]
    // An Option of an enum would show the description of the enum.
    #[schemars(with = "Reason")]
    pub reason: Option<Reason>,
    /// What the latest failure was, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// How many failures of this class, or token requests whose outcome was lost, have followed each other; also of other
    /// credentials that send the same values.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub count: i32,
    /// When the first of them ended; absent while those are counted whose outcome was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<Moment>,
    /// When the latest of them ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_time: Option<Moment>,
    /// No token request is made before this time, unless what was `tried` differs from what stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_time: Option<Moment>,
    /// The ends of the last hour's token requests that may have sent a byte and gave no usable token, latest last. One whose
    /// outcome was lost counts as ended 40 s after it was announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub recent_times: Vec<Moment>,
    /// What the latest token request was made with; only a difference from it ends a wait early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// A token request that was announced and whose outcome is not recorded yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// What a token request was made with. Names and versions, never values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// The domain, and where each of the four values came from.
    // Clear values are quoted: 256 characters of the rarest kind become 2,560 (crd test `longest_identity`).
    #[schemars(length(max = 8192))]
    pub identity: String,
    /// Each source Secret as `name@uid/resourceVersion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), inner(length(max = 512)))]
    pub sources: Vec<String>,
    /// The rotate annotation that stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub rotate: Option<String>,
}

/// A token request that was announced before it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// The random id of the grant; on success the token Secret carries it.
    #[schemars(length(max = 64))]
    pub issue_id: String,
    /// When it was announced.
    pub time: Moment,
}

impl Default for Failure {
    fn default() -> Self {
        Self::nothing()
    }
}

impl Failure {
    /// Most entries of [`Failure::recent_times`].
    pub const MOST_RECENT_TIMES: usize = 16;

    /// The record that says nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            reason: None,
            message: None,
            count: 0,
            first_time: None,
            last_time: None,
            next_attempt_time: None,
            recent_times: Vec::new(),
            tried: None,
            pending: None,
        }
    }

    /// Whether the record says nothing, so that it need not be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::nothing()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(count: &i32) -> bool {
    *count == 0
}

/// A reason that a later version wrote stands for a failure all the same: to forget the record would be to forget its wait.
fn known_reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reason>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    Ok(word.map(|word| {
        let known = Reason::ALL.into_iter().find(|reason| reason.as_str() == word);
        known.unwrap_or(Reason::EndpointMisbehaved)
    }))
}
