//! Finds secret values in any text, whole or in part, in every encoding that one is likely to leave in.
//!
//! What escapes a value for its surroundings (JSON, percent) is undone on the text; what replaces it as a whole (base64,
//! hex, a digest) is searched for as it would look.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

/// So many bytes in a row of a value, or of an encoding of it, are a leak: a cut-off value is one too.
pub const WINDOW: usize = 12;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Looks for a set of values.
pub struct Scanner {
    names: Vec<String>,
    /// Every window of every encoding, and whose it is: an index into `names`, and the encoding.
    windows: HashMap<[u8; WINDOW], (usize, &'static str)>,
    /// Which first four bytes any window has, folded: most positions of a text are ruled out by it.
    begins: Vec<bool>,
}

impl Scanner {
    /// For these values, each under a name to report it by.
    pub fn of<N: Into<String>, V: AsRef<[u8]>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut scanner = Self {
            names: Vec::new(),
            windows: HashMap::new(),
            begins: vec![false; 1 << 16],
        };
        for (name, value) in values {
            let (name, value) = (name.into(), value.as_ref());
            assert!(value.len() >= WINDOW, "{name} is too short to be told from chance");
            scanner.names.push(name);
            for (encoding, encoded) in encodings(value) {
                scanner.add(encoding, &encoded);
            }
        }
        scanner
    }

    fn add(&mut self, encoding: &'static str, encoded: &[u8]) {
        for window in encoded.windows(WINDOW) {
            let window: [u8; WINDOW] = window.try_into().unwrap();
            self.begins[folded(&window)] = true;
            self.windows.entry(window).or_insert((self.names.len() - 1, encoding));
        }
    }

    /// What was found first in each way of reading the text, with what stands around it.
    pub fn find(&self, text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (how, view) in views(text) {
            let hit = view.windows(WINDOW).enumerate().find_map(|(at, window)| {
                if !self.begins[folded(window)] {
                    return None;
                }
                Some((at, self.windows.get(window)?))
            });
            if let Some((at, (value, encoding))) = hit {
                let around = &view[at.saturating_sub(80)..view.len().min(at + 80)];
                let around = String::from_utf8_lossy(around);
                found.push(format!("{} as {encoding}, {how}: …{around}…", self.names[*value]));
            }
        }
        found
    }
}

fn folded(window: &[u8]) -> usize {
    let [a, b, c, d] = [window[0], window[1], window[2], window[3]].map(usize::from);
    (a << 8 | b) ^ (c << 5) ^ (d << 2)
}

/// The value as it would look in each encoding.
fn encodings(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
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
fn base64_within(alphabet: &[u8; 64], value: &[u8], offset: usize) -> Vec<u8> {
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
fn views(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
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
    lists.filter(|list| list.len() > 2 * WINDOW).flat_map(bytes).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canaries::canary;

    const SURROUNDINGS: &str = r#"{"level":"INFO","message":"token granted","name":"acme","sources":["acme@u/17"]}"#;

    fn found(value: &str, text: &[u8]) -> bool {
        let mut long = SURROUNDINGS.as_bytes().to_vec();
        long.extend_from_slice(text);
        long.extend_from_slice(SURROUNDINGS.as_bytes());
        !Scanner::of([("canary", value)]).find(&long).is_empty()
    }

    /// By the encoder of the Kubernetes library, so that ours is not checked against itself.
    fn base64(bytes: &[u8]) -> String {
        let json = serde_json::to_string(&k8s_openapi::ByteString(bytes.to_vec())).unwrap();
        json.trim_matches('"').to_owned()
    }

    #[test]
    fn a_value_is_found_in_each_encoding() {
        let value = canary("scan");
        let form = reqwest::Url::parse_with_params("https://x/", [("password", &value)]).unwrap();
        let percent = value
            .bytes()
            .fold(String::new(), |all, byte| all + &format!("%{byte:02x}"));
        let json = serde_json::to_string(&value).unwrap();
        let digest = Sha256::digest(value.as_bytes());
        let mut ways = vec![
            ("itself", value.clone()),
            ("a form", form.query().unwrap().to_owned()),
            ("percent-encoded", percent),
            ("JSON", json.clone()),
            ("JSON in JSON", serde_json::to_string(&json).unwrap()),
            ("only ASCII", value.escape_default().to_string()),
            ("Debug", format!("{value:?}")),
            ("bytes", format!("{:?}", value.as_bytes())),
            ("bytes in JSON", serde_json::to_string(value.as_bytes()).unwrap()),
            ("hex", hex(value.as_bytes())),
            ("HEX", hex(value.as_bytes()).to_uppercase()),
            ("digest", hex(&digest)),
            ("digest in base64", base64(&digest)),
            ("digest, url-safe", base64(&digest).replace('+', "-").replace('/', "_")),
            (
                "as ByteString",
                format!("{:?}", k8s_openapi::ByteString(value.clone().into_bytes())),
            ),
        ];
        for before in ["", "1", "12", "123"] {
            for after in ["", "1", "12"] {
                let encoded = base64(format!("{before}{value}{after}").as_bytes());
                let url_safe = encoded.replace('+', "-").replace('/', "_");
                ways.push(("base64", encoded.trim_end_matches('=').to_owned()));
                ways.push(("base64 in a query", encoded.replace('+', "%2B").replace('=', "%3D")));
                ways.push(("base64, padded", encoded));
                ways.push(("base64, url-safe", url_safe));
            }
        }
        for (way, text) in ways {
            assert!(found(&value, text.as_bytes()), "{way}: {text}");
        }
    }

    #[test]
    fn each_alignment_of_base64_is_searched_for_by_itself() {
        let value = canary("alignment");
        for (offset, before) in ["", "1", "12"].into_iter().enumerate() {
            let whole = base64(format!("{before}{value}").as_bytes());
            let ours = String::from_utf8(base64_within(STANDARD, value.as_bytes(), offset)).unwrap();
            assert!(
                ours.len() >= value.len() * 8 / 6 - 1 && whole.contains(&ours),
                "{offset}: {ours} in {whole}"
            );
        }
    }

    #[test]
    fn a_part_of_a_value_is_found_and_nothing_else() {
        let value = canary("part");
        let part: String = value.chars().skip(3).take(WINDOW).collect();
        assert!(found(&value, part.as_bytes()));
        assert!(!found(&value, b""));
        assert!(!found(&value, canary("another").as_bytes()));
        assert!(!found(&value, format!("{:?}", canary("another").as_bytes()).as_bytes()));
    }
}
