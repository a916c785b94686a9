//! A token request as the form says it. Only data; what is missing is found out in [`super::world`].

use std::collections::BTreeMap;

use crate::account::Account;

/// The fields of one request to the token endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenRequest {
    fields: BTreeMap<String, String>,
}

impl TokenRequest {
    /// From the pairs of a form. Of a key that comes twice the last counts, as in PHP.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            fields: pairs.into_iter().collect(),
        }
    }

    /// A password grant.
    #[must_use]
    pub fn login(account: &Account) -> Self {
        Self::of("password", account)
            .with("username", &account.username)
            .with("password", &account.password)
    }

    /// A refresh grant with the client of this account.
    #[must_use]
    pub fn refresh(account: &Account, refresh_token: &str) -> Self {
        Self::of("refresh_token", account).with("refresh_token", refresh_token)
    }

    /// The same with one field more, or changed.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.fields.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same without one field.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.fields.remove(key);
        self
    }

    /// One field.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    /// The pairs, to send them as a form.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.fields
    }

    fn of(grant_type: &str, account: &Account) -> Self {
        Self::default()
            .with("grant_type", grant_type)
            .with("client_id", &account.client_id)
            .with("client_secret", &account.client_secret)
    }
}
