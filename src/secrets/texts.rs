//! Labels or annotations as they are kept of each Secret: a sorted list that takes what they take, and no more.
//!
//! A `BTreeMap` has room for eleven from the first on, half a kilobyte for each of ten thousand Secrets with one label.

use std::{borrow::Cow, collections::BTreeMap};

use crate::api::annotations;

/// What stands on each token Secret, and takes no room of its own there.
const KNOWN: [&str; 4] = [
    annotations::CREDENTIAL,
    annotations::MANAGED_BY,
    annotations::OPERATOR_NAME,
    annotations::TRIED,
];

type Text = Cow<'static, str>;

/// Texts by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Box<[(Text, Text)]>);

impl Texts {
    /// What stands under this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let index = self.0.binary_search_by(|(own, _)| own.as_ref().cmp(key)).ok()?;
        self.0.get(index).map(|(_, text)| text.as_ref())
    }

    /// Each key with its text, by the keys.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (key.as_ref(), text.as_ref()))
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_ref())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BTreeMap<String, String>> for Texts {
    fn from(map: BTreeMap<String, String>) -> Self {
        Self(map.into_iter().map(|(key, text)| (short(key), short(text))).collect())
    }
}

fn short(text: String) -> Text {
    let known = KNOWN.into_iter().find(|known| *known == text);
    known.map_or(Cow::Owned(text), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_found_under_its_key_and_nothing_under_another() {
        let texts = Texts::from(BTreeMap::from(
            [("b", "2"), ("c", "3"), ("a", "1")].map(|(key, text)| (key.to_owned(), text.to_owned())),
        ));
        let found: Vec<_> = ["a", "b", "c", "d", ""].iter().map(|key| texts.get(key)).collect();
        assert_eq!(found, [Some("1"), Some("2"), Some("3"), None, None]);
        assert!(texts.keys().eq(["a", "b", "c"]) && !texts.is_empty());
        assert_eq!((Texts::default().get("a"), Texts::default().is_empty()), (None, true));
    }
}
