//! Names of the annotations and labels that the operator reads and writes, and its own.

/// API group of the custom resource, and prefix of every annotation of ours.
pub const GROUP: &str = "tracktik-operator.io";

/// On a credential, by a user: any new value asks for one renewal now.
pub const ROTATE: &str = "tracktik-operator.io/rotate";

/// On a credential, by Flux (`flux reconcile`): any new value asks for a fresh look now.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// On a token Secret: the facts of the grant whose tokens it holds (JSON, [`crate::secrets::issue_record`]).
pub const ISSUE: &str = "tracktik-operator.io/issue";

/// On a token Secret: the id of the issue whose refresh token was sent, or may have been ([`crate::cluster::mark_tried`]).
pub const TRIED: &str = "tracktik-operator.io/tried";

/// On a token Secret: the credential it belongs to, `namespace/name@uid` ([`crate::secrets::ownership`]).
pub const CREDENTIAL: &str = "tracktik-operator.io/credential";

/// On a token Secret: the standard label that says which program keeps the object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The value of [`MANAGED_BY`], and the operator's field manager.
pub const OPERATOR_NAME: &str = "tracktik-operator";

/// How the operator names itself to servers: `User-Agent`.
pub const AGENT: &str = concat!("tracktik-operator/", env!("CARGO_PKG_VERSION"));

/// Longest value of [`ROTATE`] or [`REQUESTED_AT`] that is echoed in status as it is, in bytes.
pub const LONGEST_ECHO: usize = 256;

/// The form of a request annotation that is compared and echoed in status.
///
/// An annotation may hold 256 KiB and status is bounded, so a longer value is stood for by its digest; cutting it
/// would take two requests with one beginning for the same.
#[must_use]
pub fn echo_of(value: &str) -> String {
    use sha2::{Digest, Sha256};
    if value.len() <= LONGEST_ECHO {
        return value.to_owned();
    }
    format!("sha256:{}", crate::hex::encode(&Sha256::digest(value.as_bytes())))
}
