//! The only room that writes or deletes Secrets. Every call carries a uid and a resourceVersion that must still hold.

use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
};

use super::{
    ObjectKey,
    deadline::{deadline, deadline_with_values, object_of},
    error::ClusterError,
    secret_object::SecretObject,
};
use crate::{
    api::annotations::OPERATOR_NAME,
    secrets::{metadata::SecretMeta, token_secret::Object},
};

/// Whether a write is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything but storing: admission, quota, RBAC, preconditions.
    DryRun,
    /// For good.
    ForGood,
}

/// Applies a token Secret by server-side apply; the reply is metadata only, so no token comes back.
///
/// Forced, because fields that others set on what is ours are ours to put right; whether it is ours was asked before,
/// and the preconditions in the object hold that answer fast.
///
/// # Errors
/// [`ClusterError::Conflict`] where the preconditions no longer hold, else as the API server answers.
pub async fn apply(client: &Client, key: &ObjectKey, object: &Object, mode: Mode) -> Result<SecretMeta, ClusterError> {
    let api: Api<SecretObject> = Api::namespaced(client.clone(), &key.namespace);
    let mut params = PatchParams::apply(OPERATOR_NAME).force();
    params.dry_run = mode == Mode::DryRun;
    let patch = Patch::Apply(object);
    let call = api.patch(&key.name, &params, &patch);
    // A rehearsal sends placeholders; but who refuses it may quote the Secret in place as well, and that holds a token.
    let answer = if mode == Mode::DryRun && object.is_new() {
        deadline(call).await?
    } else {
        deadline_with_values(call).await?
    };
    let written = object_of(&key.name, answer, |answer| &answer.metadata)?;
    Ok(SecretMeta::from_object_meta(written.metadata))
}

/// Deletes exactly the Secret that was seen.
///
/// # Errors
/// [`ClusterError::Conflict`] where it has changed since, else as the API server answers. One that is gone already is
/// no error.
pub async fn delete(client: &Client, secret: &SecretMeta) -> Result<(), ClusterError> {
    let api: Api<SecretObject> = Api::namespaced(client.clone(), &secret.key.namespace);
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some(secret.uid.clone()),
            resource_version: Some(secret.resource_version.clone()),
        }),
        ..DeleteParams::default()
    };
    // Whoever refuses it may quote what is deleted: its access token has expired, its refresh token lives on.
    match deadline_with_values(api.delete(&secret.key.name, &params)).await {
        // An error under the code 200 is none of the API server's.
        Ok(answer) => answer.either(
            |going| object_of(&secret.key.name, going, |going| &going.metadata).map(drop),
            |status| {
                status
                    .is_success()
                    .then_some(())
                    .ok_or_else(ClusterError::not_understood)
            },
        ),
        Err(ClusterError::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
