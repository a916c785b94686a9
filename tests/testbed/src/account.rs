//! An API service account, an OAuth client and an employee's login, at the simulator or at a real OAuth server.

use serde::{Deserialize, Serialize};

/// What an integrator is given. Several accounts may share a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// OAuth client id; TrackTik's have 24 hexadecimal characters.
    pub client_id: String,
    /// OAuth client secret; TrackTik's have 64 hexadecimal characters.
    pub client_secret: String,
    /// The employee's user name, unique at the server; it may be an e-mail address.
    pub username: String,
    /// The employee's password, which the simulator compares byte by byte: a trailing newline is a wrong password.
    pub password: String,
}
