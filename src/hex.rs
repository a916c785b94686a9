//! Bytes as hexadecimal text: digests, and random ids.

use std::fmt::Write as _;

/// Two lower-case digits per byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            // Writing into a String does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// 128 random bits.
///
/// Where the system gives no random numbers there is no TLS either, and so no request; the time then tells two ids apart.
#[must_use]
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..8].copy_from_slice(&crate::clock::now().as_millis().to_be_bytes());
    }
    encode(&bytes)
}
