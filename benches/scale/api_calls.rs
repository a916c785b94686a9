//! What was asked of the API server, by its own count.
//!
//! Not by the operator's: whoever is measured does not keep the books, and `apiserver_request_total` tells a rehearsal from a
//! write. Not by the audit log, which at this number of requests has been rotated away by the time it is read. It does not
//! tell by whom: nobody but the operator asks for these resources while it is measured, but for the garbage collector, which
//! reads the owners of Secrets. The operator never reads a credential, so that those reads are left out.

use std::{collections::BTreeMap, fmt, ops::Sub};

use http::Method;
use kube::Client;

use crate::{Outcome, api_server::send};

/// The resources that the operator has to do with.
const RESOURCES: [&str; 4] = ["secrets", "tracktikcredentials", "events", "leases"];
const GARBAGE_COLLECTOR: (&str, &str) = ("GET", "tracktikcredentials");
const WRITES: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];

/// Requests that were answered, by what they asked for: `PATCH tracktikcredentials/status`.
#[derive(Clone, Debug, Default)]
pub struct ApiCalls(pub BTreeMap<String, f64>);

impl ApiCalls {
    /// All so far. A watch is counted at its end.
    pub async fn so_far(client: &Client) -> Outcome<Self> {
        let metrics = send(client, Method::GET, "/metrics", "", Vec::new()).await?;
        let metrics = String::from_utf8(metrics)?;
        let mut calls = BTreeMap::new();
        let lines = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("apiserver_request_total{"));
        for (labels, value) in lines.filter_map(|line| line.rsplit_once("} ")) {
            let label = |name: &str| {
                let start = labels.find(&format!("{name}=\""))? + name.len() + 2;
                labels[start..].split('"').next()
            };
            let (verb, resource) = (label("verb").unwrap_or_default(), label("resource").unwrap_or_default());
            if !RESOURCES.contains(&resource) || verb == "WATCH" || (verb, resource) == GARBAGE_COLLECTOR {
                continue;
            }
            let part = |name: &str, before: &str| {
                let value = label(name).filter(|value| !value.is_empty());
                value.map(|value| format!("{before}{value}")).unwrap_or_default()
            };
            let refused = part("code", " ");
            let refused = if refused.starts_with(" 2") { "" } else { &refused };
            let dry_run = if part("dry_run", "").is_empty() {
                ""
            } else {
                " (dry run)"
            };
            let asked = format!("{verb} {resource}{}{dry_run}{refused}", part("subresource", "/"));
            *calls.entry(asked).or_default() += value.parse::<f64>()?;
        }
        Ok(Self(calls))
    }

    /// All of them but those of Leases, which are the same for any number of credentials.
    pub fn total(&self) -> f64 {
        self.sum(|asked| !asked.contains(" leases"))
    }

    /// What was written and stored of Secrets and credentials.
    pub fn stored_writes(&self) -> f64 {
        let of_events = |asked: &str| asked.contains(" events") || asked.contains(" leases");
        self.sum(|asked| is_write(asked) && !of_events(asked))
    }

    /// Events that were told.
    pub fn events(&self) -> f64 {
        self.sum(|asked| asked.starts_with("POST events"))
    }

    fn sum(&self, of: impl Fn(&str) -> bool) -> f64 {
        let found = self.0.iter().filter(|(asked, _)| of(asked));
        // Not `sum`, which makes -0 of nothing.
        found.fold(0.0, |all, (_, count)| all + count)
    }
}

fn is_write(asked: &str) -> bool {
    let stored = !asked.contains('(') && !asked.ends_with(|last: char| last.is_ascii_digit());
    stored && WRITES.iter().any(|verb| asked.split(' ').next() == Some(verb))
}

impl Sub for ApiCalls {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let since = self.0.into_iter().filter_map(|(asked, count)| {
            let count = count - before.0.get(&asked).copied().unwrap_or_default();
            (count > 0.0).then_some((asked, count))
        });
        Self(since.collect())
    }
}

impl fmt::Display for ApiCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|(asked, count)| format!("{asked}: {count}"))
            .collect();
        write!(f, "{}", all.join(", "))
    }
}
