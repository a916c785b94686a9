//! What was granted after a leader that had stood still went on, and not to the one that leads.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;
use testbed::operator::Operator;

use crate::{servers::Endpoints, subject::Subject};

/// How often each had been granted tokens at one time.
pub struct Count {
    since: Timestamp,
    grants: BTreeMap<String, u64>,
}

impl Count {
    pub async fn now(at: &Endpoints<'_>, subjects: &[Subject]) -> Self {
        let since = Timestamp::now();
        let mut grants = BTreeMap::new();
        for subject in subjects {
            grants.insert(subject.name.clone(), subject.granted(at).await.grants());
        }
        Self { since, grants }
    }

    /// What was granted to a subject since, and is not in the log of this operator.
    pub async fn granted_to_others(&self, at: &Endpoints<'_>, subject: &Subject, operator: &Operator) -> u64 {
        let all = subject.granted(at).await.grants() - self.grants[&subject.name];
        let logs = operator.logs();
        let told = logs.iter().filter(|line| self.tells_of_grant(line, &subject.name));
        // One that was granted right before the count, and told of right after it, is in the log alone.
        all.saturating_sub(told.count() as u64)
    }

    fn tells_of_grant(&self, line: &str, name: &str) -> bool {
        let Ok(record) = serde_json::from_str::<Value>(line) else {
            return false;
        };
        let time: Option<Timestamp> = record["timestamp"].as_str().and_then(|text| text.parse().ok());
        record["message"] == "token granted" && record["name"] == name && time >= Some(self.since)
    }
}
