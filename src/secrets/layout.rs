//! Which keys a token Secret has, and what stands in them: plain expansion of five names, both ways.
//!
//! The way back matters as much: when a user asks for other keys, the tokens in place are read out of the old layout
//! and written in the new one, without a login.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sensitive::{Sensitive, SensitiveBytes};
use crate::{
    api::{RefreshTokenPolicy, TokenSecretSpec},
    hex,
};

/// What can be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The access token.
    AccessToken,
    /// The refresh token.
    RefreshToken,
    /// `Bearer`.
    TokenType,
    /// When the access token expires, RFC 3339.
    ExpiresAt,
    /// The domain that granted the tokens.
    Domain,
}

const NAMES: [(&str, &str, Name); 5] = [
    ("$(accessToken)", "access_token", Name::AccessToken),
    ("$(refreshToken)", "refresh_token", Name::RefreshToken),
    ("$(tokenType)", "token_type", Name::TokenType),
    ("$(expiresAt)", "expires_at", Name::ExpiresAt),
    ("$(domain)", "domain", Name::Domain),
];

/// The values to render. A server may give no refresh token.
pub type Values = BTreeMap<Name, Sensitive>;

/// The data of a Secret before it is encoded.
pub type Data = BTreeMap<String, SensitiveBytes>;

/// Which keys a token Secret has, and what stands in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    refresh_token: RefreshTokenPolicy,
    /// Absent for the default keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<BTreeMap<String, String>>,
}

impl Layout {
    /// The layout that a user asks for.
    #[must_use]
    pub fn of(spec: &TokenSecretSpec) -> Self {
        Self {
            refresh_token: spec.refresh_token,
            data: spec.data.clone(),
        }
    }

    /// As it is kept among the facts of a grant, and compared.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads [`Layout::canonical`].
    #[must_use]
    pub fn parse(canonical: &str) -> Option<Self> {
        serde_json::from_str(canonical).ok()
    }

    /// Each key with its template.
    fn templates(&self) -> BTreeMap<String, String> {
        if let Some(data) = &self.data {
            return data.clone();
        }
        NAMES
            .iter()
            .filter(|(_, _, name)| *name != Name::RefreshToken || self.refresh_token == RefreshTokenPolicy::Publish)
            .map(|(template, key, _)| ((*key).to_owned(), (*template).to_owned()))
            .collect()
    }

    /// The data of the Secret. A key that is nothing but a value that the server did not give is left out.
    #[must_use]
    pub fn render(&self, values: &Values) -> Data {
        let mut data = Data::new();
        for (key, template) in self.templates() {
            let parts = parse(&template);
            if let [Part::Name(name)] = parts.as_slice()
                && !values.contains_key(name)
            {
                continue;
            }
            // Room at once: a buffer that grows leaves copies of tokens in freed memory.
            let room = parts.iter().map(|part| part.bytes(values).len()).sum();
            let mut rendered = Vec::with_capacity(room);
            for part in &parts {
                rendered.extend_from_slice(part.bytes(values));
            }
            data.insert(key, SensitiveBytes::from(rendered));
        }
        data
    }

    /// The values that data in this layout holds, as far as they can be told: those that stand alone in a key, or
    /// between fixed texts.
    #[must_use]
    pub fn extract(&self, data: &Data) -> Values {
        let mut values = Values::new();
        for (key, template) in self.templates() {
            let Some(text) = data
                .get(&key)
                .and_then(|bytes| std::str::from_utf8(bytes.expose()).ok())
            else {
                continue;
            };
            if let Some((before, name, after)) = only_name(&parse(&template))
                && let Some(value) = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after))
                && !value.is_empty()
            {
                values.insert(name, Sensitive::from(value.to_owned()));
            }
        }
        values
    }

    /// Whether a value that was rendered in this layout can be told from its data.
    #[must_use]
    pub fn yields(&self, name: Name) -> bool {
        let mut templates = self.templates().into_values();
        templates.any(|template| only_name(&parse(&template)).is_some_and(|(_, only, _)| only == name))
    }

    /// Its keys. Those beside them in a Secret are somebody else's.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<String> {
        self.templates().into_keys().collect()
    }

    /// Whether the layout asks for a value.
    #[must_use]
    pub fn uses(&self, name: Name) -> bool {
        self.templates()
            .values()
            .any(|template| parse(template).contains(&Part::Name(name)))
    }

    /// The digest by which data in place is recognised: of this layout's keys only, so that a key which somebody adds
    /// is theirs to keep. Tokens are long random strings; no credential enters, so nothing can be guessed from it.
    #[must_use]
    pub fn hash(&self, data: &Data) -> String {
        let mut digest = Sha256::new();
        for key in self.templates().keys() {
            // Lengths keep two keys from being read as one.
            let value = data.get(key);
            digest.update(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(key.as_bytes());
            digest.update([u8::from(value.is_some())]);
            let bytes = value.map(SensitiveBytes::expose).unwrap_or_default();
            digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(bytes);
        }
        hex::encode(&digest.finalize())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(Name),
}

/// The one name in a template and the fixed texts around it; nothing where there are several, or none.
fn only_name(parts: &[Part]) -> Option<(&str, Name, &str)> {
    match parts {
        [Part::Name(name)] => Some(("", *name, "")),
        [Part::Text(before), Part::Name(name)] => Some((before.as_str(), *name, "")),
        [Part::Name(name), Part::Text(after)] => Some(("", *name, after.as_str())),
        [Part::Text(before), Part::Name(name), Part::Text(after)] => Some((before.as_str(), *name, after.as_str())),
        _ => None,
    }
}

impl Part {
    /// What it stands for; nothing for a value that the server did not give.
    fn bytes<'a>(&'a self, values: &'a Values) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Name(name) => values
                .get(name)
                .map(|value| value.expose().as_bytes())
                .unwrap_or_default(),
        }
    }
}

/// `$$(` is a literal `$(`; a `$` before anything else stands for itself, as does a name that is none of the five
/// (which CEL has refused).
fn parse(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, found)) = rest.find('$').and_then(|at| rest.split_at_checked(at)) {
        text.push_str(before);
        if let Some(behind) = found.strip_prefix("$$(") {
            text.push_str("$(");
            rest = behind;
        } else if let Some((behind, name)) = NAMES
            .iter()
            .find_map(|(written, _, name)| found.strip_prefix(written).map(|behind| (behind, *name)))
        {
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Name(name));
            rest = behind;
        } else {
            text.push('$');
            rest = found.strip_prefix('$').unwrap_or_default();
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(entries: &[(&str, &str)]) -> Layout {
        let data = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Layout {
            refresh_token: RefreshTokenPolicy::Publish,
            data: Some(data),
        }
    }

    fn values(entries: &[(Name, &str)]) -> Values {
        entries
            .iter()
            .map(|(name, value)| (*name, Sensitive::from((*value).to_owned())))
            .collect()
    }

    fn exposed(values: &Values) -> Vec<(Name, &str)> {
        values.iter().map(|(name, value)| (*name, value.expose())).collect()
    }

    fn rendered(template: &str) -> String {
        let values = values(&[(Name::AccessToken, "AT"), (Name::Domain, "acme.staffr.net")]);
        let data = custom(&[("k", template)]).render(&values);
        data.get("k").map_or_else(
            || "absent".to_owned(),
            |bytes| String::from_utf8(bytes.expose().to_vec()).unwrap(),
        )
    }

    #[test]
    fn expansion_is_plain() {
        for (template, expected) in [
            ("$(accessToken)", "AT"),
            ("Bearer $(accessToken)", "Bearer AT"),
            ("https://$(domain)/?t=$(accessToken)", "https://acme.staffr.net/?t=AT"),
            ("$$(accessToken)", "$(accessToken)"),
            ("$$$(accessToken)", "$$(accessToken)"),
            ("$ $$ $x", "$ $$ $x"),
            ("$(refreshToken)", "absent"),
            ("x$(refreshToken)", "x"),
            ("", ""),
            ("äöü $(accessToken) 🎉", "äöü AT 🎉"),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
    }

    #[test]
    fn what_is_rendered_can_be_read_back() {
        let full = values(&[
            (Name::AccessToken, "AT"),
            (Name::RefreshToken, "RT"),
            (Name::TokenType, "Bearer"),
            (Name::ExpiresAt, "2026-11-23T00:00:00Z"),
            (Name::Domain, "acme.staffr.net"),
        ]);
        let default = Layout {
            refresh_token: RefreshTokenPolicy::Publish,
            data: None,
        };
        assert_eq!(exposed(&default.extract(&default.render(&full))), exposed(&full));
        let header = custom(&[("authorization", "Bearer $(accessToken)")]);
        assert_eq!(
            exposed(&header.extract(&header.render(&full))),
            [(Name::AccessToken, "AT")]
        );
        let mixed = custom(&[("both", "$(accessToken)$(refreshToken)")]);
        assert!(mixed.extract(&mixed.render(&full)).is_empty());
    }

    #[test]
    fn a_key_that_somebody_adds_is_not_damage() {
        let layout = custom(&[("token", "$(accessToken)")]);
        let mut data = layout.render(&values(&[(Name::AccessToken, "AT")]));
        let hash = layout.hash(&data);
        data.insert("theirs".to_owned(), SensitiveBytes::from(b"x".to_vec()));
        assert_eq!(layout.hash(&data), hash);
        data.insert("token".to_owned(), SensitiveBytes::from(Vec::new()));
        assert_ne!(layout.hash(&data), hash);
        data.remove("token");
        assert_ne!(layout.hash(&data), hash);
    }
}
