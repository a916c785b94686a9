//! What one of the four values may be, wherever it comes from.

use super::{content::SecretContent, sensitive::Sensitive};
use crate::{api::Reason, rotation::observation::Problem};

/// The longest value, in bytes. A Secret holds a megabyte, and every token request of the moment is in memory at once,
/// four values each and up to three times as long in its body.
pub(super) const LONGEST: usize = 4_096;

/// Types of Secrets that let their holder into the cluster: whoever may write a credential, and not read these, must not
/// have their tokens sent to a host as a user name.
pub(super) const OF_THE_CLUSTER: [&str; 2] = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

/// Why a text cannot be one of the four values, to stand behind what names it. The text itself is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Longer than is sent.
    #[error("is longer than {LONGEST} bytes: name the key that holds the value")]
    TooLong,
    /// Not UTF-8.
    #[error("is not valid UTF-8")]
    NotUtf8,
    /// Nothing at all.
    #[error("is empty")]
    Empty,
    /// A newline behind a password is a login refused for no visible reason, seen in the field.
    #[error("starts or ends with white space (often a newline from `echo`): remove it")]
    Padded,
    /// A character that no keyboard enters.
    #[error("holds a control character")]
    Control,
}

/// The bytes as one of the four values.
///
/// # Errors
/// Why they cannot be one.
pub fn checked(bytes: &[u8]) -> Result<Sensitive, Unusable> {
    if bytes.len() > LONGEST {
        return Err(Unusable::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unusable::NotUtf8)?;
    if text.is_empty() {
        return Err(Unusable::Empty);
    }
    if text.trim() != text {
        return Err(Unusable::Padded);
    }
    if text.contains(|character: char| character.is_control()) {
        return Err(Unusable::Control);
    }
    Ok(Sensitive::from(text.to_owned()))
}

/// What a Secret holds under a key, for one of the fields below `spec.credentials`.
pub(super) fn value(field: &str, secret: &str, key: &str, content: &SecretContent) -> Result<Sensitive, Problem> {
    let invalid = |what: &str| {
        problem(
            Reason::SourceInvalid,
            format!("key {key:?} of Secret {secret:?} (spec.credentials.{field}) {what}"),
        )
    };
    if let Some(of_the_cluster) = OF_THE_CLUSTER.iter().find(|of| content.r#type.as_deref() == Some(**of)) {
        return Err(problem(
            Reason::SourceInvalid,
            format!(
                "Secret {secret:?} (spec.credentials.{field}) is of the type {of_the_cluster}, which is for the API server \
                 and never sent elsewhere: name another"
            ),
        ));
    }
    if !content.has(key) {
        return Err(invalid(&format!(
            "does not exist: add it, or name another with spec.credentials.{field}.key"
        )));
    }
    if content.is_surely_longer(key, LONGEST) {
        return Err(invalid(&Unusable::TooLong.to_string()));
    }
    let bytes = content.get(key).ok_or_else(|| invalid("is not valid base64"))?;
    checked(bytes.expose()).map_err(|why| invalid(&why.to_string()))
}

fn problem(reason: Reason, message: String) -> Problem {
    Problem { reason, message }
}
