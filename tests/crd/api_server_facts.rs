//! Facts about the API server that the operator's writes rely on, as they are on the version that is pinned.
//!
//! Whoever moves to another version and finds one of these changed has found where the operator must change.

mod admission;
mod credential_status;
mod marks;
mod preconditions;
mod refusals;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::PartialObjectMeta,
};
use serde_json::{Value, json};
use tracktik_operator::cluster::{ClusterError, error::Carried};

/// A Secret as it is applied; `metadata` is added to its name.
fn secret(name: &str, metadata: &Value, value: &str) -> Value {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": { "name": name },
        "data": { "access_token": value },
    });
    for (field, value) in metadata.as_object().unwrap() {
        object["metadata"][field] = value.clone();
    }
    object
}

/// Two values, in base64.
const TOKEN: &str = "dG9rZW4=";
const OTHER: &str = "b3RoZXI=";

/// A forced server-side apply as the operator's, with a reply of metadata only.
async fn apply(
    client: &Client,
    namespace: &str,
    object: &Value,
    dry_run: bool,
) -> kube::Result<PartialObjectMeta<Secret>> {
    let api: Api<PartialObjectMeta<Secret>> = Api::namespaced(client.clone(), namespace);
    let mut params = PatchParams::apply("tracktik-operator").force();
    params.dry_run = dry_run;
    let name = object["metadata"]["name"].as_str().unwrap();
    api.patch(name, &params, &Patch::Apply(object)).await
}

fn uid_and_version(secret: &PartialObjectMeta<Secret>) -> (String, String) {
    let meta = secret.metadata.clone();
    (meta.uid.unwrap(), meta.resource_version.unwrap())
}

/// The operator's reading of a refusal.
#[track_caller]
fn meaning<T: std::fmt::Debug>(result: kube::Result<T>, carried: Carried) -> ClusterError {
    ClusterError::from_kube(&result.unwrap_err(), carried)
}
