//! Labels or annotations as they are kept of each Secret: a sorted list that takes what they take, and no more.
//!
//! A `BTreeMap` has room for eleven from the first on, half a kilobyte for each of ten thousand Secrets with one label.

use std::collections::BTreeMap;

/// Texts by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Box<[(String, String)]>);

impl Texts {
    /// What stands under this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&String> {
        let index = self.0.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok()?;
        self.0.get(index).map(|(_, text)| text)
    }

    /// Each key with its text, by the keys.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&String, &String)> {
        self.0.iter().map(|(key, text)| (key, text))
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BTreeMap<String, String>> for Texts {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self(map.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_found_under_its_key_and_nothing_under_another() {
        let texts = Texts::from(BTreeMap::from(
            [("b", "2"), ("c", "3"), ("a", "1")].map(|(key, text)| (key.to_owned(), text.to_owned())),
        ));
        let found: Vec<_> = ["a", "b", "c", "d", ""]
            .iter()
            .map(|key| texts.get(key).map(String::as_str))
            .collect();
        assert_eq!(found, [Some("1"), Some("2"), Some("3"), None, None]);
        assert!(texts.keys().eq(["a", "b", "c"].iter()) && !texts.is_empty());
        assert_eq!((Texts::default().get("a"), Texts::default().is_empty()), (None, true));
    }
}
