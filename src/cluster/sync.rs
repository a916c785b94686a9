//! How far the watches have come: each of a namespace, or of all under `""`.

use std::collections::HashMap;

/// How far a watch has come.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Sync {
    /// Its first list has not been answered.
    #[default]
    Pending,
    /// The store holds what the API server has.
    Synced,
    /// The API server refuses the list; the text says why.
    Refused(String),
}

/// How far the lists of credentials have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialLists {
    /// How many there are.
    pub asked: usize,
    /// Whose list came to its end: namespaces, or `""` for all.
    pub synced: Vec<String>,
    /// One was neither answered nor refused yet.
    pub unanswered: bool,
}

/// The watches of one kind.
#[derive(Debug, Default)]
pub(super) struct Scopes(HashMap<String, Sync>);

impl Scopes {
    /// Of the watch that a namespace is in.
    pub(super) fn of(&self, namespace: &str) -> Sync {
        let own = self.0.get(namespace);
        own.or_else(|| self.0.get("")).cloned().unwrap_or_default()
    }

    /// Whether that is news.
    pub(super) fn are(&mut self, namespace: &str, sync: Sync) -> bool {
        let before = self.0.insert(namespace.to_owned(), sync.clone());
        before != Some(sync)
    }

    pub(super) fn lists(&self) -> CredentialLists {
        let synced = self.0.iter().filter(|(_, sync)| **sync == Sync::Synced);
        CredentialLists {
            asked: self.0.len(),
            synced: synced.map(|(scope, _)| scope.clone()).collect(),
            unanswered: self.0.values().any(|sync| *sync == Sync::Pending),
        }
    }
}
