//! What users write and read: the custom resource, its status, and the words both use.
//!
//! Nothing in here decides, connects or waits; every other room may import this one.

pub mod annotations;
pub mod condition;
pub mod conditions;
pub mod credential;
pub mod definition;
pub mod demand;
pub mod moment;
pub mod reason;
pub mod recheck;
pub mod rules;
pub mod secret_references;
pub mod status;

pub use condition::Condition;
pub use conditions::ConditionType;
pub use credential::{
    Grant, RefreshTokenPolicy, Renewal, TokenSecretMetadata, TokenSecretSpec, TrackTikCredential,
    TrackTikCredentialSpec, one_server,
};
pub use moment::{Moment, Span};
pub use reason::Reason;
pub use secret_references::{ClearOrSecretValue, Credentials, SecretReference, SecretValue};
pub use status::{Binding, Failure, Pending, TokenSecretStatus, TrackTikCredentialStatus, Tried};
