//! Reading a whole Secret, live: a source right before a grant, or a token Secret that somebody else wrote to.

use kube::{
    Client,
    api::{GetParams, Request},
};

use super::{ObjectKey, deadline::deadline_with_values, error::ClusterError};
use crate::secrets::content::SecretContent;

/// Reads a Secret with its data. Not from a cache: what is read may be a password that was changed a moment ago.
///
/// # Errors
/// As the API server answers; the error holds no value.
pub async fn read_secret(client: &Client, key: &ObjectKey) -> Result<SecretContent, ClusterError> {
    let request = Request::new(format!("/api/v1/namespaces/{}/secrets", key.namespace))
        .get(&key.name, &GetParams::default())
        .map_err(|_| ClusterError::Other {
            code: 0,
            detail: "the request cannot be built".to_owned(),
        })?;
    deadline_with_values(client.request::<SecretContent>(request)).await
}
