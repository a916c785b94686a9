//! Reading a whole Secret, live: a source right before a grant, or a token Secret that somebody else wrote to.

use std::{ops::Deref, sync::Arc};

use kube::{
    Client,
    api::{GetParams, Request},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    ObjectKey,
    deadline::{deadline_with_values, object_of},
    error::ClusterError,
};
use crate::secrets::content::SecretContent;

/// Secrets that are held in full at a time: each may have a megabyte that is of no use here, and is there several times
/// over while it is read.
const HELD: usize = 8;

/// A Secret that was read, and its place among those that may be held.
#[derive(Debug)]
pub struct WholeSecret {
    content: SecretContent,
    _place: Option<OwnedSemaphorePermit>,
}

impl Deref for WholeSecret {
    type Target = SecretContent;
    fn deref(&self) -> &SecretContent {
        &self.content
    }
}

/// Reads Secrets with their data, a few at a time. One for the whole process.
#[derive(Clone)]
pub struct SecretReader {
    client: Client,
    places: Arc<Semaphore>,
}

impl SecretReader {
    /// A reader that asks by this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let places = Arc::new(Semaphore::new(HELD));
        Self { client, places }
    }

    /// Reads a Secret with its data. Not from a cache: what is read may be a password that was changed a moment ago. Drop
    /// it before another is read: others wait for its place.
    ///
    /// # Errors
    /// As the API server answers; the error holds no value.
    pub async fn read(&self, key: &ObjectKey) -> Result<WholeSecret, ClusterError> {
        let request = Request::new(format!("/api/v1/namespaces/{}/secrets", key.namespace))
            .get(&key.name, &GetParams::default())
            .map_err(|_| ClusterError::Other {
                code: 0,
                detail: "the request cannot be built".to_owned(),
            })?;
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let answer = deadline_with_values(self.client.request::<SecretContent>(request)).await?;
        let content = object_of(&key.name, answer, |secret| &secret.metadata)?;
        Ok(WholeSecret { content, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures::{StreamExt, stream::FuturesUnordered};
    use kube::client::Body;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn as_many_are_held_as_there_are_places() {
        let service = tower::service_fn(async |_: http::Request<Body>| {
            Ok::<_, Infallible>(http::Response::new(Body::from(
                br#"{"metadata":{"name":"acme"}}"#.to_vec(),
            )))
        });
        let reader = SecretReader::new(Client::new(service, "default"));
        let key = ObjectKey::new("team", "acme");
        let mut reads: FuturesUnordered<_> = (0..20).map(|_| reader.read(&key)).collect();
        let mut held = Vec::new();
        // The server answers at once, so whoever has not been answered in a second is waiting for a place.
        while let Ok(Some(read)) = tokio::time::timeout(Duration::from_secs(1), reads.next()).await {
            held.push(read.unwrap());
        }
        assert_eq!(held.len(), 8);
        held.truncate(5);
        for _ in 0..3 {
            held.push(reads.next().await.unwrap().unwrap());
        }
        assert_eq!((held.len(), reads.len()), (8, 9));
    }
}
