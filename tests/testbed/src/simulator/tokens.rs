//! The texts of tokens: shaped like TrackTik's, unique, and recognised by their maker. Pure; whether
//! a token is alive is not known here.
//!
//! A token is a function of the seed and a serial number that stands in its last characters, so
//! weeks of simulated rotation need no table of a kilobyte per token.

use serde_json::json;

/// The name in every `id_token`: personal data that must appear nowhere beyond the answer.
pub const PERSONAL_NAME: &str = "Avery Quince-Specimen";

/// Base64url of `{"typ":"JWT","alg":"RS256"}`.
const JWT_HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Hexadecimal digits of a serial number.
const SERIAL_DIGITS: usize = 16;
/// What makes an access token 1,180 characters long, as the captured one.
const PAYLOAD_LENGTH: usize = 797;
/// An RS256 signature by a 2,048-bit key.
const SIGNATURE_LENGTH: usize = 342;
/// Version mark of the PHP encryption library whose output league hands out.
const REFRESH_PREFIX: &str = "def50200";
const REFRESH_LENGTH: usize = 924;

/// Makes the texts of tokens, and knows its own again.
#[derive(Debug)]
pub(super) struct TokenTexts {
    seed: u64,
}

impl TokenTexts {
    /// Different seeds make different tokens, so one simulator never accepts another's.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The access token with this serial number: a JWT to look at, opaque in truth.
    pub(super) fn access(&self, serial: u64) -> String {
        let mut noise = self.noise(serial, 1);
        let payload = noise.text(PAYLOAD_LENGTH, BASE64URL);
        let signature = noise.text(SIGNATURE_LENGTH - SERIAL_DIGITS, BASE64URL);
        format!("{JWT_HEADER}.eyJ{payload}.{signature}{serial:016x}")
    }

    /// The refresh token with this serial number.
    pub(super) fn refresh(&self, serial: u64) -> String {
        let length = REFRESH_LENGTH - REFRESH_PREFIX.len() - SERIAL_DIGITS;
        let noise = self.noise(serial, 2).text(length, HEX);
        format!("{REFRESH_PREFIX}{noise}{serial:016x}")
    }

    /// An `id_token` with a person's data, which a client must ignore.
    pub(super) fn identity(&self, serial: u64, username: &str) -> String {
        let claims = json!({
            "sub": username,
            "name": PERSONAL_NAME,
            "email": "avery.quince-specimen@example.com",
            "picture": "https://pictures.example.com/avery-quince-specimen.jpg",
        });
        let signature = self.noise(serial, 3).text(SIGNATURE_LENGTH, BASE64URL);
        format!("{JWT_HEADER}.{}.{signature}", base64url(claims.to_string().as_bytes()))
    }

    /// A `media_token`, which TrackTik sends too and a client must ignore.
    pub(super) fn media(&self, serial: u64) -> String {
        self.noise(serial, 4).text(64, HEX)
    }

    /// The serial number of an access token that this maker made.
    pub(super) fn serial_of_access(&self, text: &str) -> Option<u64> {
        serial_at_end(text).filter(|serial| self.access(*serial) == text)
    }

    /// The serial number of a refresh token that this maker made.
    pub(super) fn serial_of_refresh(&self, text: &str) -> Option<u64> {
        serial_at_end(text).filter(|serial| self.refresh(*serial) == text)
    }

    fn noise(&self, serial: u64, kind: u64) -> Noise {
        let mut mixer = Noise(self.seed ^ (kind << 56));
        Noise(mixer.next() ^ serial)
    }
}

fn serial_at_end(text: &str) -> Option<u64> {
    let start = text.len().checked_sub(SERIAL_DIGITS)?;
    u64::from_str_radix(text.get(start..)?, 16).ok()
}

/// The `SplitMix64` generator: unpredictable enough for a bench that guards nothing, and reproducible from a seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let bytes = self.next().to_le_bytes();
            let wanted = (length - text.len()).min(bytes.len());
            text.extend(bytes[..wanted].iter().map(|byte| pick(alphabet, *byte)));
        }
        text
    }
}

fn pick(alphabet: &[u8], byte: u8) -> char {
    char::from(alphabet[usize::from(byte) % alphabet.len()])
}

/// Base64url without padding, as JWTs use it.
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        let sextets = [group >> 18, group >> 12, group >> 6, group];
        for sextet in &sextets[..=chunk.len()] {
            text.push(char::from(BASE64URL[(sextet & 0x3F) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_shape_of_a_captured_one() {
        let texts = TokenTexts::new(7);
        let (access, refresh) = (texts.access(0), texts.refresh(0));
        assert_eq!((access.len(), refresh.len()), (1180, 924));
        assert!(access.starts_with("eyJ") && access.matches('.').count() == 2);
        assert!(refresh.starts_with("def50200"));
        assert!(refresh.chars().all(|character| character.is_ascii_hexdigit()));
    }

    #[test]
    fn a_maker_knows_only_its_own_tokens() {
        let (ours, theirs) = (TokenTexts::new(1), TokenTexts::new(2));
        assert_eq!(ours.serial_of_access(&ours.access(41)), Some(41));
        assert_eq!(ours.serial_of_refresh(&ours.refresh(41)), Some(41));
        assert_eq!(ours.serial_of_access(&theirs.access(41)), None);
        for garbage in ["", "é", "0000000000000029", "def50200"] {
            assert_eq!(ours.serial_of_refresh(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn base64url_pads_nothing() {
        let table = [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v")];
        for (plain, coded) in table {
            assert_eq!(base64url(plain.as_bytes()), coded);
        }
    }
}
