//! The one list of reasons: in conditions, events, metrics and the failure record.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a credential is in the state it is in.
///
/// The words are part of the API: alerts, scripts and runbooks match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Reason {
    /// A live token for the current identity is in the token Secret.
    TokenValid,
    /// The token in the token Secret is past its expiry and nothing worse is known.
    TokenExpired,
    /// A token is being requested or stored, or the token Secret is being put right.
    Issuing,
    /// The next token request waits for a place.
    Waiting,
    /// `spec.suspend` is true.
    Suspended,
    /// The spec cannot be read, or asks for something that this version does not do.
    SpecInvalid,
    /// A Secret that `spec.credentials` names does not exist.
    SourceNotFound,
    /// A source Secret lacks a key, or holds an empty, padded or non-UTF-8 value.
    SourceInvalid,
    /// The operator's administrator does not allow `spec.domain`.
    DomainNotAllowed,
    /// The token endpoint refused the username or password.
    CredentialsRejected,
    /// The token endpoint refused the client id or client secret.
    ClientRejected,
    /// The token Secret's name is taken by an object that is not this credential's.
    TargetConflict,
    /// The token Secret cannot be written: immutable, or refused by quota, admission or a terminating namespace.
    TargetNotWritable,
    /// No answer from the token endpoint, or a server error (5xx).
    EndpointUnavailable,
    /// The token endpoint or its firewall asked to slow down.
    EndpointThrottled,
    /// The token endpoint answered with something that is neither a token nor a refusal that the operator knows.
    EndpointMisbehaved,
    /// The API server does not let the operator read or write what this credential needs, or does not answer.
    AccessDenied,
}

impl Reason {
    /// Every reason, in the order of the declaration: for references and exhaustive tests.
    pub const ALL: [Self; 17] = [
        Self::TokenValid,
        Self::TokenExpired,
        Self::Issuing,
        Self::Waiting,
        Self::Suspended,
        Self::SpecInvalid,
        Self::SourceNotFound,
        Self::SourceInvalid,
        Self::DomainNotAllowed,
        Self::CredentialsRejected,
        Self::ClientRejected,
        Self::TargetConflict,
        Self::TargetNotWritable,
        Self::EndpointUnavailable,
        Self::EndpointThrottled,
        Self::EndpointMisbehaved,
        Self::AccessDenied,
    ];

    /// The word, as it stands in a condition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenValid => "TokenValid",
            Self::TokenExpired => "TokenExpired",
            Self::Issuing => "Issuing",
            Self::Waiting => "Waiting",
            Self::Suspended => "Suspended",
            Self::SpecInvalid => "SpecInvalid",
            Self::SourceNotFound => "SourceNotFound",
            Self::SourceInvalid => "SourceInvalid",
            Self::DomainNotAllowed => "DomainNotAllowed",
            Self::CredentialsRejected => "CredentialsRejected",
            Self::ClientRejected => "ClientRejected",
            Self::TargetConflict => "TargetConflict",
            Self::TargetNotWritable => "TargetNotWritable",
            Self::EndpointUnavailable => "EndpointUnavailable",
            Self::EndpointThrottled => "EndpointThrottled",
            Self::EndpointMisbehaved => "EndpointMisbehaved",
            Self::AccessDenied => "AccessDenied",
        }
    }

    /// Whether only a person can end this state, so that a pipeline should stop waiting for it (kstatus: Failed).
    ///
    /// An immutable token Secret is the one kind of [`Reason::TargetNotWritable`] that stalls as well; the readiness
    /// rules know it apart.
    #[must_use]
    pub fn stalls(self) -> bool {
        match self {
            Self::Suspended
            | Self::SpecInvalid
            | Self::SourceNotFound
            | Self::SourceInvalid
            | Self::DomainNotAllowed
            | Self::CredentialsRejected
            | Self::ClientRejected
            | Self::TargetConflict => true,
            Self::TokenValid
            | Self::TokenExpired
            | Self::Issuing
            | Self::Waiting
            | Self::TargetNotWritable
            | Self::EndpointUnavailable
            | Self::EndpointThrottled
            | Self::EndpointMisbehaved
            | Self::AccessDenied => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
