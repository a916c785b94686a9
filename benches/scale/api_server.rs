//! The API server as this program asks it: plain requests, whose answers are read and not decoded.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use tokio::task::JoinSet;

use crate::Outcome;

/// Requests under way at a time, where as many as possible are to be: beyond that the API server gets no faster.
pub const AT_ONCE: usize = 64;

/// How a patch is meant.
pub const APPLY: &str = "application/apply-patch+yaml";
/// See [`APPLY`].
pub const JSON_PATCH: &str = "application/json-patch+json";
/// See [`APPLY`].
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// One request, and what it answers.
///
/// # Errors
/// No answer, or one of another status than 2xx.
pub async fn send(client: &Client, method: Method, path: &str, of_type: &str, body: Vec<u8>) -> Outcome<Vec<u8>> {
    let mut request = Request::builder().method(method).uri(path);
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, of_type);
    }
    let answer = client.send(request.body(Body::from(body))?).await?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await?.to_bytes();
    if status.is_success() {
        Ok(bytes.to_vec())
    } else {
        Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&bytes)).into())
    }
}

/// Creates an object below this path.
pub async fn create(client: &Client, path: &str, object: &serde_json::Value) -> Outcome<Vec<u8>> {
    let body = serde_json::to_vec(object)?;
    send(client, Method::POST, path, "application/json", body).await
}

/// Does something for each number below `count`, `at_once` at a time, in tasks of their own.
pub async fn for_each<F>(count: usize, at_once: usize, act: impl Fn(usize) -> F + Send + Sync + 'static) -> Outcome
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let (next, act) = (Arc::new(AtomicUsize::new(0)), Arc::new(act));
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (next, act) = (Arc::clone(&next), Arc::clone(&act));
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Outcome::Ok(());
                }
                act(number).await?;
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}
