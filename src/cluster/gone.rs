//! Secrets that were seen to go: of each credential, at which version, so that a late view does not bring them back.

use std::collections::HashMap;

use super::ObjectKey;

/// Secrets of one credential that are remembered to have gone; of more, only the current target.
pub(super) const MOST_GONE: usize = 16;

/// Credential → its Secrets that were seen to go, with the version at which they did.
#[derive(Debug, Default)]
pub(super) struct Gone(HashMap<ObjectKey, HashMap<String, String>>);

impl Gone {
    /// The version at which a Secret was seen to go; empty where a list did not have it any more.
    pub(super) fn at(&self, credential: &ObjectKey, secret: &str) -> Option<String> {
        self.0.get(credential)?.get(secret).cloned()
    }

    /// A Secret of a credential has gone, whose target has this name.
    pub(super) fn note(&mut self, credential: ObjectKey, target: Option<&str>, secret: &str, at: &str) {
        let gone = self.0.entry(credential).or_default();
        // Names that somebody marks and deletes one after the other would pile up.
        if gone.len() >= MOST_GONE {
            gone.retain(|name, _| Some(name.as_str()) == target);
        }
        gone.insert(secret.to_owned(), at.to_owned());
    }

    /// It is there again.
    pub(super) fn is_back(&mut self, credential: &ObjectKey, secret: &str) {
        if let Some(gone) = self.0.get_mut(credential) {
            gone.remove(secret);
            if gone.is_empty() {
                self.0.remove(credential);
            }
        }
    }

    /// The credential itself is gone.
    pub(super) fn forget(&mut self, credential: &ObjectKey) {
        self.0.remove(credential);
    }

    #[cfg(test)]
    pub(super) fn most_of_one(&self) -> usize {
        self.0.values().map(HashMap::len).max().unwrap_or_default()
    }
}
