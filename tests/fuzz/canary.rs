//! A secret that stands in the seeds wherever a real one would, and the search for it in what is printed.

use std::{collections::BTreeSet, sync::LazyLock};

/// The secret. No message contains even a part of it by chance.
pub const CANARY: &str = "Zq7XwKv9JpYh4TgBmR2s";

/// As much of it as is a leak: a mutation may have cut it.
const PART: usize = 6;

/// Every part of it, in clear and as base64 in each of the three ways it may lie between other bytes; in lower case.
static PARTS: LazyLock<BTreeSet<Vec<u8>>> = LazyLock::new(|| {
    let mut texts = vec![CANARY.to_owned()];
    for before in 0..3 {
        let bytes = [&b"---"[..before], CANARY.as_bytes()].concat();
        let encoded = serde_json::to_value(k8s_openapi::ByteString(bytes)).unwrap();
        // The letters at both ends mix the canary with its neighbours.
        let encoded = encoded.as_str().unwrap().trim_end_matches('=');
        texts.push(encoded[4..encoded.len() - 2].to_owned());
    }
    let parts = texts.iter().flat_map(|text| text.as_bytes().windows(PART));
    parts.map(<[u8]>::to_ascii_lowercase).collect()
});

/// Whether a part of the canary stands in the text.
pub fn shows(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.as_bytes().windows(PART).any(|part| PARTS.contains(part))
}

/// The property that something printed shows nothing of the canary.
pub fn hidden(printed: &str) -> Result<(), String> {
    super::verdict::ensure(!shows(printed), || format!("a part of the secret stands in: {printed}"))
}

#[test]
fn a_part_of_the_canary_is_found_in_clear_and_encoded() {
    let encoded = |text: &str| {
        let value = serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap();
        value.as_str().unwrap().to_owned()
    };
    for before in ["", "a", "ab", "abc"] {
        assert!(shows(&encoded(&format!("{before}{CANARY}x"))), "{before}");
        assert!(shows(&format!("{before}{}", &CANARY[7..14].to_uppercase())));
    }
    assert!(!shows("invalid_grant acme.staffr.net") && !shows(&encoded("a password of somebody's")));
}
