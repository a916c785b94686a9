//! Source Secrets: where each of the four values of a service account comes from, and what can be wrong with it.
//!
//! Values are read for one request and dropped after it; nothing here is kept.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    content::SecretContent,
    sensitive::{Sensitive, ServiceAccount},
    source_value::value,
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
    /// From a key of a Secret of the same namespace; `own`: this value names the Secret by itself.
    Key { secret: String, key: String, own: bool },
    /// From nowhere; CEL refuses that, an API server without the CRD's rules would not.
    Nowhere,
}

/// Where one value comes from, for a person: without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// It stands in the spec, in clear.
    Spec,
    /// A key of a Secret of the same namespace.
    Key {
        /// Its name.
        secret: &'a str,
        /// The key.
        key: &'a str,
    },
    /// The spec does not say.
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
                    clear_or_key(credentials.client_id.as_deref(), shared, "client_id"),
                ),
                (
                    "clientSecret",
                    key(credentials.client_secret.as_deref(), shared, "client_secret"),
                ),
                (
                    "username",
                    clear_or_key(credentials.username.as_deref(), shared, "username"),
                ),
                ("password", key(credentials.password.as_deref(), shared, "password")),
            ],
        }
    }

    /// Each of the four values by its field below `spec.credentials`, and where it comes from; in the order of
    /// [`Values::problems`].
    #[must_use]
    pub fn places(&self) -> [(&'static str, Place<'_>); 4] {
        self.origins.each_ref().map(|(field, origin)| {
            let place = match origin {
                Origin::Clear(_) => Place::Spec,
                Origin::Key { secret, key, .. } => Place::Key { secret, key },
                Origin::Nowhere => Place::Nowhere,
            };
            (*field, place)
        })
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
                Origin::Key { secret, key, .. } => drop(write!(identity, " {field}={secret}[{key}]")),
                Origin::Nowhere => drop(write!(identity, " {field}=")),
            }
        }
        identity
    }

    /// The four values before a Secret has been read: those in clear, and that the others are missing.
    #[must_use]
    pub fn unread(&self) -> Values {
        Values(self.origins.each_ref().map(|(field, origin)| match origin {
            Origin::Clear(value) => Ok(Sensitive::from(value.clone())),
            Origin::Key { secret, own, .. } => Err(not_found(secret, own.then_some(field))),
            Origin::Nowhere => Err(problem(
                Reason::SpecInvalid,
                format!("spec.credentials.{field} comes from nowhere: set spec.credentials.secretRef"),
            )),
        }))
    }

    /// Takes what comes from this Secret, which the caller has read just now and can drop then.
    pub fn take(&self, name: &str, content: &SecretContent, values: &mut Values) {
        for ((field, origin), taken) in self.origins.iter().zip(&mut values.0) {
            if let Origin::Key { secret, key, .. } = origin
                && secret == name
            {
                *taken = value(field, secret, key, content);
            }
        }
    }
}

/// What is known of the four values while the Secrets are read, each with what is wrong with it.
#[derive(Debug)]
pub struct Values([Result<Sensitive, Problem>; 4]);

impl Values {
    /// What is wrong with each of the four.
    #[must_use]
    pub fn problems(&self) -> [Option<&Problem>; 4] {
        self.0.each_ref().map(|value| value.as_ref().err())
    }

    /// The account, where all four are known.
    ///
    /// # Errors
    /// A [`Problem`] that names the Secret and the key, never a value.
    pub fn account(self) -> Result<ServiceAccount, Problem> {
        let [client_id, client_secret, username, password] = self.0;
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
            own: own.is_some(),
        },
        None => Origin::Nowhere,
    }
}

/// A source Secret that does not exist, and the field that names it: the one of this value, or the one for all.
fn not_found(secret: &str, of: Option<&str>) -> Problem {
    let of = of.map(|field| format!("{field}.")).unwrap_or_default();
    problem(
        Reason::SourceNotFound,
        format!("Secret {secret:?} (spec.credentials.{of}secretRef) does not exist: create it, or name another"),
    )
}

impl SourcePlan {
    /// The problem to report for a Secret that does not exist: it names the first field that names it.
    #[must_use]
    pub fn missing(&self, secret: &str) -> Problem {
        let mut named = self.origins.iter().filter_map(|(field, origin)| match origin {
            Origin::Key { secret: name, own, .. } if name == secret => Some(own.then_some(*field)),
            _ => None,
        });
        not_found(secret, named.next().flatten())
    }
}

fn problem(reason: Reason, message: String) -> Problem {
    Problem { reason, message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::source_value::{LONGEST, OF_THE_CLUSTER},
        *,
    };

    fn plan(credentials: &serde_json::Value) -> SourcePlan {
        let spec = json!({ "domain": "acme.staffr.net", "credentials": credentials });
        SourcePlan::of(&serde_json::from_value(spec).unwrap())
    }

    /// What is wrong with an account whose password is this, as it stands encoded in a Secret.
    fn wrong_with(encoded: &str) -> Option<String> {
        let plan = plan(&json!({ "secretRef": { "name": "acme" } }));
        let good = "aHVudGVyMg==";
        let data = json!({ "client_id": good, "client_secret": good, "username": good, "password": encoded });
        let content: SecretContent = serde_json::from_value(json!({ "data": data })).unwrap();
        let mut values = plan.unread();
        plan.take("acme", &content, &mut values);
        values.account().err().map(|problem| {
            assert_eq!(problem.reason, Reason::SourceInvalid);
            problem.message
        })
    }

    #[test]
    fn a_value_has_a_longest_length() {
        let of = |bytes: usize| {
            let encoded = json!(k8s_openapi::ByteString(vec![b'x'; bytes]));
            wrong_with(encoded.as_str().unwrap())
        };
        assert_eq!(of(LONGEST), None);
        for bytes in [LONGEST + 1, LONGEST + 2, LONGEST + 3, 1_000_000] {
            let why = of(bytes).unwrap();
            assert!(
                why.starts_with(
                    r#"key "password" of Secret "acme" (spec.credentials.password) is longer than 4096 bytes"#
                ),
                "{bytes}: {why}"
            );
        }
        // That it is no base64 is not even looked at.
        assert!(wrong_with(&"?".repeat(1_000_000)).unwrap().contains("is longer"));
        assert!(wrong_with("?").unwrap().contains("is not valid base64"));
    }

    #[test]
    fn what_lets_into_the_cluster_is_never_taken() {
        let plan = plan(&json!({ "secretRef": { "name": "acme" }, "username": { "key": "token" } }));
        let good = "aHVudGVyMg==";
        let data = json!({ "client_id": good, "client_secret": good, "token": good, "password": good });
        let of = |of: &str| {
            let content = serde_json::from_value(json!({ "data": data, "type": of })).unwrap();
            let mut values = plan.unread();
            plan.take("acme", &content, &mut values);
            values.account().map_err(|problem| (problem.reason, problem.message))
        };
        assert!(of("Opaque").is_ok() && of("kubernetes.io/basic-auth").is_ok());
        for refused in OF_THE_CLUSTER {
            let (reason, why) = of(refused).unwrap_err();
            assert_eq!(reason, Reason::SourceInvalid);
            assert!(
                why.starts_with(r#"Secret "acme" (spec.credentials.clientId) is of the type "#),
                "{why}"
            );
        }
    }

    #[test]
    fn a_secret_that_is_missing_is_named_with_the_field_that_names_it() {
        let credentials = json!({
            "secretRef": { "name": "shared" },
            "password": { "secretRef": { "name": "own" } },
        });
        let plan = plan(&credentials);
        for (secret, field) in [
            ("shared", "spec.credentials.secretRef"),
            ("own", "spec.credentials.password.secretRef"),
        ] {
            let message = plan.missing(secret).message;
            assert!(message.contains(&format!("\"{secret}\" ({field})")), "{message}");
        }
    }

    #[test]
    fn a_value_that_was_not_read_is_missing_from_its_secret() {
        let nowhere = plan(&json!({}));
        assert_eq!(nowhere.unread().account().unwrap_err().reason, Reason::SpecInvalid);
        let plan = plan(&json!({ "secretRef": { "name": "acme" } }));
        assert_eq!(plan.unread().account().unwrap_err(), plan.missing("acme"));
    }
}
