//! What the operator tells the API server with each request, and what of it is a leak.

use http::request::Parts;
use serde_json::Value;

use super::{ApiServer, State, decoded, key};
use crate::leaks::{Leak, leak};

/// So much from the middle of a token is enough to know it by, wherever a text was cut.
const PART: std::ops::Range<usize> = 200..240;

impl ApiServer {
    /// Looks for what must not be in a request: passwords and client secrets, and tokens outside the data of a Secret; what is
    /// only rehearsed has none there either.
    pub(super) fn look_for_leaks(&self, parts: &Parts, body: &Value) {
        let mut state = self.state.lock().unwrap();
        let path = parts.uri.path();
        let rehearsed = parts.uri.query().unwrap_or_default().contains("dryRun");
        let data = body["data"].as_object().into_iter().flatten();
        let data: Vec<String> = data
            .map(|(name, value)| format!("{name}: {}", decoded(value)))
            .collect();
        let mut told = body.clone();
        if let Some(fields) = told.as_object_mut() {
            fields.remove("data");
        }
        let told = format!("{} {told}", parts.uri);
        let tokens = state.tokens_of(path);
        let holds_part = tokens.iter().any(|token| told.contains(&token[PART]));
        let in_text = leak(&told).or_else(|| holds_part.then_some(Leak::Token));
        let in_data = data.iter().filter_map(|value| leak(value));
        let in_data = in_data.filter(|leak| rehearsed || *leak == Leak::Password);
        for leak in in_text.into_iter().chain(in_data) {
            state.wrong.push(format!("{} {path} holds {leak}", parts.method));
        }
    }
}

impl State {
    /// The tokens in the Secret that this path is about, or that is of its credential.
    fn tokens_of(&self, path: &str) -> Vec<String> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let secret = match segments.as_slice() {
            [.., namespace, "secrets", name] => format!("{namespace}/{name}"),
            [.., namespace, "tracktikcredentials", name, "status"] => format!("{namespace}/{name}-token"),
            _ => return Vec::new(),
        };
        let data = self.secrets.get(&key(&secret)).map(|secret| &secret["data"]);
        let tokens = ["access_token", "refresh_token"].map(|name| data.map(|data| &data[name]));
        let tokens = tokens.into_iter().flatten().filter(|value| value.is_string());
        tokens.map(decoded).filter(|token| token.len() >= PART.end).collect()
    }
}
