//! The Secrets that hold a service account, seen with the rights of whoever asks: which of the four values are there.

use serde::Serialize;
use tracktik_operator::{
    cluster::ClusterError,
    rotation::observation::{Problem, Sources},
    secrets::{
        sensitive::ServiceAccount,
        source::{Place, SourcePlan},
    },
};

use super::reach::Cluster;

/// One of the four values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFact {
    /// The field below `spec.credentials`.
    pub field: &'static str,
    /// Where it comes from, for a person.
    pub from: String,
    /// Whether it is there and fit to be sent; none where that could not be seen.
    pub usable: Option<bool>,
    /// What is wrong with it, or why it could not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// All four, and what follows from them.
#[derive(Default)]
pub struct SourceFacts {
    /// Each of the four.
    pub facts: Vec<SourceFact>,
    /// As a decision sees them; none where a Secret could not be read.
    pub sources: Option<Sources>,
    /// The account, where it is whole.
    pub account: Option<ServiceAccount>,
}

/// Reads the Secrets, each once.
pub async fn look(cluster: &Cluster, plan: &SourcePlan) -> SourceFacts {
    let mut values = plan.unread();
    let mut versions = Vec::new();
    let mut unseen: Vec<(String, String)> = Vec::new();
    for name in plan.secrets() {
        match cluster.secret(name).await {
            Ok(content) => {
                versions.push(content.version());
                plan.take(name, &content, &mut values);
            }
            // What was not read is missing.
            Err(ClusterError::NotFound) => {}
            Err(error) => unseen.push((
                name.to_owned(),
                cluster.call("get", "secrets", Some(name)).refused(&error),
            )),
        }
    }
    let problems = values.problems().map(Option::<&Problem>::cloned);
    let facts = plan.places().into_iter().zip(&problems);
    let facts = facts
        .map(|((field, place), problem)| fact(field, place, problem.as_ref(), &unseen))
        .collect();
    let first = problems.into_iter().flatten().next();
    SourceFacts {
        facts,
        sources: unseen.is_empty().then_some(Sources {
            versions,
            problem: first,
        }),
        account: values.account().ok(),
    }
}

fn fact(field: &'static str, place: Place<'_>, problem: Option<&Problem>, unseen: &[(String, String)]) -> SourceFact {
    let (from, refused) = match place {
        Place::Spec => ("the spec, in clear".to_owned(), None),
        Place::Nowhere => ("nowhere".to_owned(), None),
        Place::Key { secret, key } => {
            let refused = unseen
                .iter()
                .find(|(name, _)| name == secret)
                .map(|(_, why)| why.clone());
            (format!("Secret {secret}, key {key}"), refused)
        }
    };
    let message = refused
        .clone()
        .or_else(|| problem.map(|problem| problem.message.clone()));
    SourceFact {
        field,
        from,
        usable: refused.is_none().then_some(problem.is_none()),
        message,
    }
}
