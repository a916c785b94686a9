//! A whole Secret as the API server returns it, in a shape whose decoding cannot fail on a value.
//!
//! A decoder that fails quotes what it failed on, and clients log it: so values stay text until somebody uses one.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, value::StrDeserializer},
};
use zeroize::Zeroizing;

use super::{
    layout::{Data, Layout},
    sensitive::SensitiveBytes,
};
use crate::{object_meta::without_managed_fields, rotation::observation::Issue};

/// A whole Secret.
#[derive(Clone, Deserialize)]
pub struct SecretContent {
    /// Its metadata.
    #[serde(default, deserialize_with = "without_managed_fields")]
    pub metadata: ObjectMeta,
    /// `Opaque`, or another.
    #[serde(default)]
    pub r#type: Option<String>,
    #[serde(default, deserialize_with = "any_values")]
    data: BTreeMap<String, Zeroizing<String>>,
}

impl SecretContent {
    /// `name@uid/resourceVersion`.
    #[must_use]
    pub fn version(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let meta = &self.metadata;
        format!(
            "{}@{}/{}",
            part(&meta.name),
            part(&meta.uid),
            part(&meta.resource_version)
        )
    }

    /// Whether the key exists.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.data.contains_key(key)
    }

    /// Whether a key holds more bytes than this, as far as its encoded length tells: it is not decoded.
    #[must_use]
    pub fn is_surely_longer(&self, key: &str, bytes: usize) -> bool {
        let encoded = self.data.get(key).map_or(0, |encoded| encoded.len());
        encoded > bytes.div_ceil(3) * 4
    }

    /// The bytes of a key; nothing where it does not exist or is no base64.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<SensitiveBytes> {
        // Not as a JSON string, in which an escape would stand for a letter of base64.
        let encoded: StrDeserializer<'_, de::value::Error> = self.data.get(key)?.as_str().into_deserializer();
        let bytes = ByteString::deserialize(encoded).ok()?;
        Some(SensitiveBytes::from(bytes.0))
    }

    /// Whether a token Secret holds what the facts on it say.
    #[must_use]
    pub fn is_intact(&self, issue: &Issue) -> bool {
        let Some(layout) = Layout::parse(&issue.layout) else {
            return false;
        };
        self.r#type.as_deref() == Some("Opaque") && layout.hash(&self.data_under(&layout.keys())) == issue.data_hash
    }

    /// What stands under these keys, where it can be decoded. Whatever else there is stays as it is.
    #[must_use]
    pub fn data_under(&self, keys: &BTreeSet<String>) -> Data {
        keys.iter()
            .filter_map(|key| Some((key.clone(), self.get(key)?)))
            .collect()
    }
}

impl std::fmt::Debug for SecretContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretContent")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Values of any type: what is no string is kept as one that no decoder takes, and is then reported by its key.
fn any_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Zeroizing<String>>, D::Error> {
    let values = Option::<BTreeMap<String, serde_json::Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(values
        .into_iter()
        .map(|(key, value)| match value {
            serde_json::Value::String(text) => (key, Zeroizing::new(text)),
            _ => (key, Zeroizing::new("?".to_owned())),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_under_a_key_decoding_does_not_fail_and_printing_does_not_show_it() {
        let secret: SecretContent = serde_json::from_str(
            r#"{"metadata": {"name": "acme"}, "data": {"good": "aHVudGVyMg==", "clear": "hunter2!", "quote": "aHVu\"",
                "escape": "aHVudGVyMg\\u003d=", "number": 7, "list": ["hunter2"], "null": null}}"#,
        )
        .unwrap();
        assert_eq!(secret.get("good").unwrap().expose(), b"hunter2");
        for key in ["clear", "quote", "escape", "number", "list", "null"] {
            assert!(secret.has(key) && secret.get(key).is_none(), "{key}");
        }
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        assert_eq!(secret.data_under(&keys(&["good", "clear", "absent"])).len(), 1);
        assert!(secret.data_under(&keys(&["clear"])).is_empty());
        let printed = format!("{secret:?} {secret:#?}");
        assert!(!printed.contains("hunter2") && !printed.contains("aHVu"), "{printed}");
        let nothing: SecretContent = serde_json::from_str(r#"{"data": null}"#).unwrap();
        assert!(nothing.data_under(&keys(&["good"])).is_empty());
    }
}
