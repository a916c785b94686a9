//! The Secrets that hold a service account, seen with the rights of whoever asks: which of the four values are there.

use serde::Serialize;
use tracktik_operator::{
    cluster::ClusterError,
    rotation::observation::{Problem, Sources},
    secrets::{
        sensitive::ServiceAccount,
        source::{Place, SourcePlan, Values},
    },
};

use super::{manifest::FileSecret, reach::Cluster};

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

/// Where Secrets are looked for: in the file of the credential first, with which they are applied, then in the cluster.
pub struct Shelf<'a> {
    /// The file.
    pub file: Vec<&'a FileSecret>,
    /// The cluster, if there is one.
    pub cluster: Option<&'a Cluster>,
}

impl Shelf<'_> {
    /// Takes what comes from a Secret; its version, where it is there.
    ///
    /// # Errors
    /// It could not be seen, and why.
    async fn take(&self, name: &str, plan: &SourcePlan, values: &mut Values) -> Result<Option<String>, String> {
        if let Some(secret) = self.file.iter().find(|secret| secret.name == name) {
            plan.take(name, &secret.content, values);
            return Ok(Some(secret.content.version()));
        }
        let Some(cluster) = self.cluster else {
            return Err(format!("there is no cluster to look for Secret {name:?} in"));
        };
        match cluster.secret(name).await {
            Ok(content) => {
                plan.take(name, &content, values);
                Ok(Some(content.version()))
            }
            // What was not read is missing.
            Err(ClusterError::NotFound) => Ok(None),
            Err(error) => Err(cluster.call("get", "secrets", Some(name)).refused(&error)),
        }
    }

    fn is_in_the_file(&self, name: &str) -> bool {
        self.file.iter().any(|secret| secret.name == name)
    }
}

/// Reads the Secrets, each once.
pub async fn look(shelf: &Shelf<'_>, plan: &SourcePlan) -> SourceFacts {
    let mut values = plan.unread();
    let mut versions = Vec::new();
    let mut unseen: Vec<(String, String)> = Vec::new();
    for name in plan.secrets() {
        match shelf.take(name, plan, &mut values).await {
            Ok(version) => versions.extend(version),
            Err(why) => unseen.push((name.to_owned(), why)),
        }
    }
    let problems = values.problems().map(Option::<&Problem>::cloned);
    let facts = plan.places().into_iter().zip(&problems);
    let facts = facts
        .map(|((field, place), problem)| fact(field, (place, shelf), problem.as_ref(), &unseen))
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

fn fact(
    field: &'static str,
    (place, shelf): (Place<'_>, &Shelf<'_>),
    problem: Option<&Problem>,
    unseen: &[(String, String)],
) -> SourceFact {
    let (from, refused) = match place {
        Place::Spec => ("the spec, in clear".to_owned(), None),
        Place::Nowhere => ("nowhere".to_owned(), None),
        Place::Key { secret, key } => {
            let refused = unseen
                .iter()
                .find(|(name, _)| name == secret)
                .map(|(_, why)| why.clone());
            let file = if shelf.is_in_the_file(secret) {
                " (in the file)"
            } else {
                ""
            };
            (format!("Secret {secret}{file}, key {key}"), refused)
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
