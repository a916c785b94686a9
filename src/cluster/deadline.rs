//! How long a call of the API server may take.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::error::{Carried, ClusterError};

/// The longest that a call with one answer may take, with the client's own retries.
///
/// kube sets no read time-out, since a watch has none, so a server that accepts and never answers would hold a call
/// for ever; and kube's retry waits for as long as a `Retry-After` says.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// The answer to a call that sends and receives no secret value, or why there is none within [`DEADLINE`].
///
/// # Errors
/// The API server refused, failed or did not answer; a time-out says nothing about whether the call was carried out.
pub async fn deadline<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
    within(DEADLINE, call, Carried::NoValues).await
}

/// As [`deadline`], for a call whose answer is of no use after `limit`.
///
/// # Errors
/// As [`deadline`].
pub async fn deadline_of<T>(limit: Duration, call: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
    within(limit, call, Carried::NoValues).await
}

/// As [`deadline`], for a call that sends or receives secret values: of a refusal only what the API server itself
/// says is kept, for a policy or a webhook writes what it likes, the values of the object included.
///
/// # Errors
/// As [`deadline`].
pub async fn deadline_with_values<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
    within(DEADLINE, call, Carried::SecretValues).await
}

/// This answer, if it is the object of that name. One of 200 that holds an error, as broken proxies give, can be decoded as an
/// object that says nothing: a write would be taken for carried out, and a Lease for one that nobody holds.
///
/// # Errors
/// It is something else.
pub fn object_of<T>(name: &str, answer: T, meta: impl FnOnce(&T) -> &ObjectMeta) -> Result<T, ClusterError> {
    if meta(&answer).name.as_deref() == Some(name) {
        Ok(answer)
    } else {
        Err(ClusterError::not_understood())
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = kube::Result<T>>,
    carried: Carried,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| ClusterError::from_kube(&error, carried)),
        Err(_) => Err(ClusterError::TimedOut),
    }
}
