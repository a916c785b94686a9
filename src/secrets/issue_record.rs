//! The facts of a grant as they are written on the token Secret: one annotation, in the same write as the tokens.
//!
//! A reader of a later version may meet an older record and the other way round, so it carries a version, and unknown
//! keys are ignored. What cannot be read counts as absent: the token is then renewed, never trusted.

use serde::{Deserialize, Serialize};

use crate::rotation::observation::Issue;

/// The version that this program writes.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    issue: T,
}

/// The annotation's value.
///
/// # Errors
/// When serialisation fails, which no value of these types makes it do.
pub fn write(issue: &Issue) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Versioned {
        version: VERSION,
        issue,
    })
}

/// The facts, or nothing where the annotation cannot be read.
#[must_use]
pub fn read(annotation: &str) -> Option<Issue> {
    let record: Versioned<Issue> = serde_json::from_str(annotation).ok()?;
    let sane = record.version == VERSION && record.issue.expires_at > record.issue.issued_at;
    sane.then_some(record.issue)
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
            data_hash: "00".into(),
            asked: vec![],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = write(&issue()).unwrap();
        assert_eq!(read(&text), Some(issue()));
    }

    #[test]
    fn a_later_versions_extra_keys_are_ignored() {
        let text = write(&issue()).unwrap().replacen('{', "{\"more\":{\"a\":1},", 1);
        assert_eq!(read(&text), Some(issue()));
    }

    #[test]
    fn what_cannot_be_trusted_is_absent() {
        let text = write(&issue()).unwrap();
        for broken in [
            String::new(),
            "null".to_owned(),
            "{}".to_owned(),
            text.replace("\"version\":1", "\"version\":2"),
            text.replace("1970-01-01T00:16:40Z", "tomorrow"),
            text.replace("1970-01-01T01:16:40Z", "1970-01-01T00:16:40Z"),
        ] {
            assert_eq!(read(&broken), None, "{broken}");
        }
    }
}
