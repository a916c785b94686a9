//! Writing a credential's status.

use kube::{
    Client, Resource,
    api::{Patch, PatchParams, Request},
};
use serde::Deserialize;
use serde_json::json;

use super::{CredentialView, deadline::deadline, error::ClusterError};
use crate::api::{TrackTikCredential, TrackTikCredentialStatus, annotations::OPERATOR_NAME};

/// What is needed of the reply, which repeats the whole object.
#[derive(Deserialize)]
struct Written {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: String,
}

/// Replaces the status of exactly this credential; answers the resourceVersion after the write.
///
/// By JSON patch with a `test` of the uid: in an apply or a merge patch on a custom resource's status a uid is silently
/// ignored, and the outcome for a deleted credential would land on a new one of the same name.
///
/// # Errors
/// [`ClusterError::NotFound`] or [`ClusterError::Invalid`] where the credential is gone, else as the API server answers.
pub async fn write_status(
    client: &Client,
    credential: &CredentialView,
    status: &TrackTikCredentialStatus,
) -> Result<String, ClusterError> {
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": credential.uid },
        // "add" replaces what is there, and unlike "replace" does not fail where nothing is.
        { "op": "add", "path": "/status", "value": status },
    ]);
    let patch = serde_json::from_value(patch).map_err(|_| cannot_be_built())?;
    let params = PatchParams {
        field_manager: Some(OPERATOR_NAME.to_owned()),
        ..PatchParams::default()
    };
    let of_namespace = TrackTikCredential::url_path(&(), Some(&credential.key.namespace));
    let request = Request::new(of_namespace)
        .patch_subresource("status", &credential.key.name, &params, &Patch::Json::<()>(patch))
        .map_err(|_| cannot_be_built())?;
    let written: Written = deadline(client.request(request)).await?;
    Ok(written.metadata.resource_version)
}

fn cannot_be_built() -> ClusterError {
    ClusterError::Other {
        code: 0,
        detail: "the patch cannot be built".to_owned(),
    }
}
