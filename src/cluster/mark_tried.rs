//! The intent of a refresh, written on the Secret that holds the refresh token: whoever finds it there does not send that
//! token again.

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    deadline::{deadline_with_values, object_of},
    error::ClusterError,
    secret_object::SecretObject,
};
use crate::{api::annotations, secrets::metadata::SecretMeta};

/// Not the manager that applies the token Secret: an apply removes what its manager no longer names, and the mark of one
/// issue must not be taken off by the write of the next.
const MANAGER: &str = "tracktik-operator-intent";

/// Marks the refresh token of this issue as tried, on exactly the Secret that was seen; the reply is metadata only.
///
/// # Errors
/// [`ClusterError::Conflict`] where the Secret has changed since, else as the API server answers.
pub async fn mark_tried(client: &Client, secret: &SecretMeta, issue_id: &str) -> Result<SecretMeta, ClusterError> {
    let api: Api<SecretObject> = Api::namespaced(client.clone(), &secret.key.namespace);
    let patch = json!({
        "metadata": {
            "uid": secret.uid,
            "resourceVersion": secret.resource_version,
            "annotations": { annotations::TRIED: issue_id },
        },
    });
    let params = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    // Whoever refuses it may quote the Secret in place.
    let answer = deadline_with_values(api.patch(&secret.key.name, &params, &Patch::Merge(patch))).await?;
    let marked = object_of(&secret.key.name, answer, |answer| &answer.metadata)?;
    Ok(SecretMeta::from_object_meta(marked.metadata))
}
