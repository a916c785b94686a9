//! A Secret as the API server answers where only its metadata is asked for, and what of any metadata is read.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::{
    api::core::v1::Secret,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time},
};
use kube::Resource;
use serde::{Deserialize, Deserializer};

/// A Secret of which no data is ever asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct SecretObject {
    /// All that is known of it.
    #[serde(default, deserialize_with = "what_is_read")]
    pub metadata: ObjectMeta,
}

impl Resource for SecretObject {
    type DynamicType = ();
    type Scope = <Secret as Resource>::Scope;

    fn kind(dt: &()) -> Cow<'_, str> {
        Secret::kind(dt)
    }
    fn group(dt: &()) -> Cow<'_, str> {
        Secret::group(dt)
    }
    fn version(dt: &()) -> Cow<'_, str> {
        Secret::version(dt)
    }
    fn plural(dt: &()) -> Cow<'_, str> {
        Secret::plural(dt)
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    /// Has the client ask for metadata alone in each call.
    fn metadata_api() -> bool {
        true
    }
}

/// Metadata without what nobody here asks for: of a credential with a token, most is who manages which field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// Decodes metadata, and of it what is read.
pub(super) fn what_is_read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let read = Read::deserialize(deserializer)?;
    Ok(ObjectMeta {
        name: read.name,
        namespace: read.namespace,
        uid: read.uid,
        resource_version: read.resource_version,
        generation: read.generation,
        creation_timestamp: read.creation_timestamp,
        deletion_timestamp: read.deletion_timestamp,
        labels: read.labels,
        annotations: read.annotations,
        owner_references: read.owner_references,
        ..ObjectMeta::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whoever takes a field of the metadata into use finds it missing here first.
    #[test]
    fn of_metadata_all_is_read_but_who_manages_it_and_what_generates_names() {
        let whole = json!({
            "name": "acme", "namespace": "portal", "uid": "u", "resourceVersion": "7", "generation": 3,
            "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-02T00:00:00Z",
            "labels": { "a": "b" }, "annotations": { "c": "d" },
            "ownerReferences": [
                { "apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "o", "controller": true, "blockOwnerDeletion": true },
            ],
        });
        let mut given = whole.clone();
        given["managedFields"] = json!([{ "manager": "m", "operation": "Apply", "fieldsV1": { "f:data": {} } }]);
        given["generateName"] = json!("acme-");
        let read: SecretObject = serde_json::from_value(json!({ "kind": "any", "metadata": given })).unwrap();
        assert_eq!(serde_json::to_value(&read.metadata).unwrap(), whole);
        let none: SecretObject = serde_json::from_value(json!({ "metadata": { "labels": null } })).unwrap();
        assert_eq!(none.metadata, ObjectMeta::default());
    }
}
