//! The facts of a grant as they are written on the token Secret: one annotation, in the same write as the tokens.
//!
//! A reader of a later version may meet an older record and the other way round, so it carries a version, and unknown
//! keys are ignored. What cannot be read counts as absent: the token is then renewed, never trusted.

use serde::{Deserialize, Serialize};

use crate::rotation::observation::Issue;

/// The version that this program writes.
const VERSION: u32 = 1;

/// Of a list: four sources, or the labels and annotations that a spec may ask for. Whoever may write Secrets could fill the
/// memory with a list of empty texts, each of which takes more room than it has on the Secret.
const LONGEST_LIST: usize = 64;

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    /// The Secret that this is written on. A copy under another name carries it along, and is told by it.
    #[serde(default)]
    secret: String,
    #[serde(flatten)]
    issue: T,
}

/// The annotation's value, on the Secret of this name.
///
/// # Errors
/// When serialisation fails, which no value of these types makes it do.
pub fn write(issue: &Issue, secret: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Versioned {
        version: VERSION,
        secret: secret.to_owned(),
        issue,
    })
}

/// The facts, or nothing where the annotation cannot be read.
#[must_use]
pub fn read(annotation: &str) -> Option<Issue> {
    let Versioned { version, mut issue, .. } = serde_json::from_str::<Versioned<Issue>>(annotation).ok()?;
    // As they are written: else facts with a fraction that somebody put in would differ from themselves, once written again.
    issue.issued_at = issue.issued_at.whole_second();
    issue.expires_at = issue.expires_at.whole_second();
    // A list grows to four at its first entry, and these stay for as long as the token.
    issue.sources.shrink_to_fit();
    issue.asked.shrink_to_fit();
    let sane = version == VERSION
        && issue.expires_at > issue.issued_at
        && issue.sources.len().max(issue.asked.len()) <= LONGEST_LIST;
    sane.then_some(issue)
}

/// The name of the Secret that the annotation was written on; nothing where it does not tell. On a Secret of another name it
/// is a copy.
#[must_use]
pub fn secret_of(annotation: &str) -> Option<String> {
    let record: Result<Versioned<serde::de::IgnoredAny>, _> = serde_json::from_str(annotation);
    record
        .ok()
        .map(|record| record.secret)
        .filter(|secret| !secret.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Moment;

    fn issue() -> Issue {
        Issue {
            issue_id: "id".into(),
            issued_at: Moment::from_seconds(1_000),
            expires_at: Moment::from_seconds(4_600),
            identity: "acme.staffr.net".into(),
            sources: vec!["a@u/1".into()],
            layout: "{}".into(),
            refreshable: true,
            data_hash: "00".into(),
            asked: vec![],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = write(&issue(), "acme-token").unwrap();
        assert_eq!(read(&text), Some(issue()));
    }

    #[test]
    fn a_copy_under_another_name_is_told_by_the_name_in_it() {
        let text = write(&issue(), "acme-token").unwrap();
        for known in [text.clone(), text.replace("\"version\":1", "\"version\":2")] {
            assert_eq!(secret_of(&known).as_deref(), Some("acme-token"), "{known}");
        }
        for unknown in [
            text.replace("acme-token", ""),
            "{}".to_owned(),
            "null".to_owned(),
            String::new(),
        ] {
            assert_eq!(secret_of(&unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_later_versions_extra_keys_are_ignored() {
        let text = write(&issue(), "acme-token")
            .unwrap()
            .replacen('{', "{\"more\":{\"a\":1},", 1);
        assert_eq!(read(&text), Some(issue()));
    }

    #[test]
    fn a_fraction_of_a_second_is_read_as_it_would_be_written() {
        let text = write(&issue(), "acme-token").unwrap();
        let edited = text.replace("1970-01-01T00:16:40Z", "1970-01-01T00:16:40.5Z");
        assert_ne!(edited, text);
        assert_eq!(read(&edited), Some(issue()));
        let within_a_second = edited.replace("1970-01-01T01:16:40Z", "1970-01-01T00:16:40.9Z");
        assert_eq!(read(&within_a_second), None, "it would not be read once written again");
    }

    #[test]
    fn what_cannot_be_trusted_is_absent() {
        let text = write(&issue(), "acme-token").unwrap();
        for broken in [
            String::new(),
            "null".to_owned(),
            "{}".to_owned(),
            text.replace("\"version\":1", "\"version\":2"),
            text.replace("1970-01-01T00:16:40Z", "tomorrow"),
            text.replace("1970-01-01T01:16:40Z", "1970-01-01T00:16:40Z"),
            text.replace("\"asked\":[]", &format!("\"asked\":[\"\"{}]", ",\"\"".repeat(64))),
            text.replace("[\"a@u/1\"]", &format!("[\"\"{}]", ",\"\"".repeat(64))),
        ] {
            assert_eq!(read(&broken), None, "{broken}");
        }
    }
}
