//! A set of keys that takes next to nothing while there is one in it, as in most of ten thousand.

use smallvec::SmallVec;

use super::ObjectKey;

/// Keys, each once, in their order.
#[derive(Debug, Default)]
pub(super) struct KeySet(SmallVec<[ObjectKey; 1]>);

impl KeySet {
    /// Puts a key in.
    pub(super) fn insert(&mut self, key: ObjectKey) {
        if let Err(place) = self.0.binary_search(&key) {
            self.0.insert(place, key);
        }
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, key: &ObjectKey) {
        if let Ok(place) = self.0.binary_search(key) {
            self.0.remove(place);
            // One that many shared would keep the room for all of them.
            if self.0.len() == 1 {
                self.0.shrink_to_fit();
            }
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, ObjectKey> {
        self.0.iter()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_in_it_once_until_it_is_taken_out() {
        let keys = ["b", "a", "c", "a"].map(|name| ObjectKey::new("team", name));
        let mut set = KeySet::default();
        for key in &keys {
            set.insert(key.clone());
        }
        let names = |set: &KeySet| set.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&set), ["a", "b", "c"]);
        for (key, left) in keys.iter().zip([&["a", "c"][..], &["c"], &[], &[]]) {
            set.remove(key);
            assert_eq!(
                (names(&set), set.is_empty()),
                (left.iter().map(ToString::to_string).collect(), left.is_empty())
            );
        }
    }
}
