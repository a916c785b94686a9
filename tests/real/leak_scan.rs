//! Finds secret values in any text, whole or in part, in every encoding that one is likely to leave in.
//!
//! What escapes a value for its surroundings (JSON, percent) is undone on the text; what replaces it as a whole (base64,
//! hex, a digest) is searched for as it would look.

use std::collections::HashMap;

use crate::encodings::{encodings, views};

/// So many bytes in a row of a value, or of an encoding of it, are a leak: a cut-off value is one too.
pub const WINDOW: usize = 12;

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

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{
        canaries::canary,
        encodings::{STANDARD, base64_within, hex},
    };

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
