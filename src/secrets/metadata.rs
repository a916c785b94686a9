//! What the operator keeps in memory of each Secret in its scope: metadata only, and of foreign ones next to nothing.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{issue_record, ownership::Claim};
use crate::api::annotations;

/// Metadata of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretMeta {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Changes when it is deleted and created again.
    pub uid: String,
    /// Changes with every write.
    pub resource_version: String,
    /// It has a deletion timestamp.
    pub deleting: bool,
    /// Uids of its owner references, and whether each is the controller.
    pub owners: Vec<(String, bool)>,
    /// Empty for a Secret without our mark, and for a copy under another name.
    pub labels: BTreeMap<String, String>,
    /// Empty where the labels are. Without what kubectl keeps of the last apply, which holds data.
    pub annotations: BTreeMap<String, String>,
}

/// `kubectl apply` keeps a copy of the whole object in here, data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl SecretMeta {
    /// Takes what is needed and drops the rest.
    #[must_use]
    pub fn from_object_meta(meta: ObjectMeta) -> Self {
        let mut annotations = meta.annotations.unwrap_or_default();
        let name = meta.name.unwrap_or_default();
        // A copy carries the mark of what it is a copy of. It belongs to whoever made it, and is never ours to write or delete.
        let copied = annotations
            .get(annotations::ISSUE)
            .is_some_and(|facts| issue_record::is_of_another(facts, &name));
        let marked = annotations.contains_key(annotations::CREDENTIAL) && !copied;
        annotations.remove(LAST_APPLIED);
        Self {
            name,
            namespace: meta.namespace.unwrap_or_default(),
            uid: meta.uid.unwrap_or_default(),
            resource_version: meta.resource_version.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            owners: meta
                .owner_references
                .unwrap_or_default()
                .into_iter()
                .map(|owner| (owner.uid, owner.controller.unwrap_or(false)))
                .collect(),
            labels: if marked {
                meta.labels.unwrap_or_default()
            } else {
                BTreeMap::new()
            },
            annotations: if marked { annotations } else { BTreeMap::new() },
        }
    }

    /// The mark on it, as it stands; none on a copy under another name.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.annotations.get(annotations::CREDENTIAL).map(String::as_str)
    }

    /// Uids of its owners.
    #[must_use]
    pub fn owner_uids(&self) -> Vec<String> {
        self.owners.iter().map(|(uid, _)| uid.clone()).collect()
    }

    /// What its ownership is told by.
    #[must_use]
    pub fn claim<'a>(&'a self, owner_uids: &'a [String]) -> Claim<'a> {
        Claim {
            namespace: &self.namespace,
            mark: self.mark(),
            owners: owner_uids,
        }
    }

    /// `name@uid/resourceVersion`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}@{}/{}", self.name, self.uid, self.resource_version)
    }
}
