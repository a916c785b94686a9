//! What the operator keeps in memory of each Secret in its scope: metadata only, and of foreign ones next to nothing.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    issue_record,
    ownership::{Claim, Mark},
    texts::Texts,
};
use crate::{api::annotations, object_key::ObjectKey, rotation::observation::Issue};

/// Metadata of a Secret. One without a mark of its own namespace, and a copy under another name, is nobody's that the
/// operator looks after: of such nothing is kept but what tells one version from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretMeta {
    /// Namespace and name.
    pub key: ObjectKey,
    /// Changes when it is deleted and created again.
    pub uid: String,
    /// Changes with every write.
    pub resource_version: String,
    /// It has a deletion timestamp.
    pub deleting: bool,
    /// Who owns it.
    pub owners: Owners,
    /// Those that the facts on it name as asked for, and our own.
    pub labels: Texts,
    /// As the labels, but for the facts.
    pub annotations: Texts,
    /// The facts on it; none where it has none that can be read. Read once, and shared with whoever remembers them.
    pub facts: Option<Arc<Issue>>,
    /// The facts name this Secret, so that a copy of it will be told by them.
    pub is_named: bool,
}

/// The owner references of a Secret that carries a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The credential of the mark is among them, as the controller.
    pub controller: bool,
    /// Something else is among them.
    pub others: bool,
}

/// The longest mark: a namespace of 63 characters, a name of 253 and a uid of 36, and room.
const LONGEST_MARK: usize = 512;

/// The longest facts: 96 KiB hold all that a spec may ask for.
const LONGEST_FACTS: usize = 96 * 1_024;

/// The longest value that can be asked for: 1,024 characters.
const LONGEST_VALUE: usize = 4 * 1_024;

impl SecretMeta {
    /// Takes what is needed and drops the rest: whoever may write Secrets decides how much there is of it, and all of it
    /// would stay in memory.
    #[must_use]
    pub fn from_object_meta(meta: ObjectMeta) -> Self {
        let mut found = Self {
            key: ObjectKey::new(meta.namespace.unwrap_or_default(), meta.name.unwrap_or_default()),
            uid: meta.uid.unwrap_or_default(),
            resource_version: meta.resource_version.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            ..Self::default()
        };
        let mut annotations = meta.annotations.unwrap_or_default();
        let facts = annotations.remove(annotations::ISSUE);
        let named = facts.as_deref().and_then(issue_record::secret_of);
        // A copy carries the mark of what it is a copy of. It belongs to whoever made it, and is never ours to write or delete.
        let copied = named.as_ref().is_some_and(|named| *named != found.key.name);
        let text = annotations
            .remove(annotations::CREDENTIAL)
            .filter(|text| text.len() <= LONGEST_MARK && !copied);
        let mark = text.as_deref().and_then(Mark::parse);
        let (Some(text), Some(mark)) = (text, mark.filter(|mark| mark.namespace == found.key.namespace)) else {
            return found;
        };
        for owner in meta.owner_references.unwrap_or_default() {
            if owner.uid == mark.uid {
                found.owners.controller |= owner.controller.unwrap_or(false);
            } else {
                found.owners.others = true;
            }
        }
        let facts = facts.filter(|facts| facts.len() <= LONGEST_FACTS);
        let issue = facts.as_deref().and_then(issue_record::read);
        let asked = issue.iter().flat_map(|issue| &issue.asked);
        let asked: BTreeSet<&str> = asked.map(String::as_str).collect();
        let mut labels = meta.labels.unwrap_or_default();
        labels.retain(|key, _| key == annotations::MANAGED_BY || asked.contains(format!("label {key}").as_str()));
        found.labels = labels.into();
        annotations.retain(|key, value| {
            let wanted = key == annotations::TRIED || asked.contains(format!("annotation {key}").as_str());
            wanted && value.len() <= LONGEST_VALUE
        });
        annotations.insert(annotations::CREDENTIAL.to_owned(), text);
        found.annotations = annotations.into();
        found.is_named = issue.is_some() && named.is_some();
        found.facts = issue.map(Arc::new);
        found
    }

    /// The mark on it, as it stands; none of another namespace, and none on a copy under another name.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.annotations.get(annotations::CREDENTIAL)
    }

    /// What its ownership is told by.
    #[must_use]
    pub fn claim(&self) -> Claim<'_> {
        Claim {
            namespace: &self.key.namespace,
            mark: self.mark(),
            others: self.owners.others,
        }
    }

    /// `name@uid/resourceVersion`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}@{}/{}", self.key.name, self.uid, self.resource_version)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{api::Moment, rotation::observation::Issue};

    fn facts(asked: &[&str]) -> String {
        let issue = Issue {
            issued_at: Moment::from_seconds(0),
            expires_at: Moment::from_seconds(3_600),
            asked: asked.iter().map(ToString::to_string).collect(),
            ..Issue::default()
        };
        issue_record::write(&issue, "acme-token").unwrap()
    }

    fn keys(of: &Texts) -> Vec<&str> {
        of.keys().collect()
    }

    fn kept(annotations: &Value, owners: &[&str]) -> SecretMeta {
        let owners: Vec<Value> = owners
            .iter()
            .map(|uid| json!({ "apiVersion": "v1", "kind": "Any", "name": "any", "uid": uid, "controller": true }))
            .collect();
        let meta = json!({
            "name": "acme-token", "namespace": "team", "uid": "u", "resourceVersion": "7", "annotations": annotations,
            "labels": { "asked": "yes", "other": "no", annotations::MANAGED_BY: "tracktik-operator" },
            "ownerReferences": owners,
        });
        SecretMeta::from_object_meta(serde_json::from_value(meta).unwrap())
    }

    #[test]
    fn of_a_secret_without_a_mark_of_its_namespace_nothing_is_kept_that_its_writer_could_make_large() {
        let long = format!("team/acme@{}", "u".repeat(LONGEST_MARK));
        for mark in ["", "anything", "elsewhere/acme@u2", "team/acme", long.as_str()] {
            let found = kept(
                &json!({ annotations::CREDENTIAL: mark, annotations::ISSUE: facts(&["label asked"]) }),
                &["u2", "u3"],
            );
            assert_eq!(
                (found.version().as_str(), found.mark()),
                ("acme-token@u/7", None),
                "{mark}"
            );
            assert!(
                found.owners == Owners::default() && found.labels.is_empty() && found.annotations.is_empty(),
                "{mark}"
            );
        }
    }

    #[test]
    fn of_a_marked_secret_what_was_asked_for_is_kept_and_whether_others_own_it() {
        let facts = facts(&["label asked", "annotation asked", "annotation large"]);
        let found = kept(
            &json!({
                annotations::CREDENTIAL: "team/acme@u2", annotations::ISSUE: facts, annotations::TRIED: "id", "asked": "yes",
                "other": "no",
                "large": "x".repeat(LONGEST_VALUE + 1), "kubectl.kubernetes.io/last-applied-configuration": "data",
            }),
            &["u3", "u2", "u4"],
        );
        assert_eq!(found.mark(), Some("team/acme@u2"));
        let owners = Owners {
            controller: true,
            others: true,
        };
        assert_eq!((found.owners, found.is_named), (owners, true));
        assert_eq!(keys(&found.labels), [annotations::MANAGED_BY, "asked"]);
        assert_eq!(
            keys(&found.annotations),
            ["asked", annotations::CREDENTIAL, annotations::TRIED]
        );
    }

    #[test]
    fn its_owners_are_told_from_its_mark() {
        let of = |owners: &[(&str, Option<bool>)]| {
            let owners = owners.iter().map(|(uid, controller)| {
                json!({ "apiVersion": "v1", "kind": "Any", "name": "any", "uid": uid, "controller": controller })
            });
            let meta = json!({
                "name": "acme-token", "namespace": "team", "annotations": { annotations::CREDENTIAL: "team/acme@u2" },
                "ownerReferences": owners.collect::<Vec<_>>(),
            });
            let Owners { controller, others } =
                SecretMeta::from_object_meta(serde_json::from_value(meta).unwrap()).owners;
            (controller, others)
        };
        assert_eq!(of(&[]), (false, false));
        assert_eq!(of(&[("u2", Some(true))]), (true, false));
        assert_eq!(of(&[("u2", Some(false))]), (false, false));
        assert_eq!(of(&[("u2", None)]), (false, false));
        assert_eq!(of(&[("u3", Some(true))]), (false, true));
        assert_eq!(of(&[("u3", None), ("u2", Some(true))]), (true, true));
    }

    #[test]
    fn facts_that_name_no_secret_are_known_to() {
        let named = |facts: String| {
            let annotations = json!({ annotations::CREDENTIAL: "team/acme@u2", annotations::ISSUE: facts });
            let found = kept(&annotations, &[]);
            (found.facts.is_some(), found.is_named)
        };
        assert_eq!(named(facts(&[])), (true, true));
        assert_eq!(named(facts(&[]).replace("acme-token", "")), (true, false));
        assert_eq!(named("{}".to_owned()), (false, false));
    }

    #[test]
    fn facts_of_any_length_are_not_kept() {
        let facts = facts(&["annotation asked", "x".repeat(LONGEST_FACTS).as_str()]);
        let found = kept(
            &json!({ annotations::CREDENTIAL: "team/acme@u2", annotations::ISSUE: facts, "asked": "yes" }),
            &[],
        );
        assert_eq!(
            (keys(&found.annotations), found.facts),
            (vec![annotations::CREDENTIAL], None)
        );
    }
}
