//! Stands for texts that are only ever compared: of ten thousand credentials, the texts themselves would take megabytes.

use sha2::{Digest as _, Sha256};

/// The first half of their SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of one text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_all([text])
    }

    /// Of what a token request is made with: an identity, and the versions of its sources.
    #[must_use]
    pub fn of_values(identity: &str, sources: &[String]) -> Self {
        Self::of_all(std::iter::once(identity).chain(sources.iter().map(String::as_str)))
    }

    fn of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new();
        for text in texts {
            digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(text);
        }
        Self(half(digest.finalize()))
    }
}

/// The first half of a SHA-256: 128 bits, of which two alike would take more values than there can be.
#[must_use]
pub fn half(digest: impl IntoIterator<Item = u8>) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(digest).for_each(|(byte, of)| *byte = of);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_and_other_bounds_between_them_have_others() {
        let of = |identity: &str, sources: &[&str]| {
            let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
            Fingerprint::of_values(identity, &sources)
        };
        let all = [
            of("a", &[]),
            of("a", &["b"]),
            of("ab", &[]),
            of("a", &["b", "c"]),
            of("a", &["bc"]),
            of("a", &["c", "b"]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(index));
        }
        assert_eq!(of("a", &[]), Fingerprint::of("a"));
    }
}
