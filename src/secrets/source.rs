//! Source Secrets: where each of the four values of a service account comes from, and what can be wrong with it.
//!
//! Values are read for one request and dropped after it; nothing here is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    content::SecretContent,
    sensitive::{Sensitive, ServiceAccount},
};
use crate::{
    api::{ClearOrSecretValue, Reason, SecretReference, SecretValue, TrackTikCredentialSpec},
    rotation::observation::Problem,
};

/// Where one value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// From the spec, in clear.
    Clear(String),
    /// From a key of a Secret of the same namespace.
    Key { secret: String, key: String },
    /// From nowhere; CEL refuses that, an API server without the CRD's rules would not.
    Nowhere,
}

/// Where the four values of a service account come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlan {
    domain: String,
    /// In the order client id, client secret, username, password.
    origins: [(&'static str, Origin); 4],
}

impl SourcePlan {
    /// What the spec says, with its defaults.
    #[must_use]
    pub fn of(spec: &TrackTikCredentialSpec) -> Self {
        let credentials = &spec.credentials;
        let shared = credentials.secret_ref.as_ref().map(|reference| reference.name.as_str());
        Self {
            domain: spec.domain.clone(),
            origins: [
                (
                    "clientId",
                    clear_or_key(credentials.client_id.as_ref(), shared, "client_id"),
                ),
                (
                    "clientSecret",
                    key(credentials.client_secret.as_ref(), shared, "client_secret"),
                ),
                (
                    "username",
                    clear_or_key(credentials.username.as_ref(), shared, "username"),
                ),
                ("password", key(credentials.password.as_ref(), shared, "password")),
            ],
        }
    }

    /// The names of the Secrets that are read.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<&str> {
        self.origins
            .iter()
            .filter_map(|(_, origin)| match origin {
                Origin::Key { secret, .. } => Some(secret.as_str()),
                Origin::Clear(_) | Origin::Nowhere => None,
            })
            .collect()
    }

    /// The domain and the four origins as one text: names and clear values, nothing that a Secret holds.
    #[must_use]
    pub fn identity(&self) -> String {
        let mut identity = self.domain.clone();
        for (field, origin) in &self.origins {
            match origin {
                // Writing into a String does not fail.
                Origin::Clear(value) => drop(write!(identity, " {field}={value:?}")),
                Origin::Key { secret, key } => drop(write!(identity, " {field}={secret}[{key}]")),
                Origin::Nowhere => drop(write!(identity, " {field}=")),
            }
        }
        identity
    }

    /// The four values out of the Secrets, which the caller has read just now.
    ///
    /// # Errors
    /// A [`Problem`] that names the Secret and the key, never a value.
    pub fn resolve(&self, secrets: &BTreeMap<String, SecretContent>) -> Result<ServiceAccount, Problem> {
        let [client_id, client_secret, username, password] = self
            .origins
            .each_ref()
            .map(|(field, origin)| value(field, origin, secrets));
        Ok(ServiceAccount {
            client_id: client_id?,
            client_secret: client_secret?,
            username: username?,
            password: password?,
        })
    }
}

fn clear_or_key(asked: Option<&ClearOrSecretValue>, shared: Option<&str>, default: &str) -> Origin {
    match asked.and_then(|asked| asked.value.as_ref()) {
        Some(value) => Origin::Clear(value.clone()),
        None => origin(
            asked.and_then(|asked| asked.secret_ref.as_ref()),
            asked.and_then(|asked| asked.key.as_deref()),
            shared,
            default,
        ),
    }
}

fn key(asked: Option<&SecretValue>, shared: Option<&str>, default: &str) -> Origin {
    origin(
        asked.and_then(|asked| asked.secret_ref.as_ref()),
        asked.and_then(|asked| asked.key.as_deref()),
        shared,
        default,
    )
}

fn origin(own: Option<&SecretReference>, key: Option<&str>, shared: Option<&str>, default: &str) -> Origin {
    match own.map(|reference| reference.name.as_str()).or(shared) {
        Some(secret) => Origin::Key {
            secret: secret.to_owned(),
            key: key.unwrap_or(default).to_owned(),
        },
        None => Origin::Nowhere,
    }
}

fn value(field: &str, origin: &Origin, secrets: &BTreeMap<String, SecretContent>) -> Result<Sensitive, Problem> {
    let (secret, key) = match origin {
        Origin::Clear(value) => return Ok(Sensitive::from(value.clone())),
        Origin::Key { secret, key } => (secret, key),
        Origin::Nowhere => {
            return Err(problem(
                Reason::SpecInvalid,
                format!("spec.credentials.{field} comes from nowhere: set spec.credentials.secretRef"),
            ));
        }
    };
    let Some(found) = secrets.get(secret) else {
        return Err(not_found(secret, field));
    };
    let invalid = |what: &str| {
        problem(
            Reason::SourceInvalid,
            format!("key {key:?} of Secret {secret:?} (spec.credentials.{field}) {what}"),
        )
    };
    if !found.has(key) {
        return Err(invalid("does not exist: add it, or name another with spec.credentials"));
    }
    let bytes = found.get(key).ok_or_else(|| invalid("is not valid base64"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid("is not valid UTF-8"))?;
    if text.is_empty() {
        return Err(invalid("is empty"));
    }
    // A newline behind a password is a login refused for no visible reason, seen in the field.
    if text.trim() != text {
        return Err(invalid(
            "starts or ends with white space (often a newline from `echo`): remove it",
        ));
    }
    if text.contains(|character: char| character.is_control()) {
        return Err(invalid("holds a control character"));
    }
    Ok(Sensitive::from(text.to_owned()))
}

/// A source Secret that does not exist.
fn not_found(secret: &str, field: &str) -> Problem {
    problem(
        Reason::SourceNotFound,
        format!("Secret {secret:?} (spec.credentials.{field}) does not exist: create it, or name another"),
    )
}

impl SourcePlan {
    /// The problem to report for a Secret that does not exist: it names the first field that needs it.
    #[must_use]
    pub fn missing(&self, secret: &str) -> Problem {
        let field = self
            .origins
            .iter()
            .find(|(_, origin)| matches!(origin, Origin::Key { secret: named, .. } if named == secret))
            .map_or("secretRef", |(field, _)| field);
        not_found(secret, field)
    }
}

fn problem(reason: Reason, message: String) -> Problem {
    Problem { reason, message }
}
