//! How a value may look in a text: what replaces it as a whole, and what escapes it for its surroundings.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

pub const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value as it would look in each encoding.
pub fn encodings(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let digest = Sha256::digest(value);
    let mut all = vec![
        ("itself", value.to_vec()),
        ("hex", hex(value).into_bytes()),
        ("hex", hex(value).to_uppercase().into_bytes()),
        ("SHA-256 in hex", hex(&digest).into_bytes()),
        ("SHA-256 in hex", hex(&digest).to_uppercase().into_bytes()),
    ];
    for alphabet in [STANDARD, URL_SAFE] {
        all.push(("SHA-256 in base64", base64_within(alphabet, &digest, 0)));
        all.extend((0..3).map(|offset| ("base64", base64_within(alphabet, value, offset))));
    }
    all
}

pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The base64 characters that depend on nothing but `value` where `offset` bytes (modulo 3) stand before it, whatever
/// follows it: padding or the next bytes.
pub fn base64_within(alphabet: &[u8; 64], value: &[u8], offset: usize) -> Vec<u8> {
    let bit = |at: usize| value[at / 8] >> (7 - at % 8) & 1;
    // The first character that begins within the value, and how many are whole.
    let skipped = (6 - offset * 8 % 6) % 6;
    (0..(value.len() * 8 - skipped) / 6)
        .map(|index| (0..6).fold(0, |six, of| six << 1 | bit(skipped + index * 6 + of)))
        .map(|six| alphabet[usize::from(six)])
        .collect()
}

/// The text as it stands, and with escapes undone: of JSON once and twice (a log line may hold a document), of percent
/// encoding, of both.
pub fn views(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let once = json_unescaped(text);
    let twice = json_unescaped(&once);
    let mut views = vec![
        ("in forms", percent_decoded(&once, true)),
        ("percent-encoded", percent_decoded(text, false)),
        ("percent-encoded in JSON", percent_decoded(&once, false)),
        ("in JSON in JSON", twice),
        ("as a list of numbers", listed_bytes(text)),
        ("in JSON", once),
        ("as it stands", text.to_vec()),
    ];
    views.reverse();
    let mut seen = BTreeSet::new();
    views.retain(|(_, view)| seen.insert(view.clone()));
    views
}

fn percent_decoded(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &behind[2..];
            }
            (first, _) => {
                out.push(if *first == b'+' && plus_is_space { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    out
}

/// The lists of numbers that bytes are printed as by `Debug` and serde, as bytes again.
fn listed_bytes(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let lists = text.split(|c: char| !c.is_ascii_digit() && c != ',' && c != ' ');
    let bytes = |list: &str| {
        list.split(',')
            .map(|number| number.trim().parse().unwrap_or(0))
            .collect::<Vec<u8>>()
    };
    lists.filter(|list| list.len() > 24).flat_map(bytes).collect()
}

/// Also what Rust's `Debug` writes: `\u{e9}`, `\'`.
fn json_unescaped(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (character, length) = match behind.chars().next() {
            Some('u') => unicode(&behind[1..]).map_or(('\\', 0), |(character, length)| (character, length + 1)),
            Some('n') => ('\n', 1),
            Some('r') => ('\r', 1),
            Some('t') => ('\t', 1),
            Some(plain @ ('"' | '\\' | '/' | '\'')) => (plain, 1),
            _ => ('\\', 0),
        };
        out.push(character);
        rest = &behind[length..];
    }
    out.push_str(rest);
    out.into_bytes()
}

/// The character behind `\u`, and how many bytes name it.
fn unicode(text: &str) -> Option<(char, usize)> {
    let (digits, length) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}').map(|(digits, _)| (digits, digits.len() + 2))?,
        None => (text.get(..4)?, 4),
    };
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, length))
}
