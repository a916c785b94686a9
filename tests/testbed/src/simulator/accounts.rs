//! Who may log in: OAuth clients and employees. Pure; compares, and decides nothing else.

use std::collections::BTreeMap;

use crate::account::Account;

/// Clients and employees of one tenant. Any client may log in any employee, as in TrackTik, where
/// the two are administered apart.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    secrets_by_client: BTreeMap<String, String>,
    passwords_by_username: BTreeMap<String, String>,
    /// Passwords and client secrets that were replaced: a leak of one is a leak all the same.
    replaced: Vec<String>,
}

impl Accounts {
    /// Adds an account; a client or employee already known gets the new secret or password.
    pub(super) fn add(&mut self, account: Account) {
        let secret = self.secrets_by_client.insert(account.client_id, account.client_secret);
        let password = self.passwords_by_username.insert(account.username, account.password);
        self.replaced.extend(secret);
        self.replaced.extend(password);
    }

    /// Replaces a password; `false` if nobody has this user name.
    pub(super) fn change_password(&mut self, username: &str, password: &str) -> bool {
        let Some(current) = self.passwords_by_username.get_mut(username) else {
            return false;
        };
        self.replaced.push(std::mem::replace(current, password.to_owned()));
        true
    }

    /// Does this client exist, with this secret? A missing secret is a wrong one.
    pub(super) fn client_is(&self, client_id: &str, secret: Option<&str>) -> bool {
        self.secrets_by_client.get(client_id).map(String::as_str) == secret && secret.is_some()
    }

    /// Does this employee exist, with this password?
    pub(super) fn user_is(&self, username: &str, password: &str) -> bool {
        self.passwords_by_username
            .get(username)
            .is_some_and(|right| right == password)
    }

    /// Every client secret and password, past ones included.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets_by_client
            .values()
            .chain(self.passwords_by_username.values())
            .chain(&self.replaced)
            .map(String::as_str)
    }
}
