//! Values that stand in no log by chance, and that look different in every encoding.

use sha2::{Digest, Sha256};
use testbed::account::Account;

use crate::encodings::hex;

/// Everything that some encoding must escape, each between letters, none at an end.
const AWKWARD: [&str; 11] = ["\"", "\\", "%41", "&", "+", "=", " ", "é", "<", "'", "/"];

/// A secret of its own for each name, the same in every run, with all kinds of characters.
pub fn canary(name: &str) -> String {
    let letters = plain(name);
    let pairs = letters.as_bytes().chunks(3).map(|chunk| String::from_utf8_lossy(chunk));
    let awkward = AWKWARD.iter().copied().cycle();
    let mut value: String = pairs
        .zip(awkward)
        .flat_map(|(pair, awkward)| [pair.into_owned(), awkward.to_owned()])
        .collect();
    value.push_str("Zq7");
    value
}

/// As [`canary`], of letters and digits only, for what servers restrict.
pub fn plain(name: &str) -> String {
    let digest = hex(&Sha256::digest(format!("canary {name}")));
    // Both cases, as in tokens; a run of digits in front would look like a number.
    let mixed = digest
        .char_indices()
        .map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c });
    format!("K{}", mixed.take(40).collect::<String>())
}

/// The four values of an account, each a canary.
#[derive(Clone)]
pub struct Login {
    pub client_id: String,
    pub client_secret: String,
    pub username: String,
    pub password: String,
}

impl Login {
    /// Of its own for each name.
    pub fn new(name: &str) -> Self {
        Self {
            client_id: plain(&format!("{name} client id")),
            client_secret: canary(&format!("{name} client secret")),
            username: format!("{}@acme.test", plain(&format!("{name} username"))),
            password: canary(&format!("{name} password")),
        }
    }

    pub fn with_password(&self, password: &str) -> Self {
        Self {
            password: password.to_owned(),
            ..self.clone()
        }
    }

    pub fn with_client_secret(&self, client_secret: &str) -> Self {
        Self {
            client_secret: client_secret.to_owned(),
            ..self.clone()
        }
    }

    /// The values under the keys of a source Secret.
    pub fn data(&self) -> [(&'static str, &str); 4] {
        [
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("username", &self.username),
            ("password", &self.password),
        ]
    }

    pub fn account(&self) -> Account {
        let Self {
            client_id,
            client_secret,
            username,
            password,
        } = self.clone();
        Account {
            client_id,
            client_secret,
            username,
            password,
        }
    }
}
