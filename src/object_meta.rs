//! What of an object's metadata is read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::{Deserialize, Deserializer};

/// The fields of [`ObjectMeta`] that are decoded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decoded {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// Decodes metadata without its managed fields, which are most of it, and of which clients set what they like: the API server
/// takes the year 9999 to its end for the time of one, where our times end a day before, and one object that cannot be decoded
/// would stop the list of all. What else is not in [`Decoded`] is `None`, whatever the object has.
pub fn without_managed_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let decoded = Decoded::deserialize(deserializer)?;
    Ok(ObjectMeta {
        name: decoded.name,
        namespace: decoded.namespace,
        uid: decoded.uid,
        resource_version: decoded.resource_version,
        generation: decoded.generation,
        creation_timestamp: decoded.creation_timestamp,
        deletion_timestamp: decoded.deletion_timestamp,
        finalizers: decoded.finalizers,
        labels: decoded.labels,
        annotations: decoded.annotations,
        owner_references: decoded.owner_references,
        ..ObjectMeta::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        cluster::{CredentialObject, CredentialView, lease_object::Lease},
        secrets::content::SecretContent,
    };

    fn with_a_time_that_cannot_be_decoded(mut metadata: Value) -> Value {
        metadata["managedFields"] = json!([{ "manager": "m", "operation": "Update", "time": "9999-12-31T23:59:59Z" }]);
        metadata
    }

    #[test]
    fn all_but_what_nobody_asks_for_is_read() {
        let read = json!({
            "name": "acme", "namespace": "portal", "uid": "u", "resourceVersion": "7", "generation": 3,
            "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-02T00:00:00Z",
            "finalizers": ["foregroundDeletion"], "labels": { "a": "b" }, "annotations": { "c": "d" },
            "ownerReferences": [
                { "apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "o", "controller": true, "blockOwnerDeletion": true },
            ],
        });
        let mut given = with_a_time_that_cannot_be_decoded(read.clone());
        given["generateName"] = json!("acme-");
        given["selfLink"] = json!("/api");
        given["deletionGracePeriodSeconds"] = json!(0);
        let decoded = without_managed_fields(given).unwrap();
        assert_eq!(serde_json::to_value(decoded).unwrap(), read);
        let none = without_managed_fields(json!({ "labels": null })).unwrap();
        assert_eq!(none, ObjectMeta::default());
    }

    #[test]
    fn a_managed_field_of_a_time_that_does_not_exist_here_hides_no_object() {
        let metadata = with_a_time_that_cannot_be_decoded(json!({ "namespace": "portal", "name": "acme" }));
        let object = json!({ "metadata": metadata, "spec": {} });
        let credential: CredentialObject = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(CredentialView::from(credential).key.to_string(), "portal/acme");
        let lease: Lease = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(lease.metadata.name.as_deref(), Some("acme"));
        let source: SecretContent = serde_json::from_value(object).unwrap();
        assert_eq!(source.metadata.name.as_deref(), Some("acme"));
    }
}
