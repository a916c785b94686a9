//! Writing a credential's status.

use kube::{
    Client,
    api::{Api, Patch, PatchParams},
};
use serde_json::json;

use super::{CredentialObject, CredentialView, deadline::deadline, error::ClusterError};
use crate::api::{TrackTikCredentialStatus, annotations::OPERATOR_NAME};

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
) -> Result<CredentialView, ClusterError> {
    let api: Api<CredentialObject> = Api::namespaced(client.clone(), &credential.key.namespace);
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": credential.uid },
        // "add" replaces what is there, and unlike "replace" does not fail where nothing is.
        { "op": "add", "path": "/status", "value": status },
    ]);
    let patch = serde_json::from_value(patch).map_err(|_| ClusterError::Other {
        code: 0,
        detail: "the patch cannot be built".to_owned(),
    })?;
    let params = PatchParams {
        field_manager: Some(OPERATOR_NAME.to_owned()),
        ..PatchParams::default()
    };
    let answer = deadline(api.patch_status(&credential.key.name, &params, &Patch::Json::<()>(patch))).await?;
    Ok(CredentialView::from(answer))
}
