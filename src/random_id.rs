//! Ids that no other grant or event has.

use crate::{clock, hex};

/// 128 random bits.
///
/// Where the system gives no random numbers there is no TLS either, and so no request; the time then tells two ids apart.
#[must_use]
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..8].copy_from_slice(&clock::now().as_millis().to_be_bytes());
    }
    hex::encode(&bytes)
}
