//! What the API server's refusals mean, without what it must not be asked to repeat.
//!
//! A message of the API server may echo what it was sent (`data[password]: Invalid value: "…"`), an admission policy
//! writes what it likes, and a proxy answers with whole pages. So words are kept only where they are known to come
//! from the API server's own vocabulary, or from a call that carried no secret.

use kube::{
    client::AuthError,
    core::{Status, response::reason},
};

use super::{claim::NotLeader, cleaned::cleaned, fence::ClaimEnded, no_connection::NoConnection};

/// Most field paths that are kept of an invalid object.
const MOST_FIELDS: usize = 8;

/// Whether a call sent or received secret values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Metadata, credentials, dry runs with placeholders, Leases.
    NoValues,
    /// Source Secrets or tokens.
    SecretValues,
}

/// Who refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// RBAC, or another authorizer.
    Access,
    /// A quota is used up.
    Quota,
    /// An admission webhook or policy.
    Admission,
    /// The namespace is being deleted.
    NamespaceTerminating,
}

/// Why a call of the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The object, or its namespace, does not exist.
    #[error("not found")]
    NotFound,
    /// A page in place of a `Status`, with the text that the API server has for a kind that it does not serve. Other servers
    /// have the same text for whatever they do not know: it says nothing of an object.
    #[error("the API server, or a proxy before it, does not know the path (404 page not found)")]
    NotServed,
    /// It is not as the caller thought: another resourceVersion, another uid, a field manager, or it exists already.
    #[error("conflict: it has changed meanwhile")]
    Conflict,
    /// The call is not allowed.
    #[error("refused: {message}")]
    Forbidden {
        /// Who refused.
        by: Refusal,
        /// Why, for a person; at most [`super::LONGEST_MESSAGE`] characters.
        message: String,
    },
    /// The API server does not accept the object. A JSON patch whose `test` fails looks like this, without fields.
    #[error("invalid{}", in_fields(.fields))]
    Invalid {
        /// Paths of the fields, never their values.
        fields: Vec<String>,
    },
    /// The Secret is immutable: its data can never be written again.
    #[error("immutable")]
    Immutable,
    /// The operator's own credentials for the API server were refused (401), or cannot be read.
    #[error("the API server does not accept the operator's own credentials")]
    Unauthenticated,
    /// Held back: it is a write, and another process may be the leader by now. An earlier attempt at it may have been
    /// carried out without an answer.
    #[error("a write was held back: {NotLeader}")]
    NotLeader,
    /// No connection, or it broke: the call may or may not have been carried out.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(NoConnection),
    /// No answer within [`super::DEADLINE`], or the shorter time that the call or the claim had: it may or may not have been carried out.
    #[error("the API server did not answer in time")]
    TimedOut,
    /// Any other answer.
    #[error("the API server answered {code}{}", with_detail(.detail))]
    Other {
        /// HTTP status code; 0 where there was an answer that could not be understood.
        code: u16,
        /// The API server's reason, or the webhook that failed; from closed vocabularies.
        detail: String,
    },
}

impl ClusterError {
    /// What `error` means, and of its words only those that can be shown.
    #[must_use]
    pub fn from_kube(error: &kube::Error, carried: Carried) -> Self {
        match error {
            kube::Error::Api(status) => Self::from_status(status, carried),
            kube::Error::Auth(_) => Self::Unauthenticated,
            kube::Error::Service(error) if error.is::<AuthError>() => Self::Unauthenticated,
            kube::Error::Service(error) if error.is::<NotLeader>() => Self::NotLeader,
            kube::Error::Service(error) if error.is::<ClaimEnded>() => Self::TimedOut,
            kube::Error::Service(_) | kube::Error::HyperError(_) | kube::Error::ReadEvents(_) => {
                Self::Unreachable(NoConnection::because_of(error))
            }
            // What remains is an answer that cannot be understood, and its error may quote the answer.
            _ => Self::not_understood(),
        }
    }

    /// There was an answer, and it is none to what was asked.
    #[must_use]
    pub fn not_understood() -> Self {
        Self::Other {
            code: 0,
            detail: "something that cannot be understood".to_owned(),
        }
    }

    /// As [`ClusterError::from_kube`], for the `Status` that a watch delivers as an event.
    #[must_use]
    pub fn from_status(status: &Status, carried: Carried) -> Self {
        // Before the code is looked at: a webhook may deny with any code, a policy by default with that of Invalid,
        // and neither means what the API server means by it.
        if let Some(own) = denied_by_admission(&status.message) {
            let message = if carried == Carried::NoValues {
                &status.message
            } else {
                own
            };
            return Self::Forbidden {
                by: Refusal::Admission,
                message: cleaned(message),
            };
        }
        // By the word and not by the code, which a portal or a firewall in front of the API server gives as well.
        if status.reason == reason::FORBIDDEN {
            return forbidden(status, carried);
        }
        match status.code {
            _ if status.reason == reason::NOT_FOUND => Self::NotFound,
            404 if status.message.trim() == "404 page not found" => Self::NotServed,
            _ if [reason::CONFLICT, reason::ALREADY_EXISTS].contains(&status.reason.as_str()) => Self::Conflict,
            _ if is_immutable(status) => Self::Immutable,
            _ if status.reason == reason::INVALID => Self::Invalid { fields: fields(status) },
            // By the code: a proxy that asks who is there, as hosted clusters have them, says so in words of its own.
            401 => Self::Unauthenticated,
            code => Self::Other {
                code,
                detail: detail(status),
            },
        }
    }

    /// Whether the same call may well succeed a little later, with nobody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Other { code, .. } => *code == 429 || *code >= 500,
            _ => false,
        }
    }
}

/// `admission webhook "x" denied the request`, `ValidatingAdmissionPolicy 'p' with binding 'b' denied request`: up to
/// where the words of the API server end and those of the policy's author begin.
fn denied_by_admission(message: &str) -> Option<&str> {
    let webhook = message
        .starts_with("admission webhook \"")
        .then_some("denied the request");
    let policy = message
        .contains("ValidatingAdmissionPolicy '")
        .then_some("denied request");
    let end = webhook.or(policy)?;
    message.find(end).map(|at| &message[..at + end.len()])
}

/// RBAC, quota and the terminating namespace speak the API server's own words; an unknown refusal may be anyone's.
fn forbidden(status: &Status, carried: Carried) -> ClusterError {
    let message = status.message.as_str();
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let terminating = causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating");
    let (by, known) = if terminating || message.contains("because it is being terminated") {
        (Refusal::NamespaceTerminating, true)
    } else if message.contains("exceeded quota: ") || message.contains("failed quota: ") {
        (Refusal::Quota, true)
    } else if message.contains(" cannot ") && message.contains(" resource ") {
        (Refusal::Access, true)
    } else {
        // An admission plug-in; an authorizer always says who cannot do what.
        (Refusal::Admission, false)
    };
    let shown = known || carried == Carried::NoValues;
    let message = if shown {
        cleaned(message)
    } else {
        "the API server gave a reason that may hold values".to_owned()
    };
    ClusterError::Forbidden { by, message }
}

/// Data that is too large is refused for the same field; only the cause tells the two apart.
fn is_immutable(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    status.reason == reason::INVALID
        && causes.any(|cause| cause.field == "data" && cause.reason == "FieldValueForbidden")
}

fn fields(status: &Status) -> Vec<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let paths = causes.map(|cause| cause.field.as_str()).filter(|path| !path.is_empty());
    paths
        .take(MOST_FIELDS)
        .map(|path| path.chars().filter(|c| !c.is_control()).take(120).collect())
        .collect()
}

/// The reason, where it is one word as the API server's are, and the name of a webhook that could not be called.
fn detail(status: &Status) -> String {
    let webhook = status
        .message
        .split_once("failed calling webhook \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    if let Some((webhook, _)) = webhook {
        return cleaned(&format!("failed calling webhook \"{webhook}\""));
    }
    let word = !status.reason.is_empty() && status.reason.len() <= 40;
    // Letters only, as the API server's own: what a proxy puts there may be anything.
    let word = word && status.reason.chars().all(|c| c.is_ascii_alphabetic());
    if word { status.reason.clone() } else { String::new() }
}

fn in_fields(fields: &[String]) -> String {
    if fields.is_empty() {
        String::new()
    } else {
        format!(": {}", fields.join(", "))
    }
}

fn with_detail(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    }
}
