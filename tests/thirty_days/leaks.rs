//! What no request to the API server and no line of the log may hold: passwords, client secrets, and tokens anywhere but in
//! the data of their Secret.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
};

use tracing::subscriber::DefaultGuard;
use tracktik_operator::{settings::LogFormat, telemetry};

/// Every password and every client secret of the simulation begins so.
pub const CANARY: &str = "canary7q4";

/// The same in base64, as what is in the data of a Secret.
const CANARY_BASE64: &str = "Y2FuYXJ5N3E0";

/// Every access token of the simulated TrackTik begins so, and the same in base64.
const ACCESS_TOKEN: [&str; 2] = ["eyJ0eXAiOiJKV1Q", "ZXlKMGVYQWlPaUpLVjFR"];

/// Every refresh token begins so, and is much longer than any digest.
const REFRESH_TOKEN: (&str, usize) = ("def50200", 100);

/// What must stay secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    Password,
    Token,
}

impl fmt::Display for Leak {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Password => "a password or client secret",
            Self::Token => "a token",
        })
    }
}

/// What this text must not hold, if it does.
pub fn leak(text: &str) -> Option<Leak> {
    if text.contains(CANARY) || text.contains(CANARY_BASE64) {
        return Some(Leak::Password);
    }
    let (begins, length) = REFRESH_TOKEN;
    let is_refresh_token = |(at, _)| {
        let hex = text[at..].bytes().take_while(u8::is_ascii_hexdigit);
        hex.take(length).count() == length
    };
    let is_token =
        ACCESS_TOKEN.iter().any(|token| text.contains(token)) || text.match_indices(begins).any(is_refresh_token);
    is_token.then_some(Leak::Token)
}

/// The log of this thread, as it is shipped and at its highest level: what it must not hold is kept, and nothing else. It
/// ends when this is dropped.
pub struct Sieve {
    found: Found,
    _kept: DefaultGuard,
}

#[derive(Clone, Default)]
struct Found(Arc<Mutex<Vec<String>>>);

impl io::Write for Found {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(leak) = leak(&text) {
            self.0.lock().unwrap().push(format!("the log holds {leak}: {text}"));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sieve {
    /// From now on.
    pub fn new() -> Self {
        let found = Found::default();
        let writer = found.clone();
        let subscriber = telemetry::subscriber(LogFormat::Json, "trace", false, move || writer.clone()).unwrap();
        Self {
            found,
            _kept: tracing::subscriber::set_default(subscriber),
        }
    }

    /// What was found.
    pub fn found(&self) -> Vec<String> {
        self.found.0.lock().unwrap().clone()
    }
}
