//! What users write and read: the custom resource, its status, and the words both use.
//!
//! Nothing in here decides, connects or waits; every other room may import this one.

pub mod annotations;
pub mod conditions;
pub mod credential;
pub mod definition;
pub mod moment;
pub mod reason;
pub mod rules;
pub mod status;

pub use conditions::ConditionType;
pub use credential::{
    ClearOrSecretValue, Credentials, Grant, RefreshTokenPolicy, Renewal, SecretReference, SecretValue,
    TokenSecretMetadata, TokenSecretSpec, TrackTikCredential, TrackTikCredentialSpec,
};
pub use moment::{Moment, Span};
pub use reason::Reason;
pub use status::{Binding, Failure, Pending, TokenSecretStatus, TrackTikCredentialStatus, Tried};
