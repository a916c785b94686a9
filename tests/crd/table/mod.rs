//! Objects, and whether they are accepted. Texts stand here as a user reads them: who changes a message sees it twice.

mod credentials;
mod domain;
mod metadata;
mod nulls;
mod renewal;
mod token_secret;

use serde_json::{Value, json};

/// An object, and what becomes of it.
pub struct Case {
    /// What it shows.
    pub about: String,
    /// `metadata.name`.
    pub name: String,
    pub spec: Value,
    /// Empty where the object is accepted.
    pub refusals: Vec<Refusal>,
    /// Why evaluating the rules without an API server gives another answer, where it does.
    pub not_locally: Option<&'static str>,
}

/// One cause of a refusal.
#[derive(Clone)]
pub struct Refusal {
    pub field: &'static str,
    /// Behind the path of the field.
    pub text: String,
}

/// The CEL rules are evaluated without an API server, the rest of the schema is not.
const BY_THE_SCHEMA: &str = "not a rule: length, count, type or enumeration";

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut cases = domain::cases();
    cases.extend(credentials::cases());
    cases.extend(token_secret::cases());
    cases.extend(metadata::cases());
    cases.extend(renewal::cases());
    cases.extend(nulls::cases());
    cases
}

/// The everyday form.
pub fn everyday() -> Value {
    json!({ "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "acme-service-account" } } })
}

/// The everyday form with these fields instead.
fn with(fields: &Value) -> Value {
    let mut spec = everyday();
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

fn accepted(about: &str, spec: Value) -> Case {
    refused(about, spec, [])
}

fn refused(about: &str, spec: Value, refusals: impl Into<Vec<Refusal>>) -> Case {
    Case {
        about: about.to_owned(),
        name: "acme".to_owned(),
        spec,
        refusals: refusals.into(),
        not_locally: None,
    }
}

impl Case {
    fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    fn not_locally(self, why: &'static str) -> Self {
        Self {
            not_locally: Some(why),
            ..self
        }
    }
}

fn refusal(field: &'static str, text: impl Into<String>) -> Refusal {
    Refusal {
        field,
        text: text.into(),
    }
}

/// The refusal of a string, which the API server repeats.
fn invalid(field: &'static str, value: &str, text: &str) -> Refusal {
    // Quoted as Go does it.
    let quoted = format!("{value:?}")
        .replace("\\0", "\\x00")
        .replace("\\u{7f}", "\\x7f")
        .replace("\\u{a0}", "\\u00a0");
    refusal(field, format!("Invalid value: {quoted}: {text}"))
}

/// Beside a refusal by the schema, the rules are not looked at.
fn unchecked() -> Refusal {
    refusal(
        "<nil>",
        "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
    )
}
