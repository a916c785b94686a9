//! The token endpoint: where it may be, what is sent, what its answers mean.
//!
//! ```text
//! domain ── allowed_domains ── host ─┐
//! grant ─── form ────────────────────┴─► endpoint ─► answer (token_body) ─► Tokens
//!                                             └────► connection ──────────► TokenRequestFailure
//! ```
//! Bodies stop in [`answer`]: a failure is a closed enum of words and small numbers, so that nothing a server says can
//! reach a log, a status or an event. When to ask again is not decided here; a failure only names its pace, and what it tells
//! the gate.

pub mod allowed_domains;
pub mod answer;
mod connection;
pub mod endpoint;
pub mod failure;
pub mod failure_detail;
pub mod form;
pub mod host;
mod last_word;
mod token_body;

pub use allowed_domains::AllowedDomains;
pub use endpoint::{EndpointOptions, HttpTokenEndpoint, TokenEndpoint};
pub use failure::TokenRequestFailure;
pub use failure_detail::{CertificateFault, ConnectFault, ErrorCode, Misbehaviour, Silence};
pub use form::GrantRequest;
