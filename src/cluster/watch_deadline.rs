//! How long a watch may take to begin.

use std::io;

use http::Request;
use kube::{Client, client::Body};
use tower::{BoxError, service_fn};

use super::DEADLINE;

/// A client that gives up a watch whose answer has not begun within [`DEADLINE`].
///
/// What goes on for minutes has no deadline of its own, and its stream does not tell that it waits for the beginning. So
/// a watch over a connection that had silently died would never be begun again, and the client's own retries would put one
/// off for as long as a `Retry-After` says. Either leaves a store that grows old without a word.
#[must_use]
pub fn begun_in_time(server: Client) -> Client {
    let namespace = server.default_namespace().to_owned();
    let in_time = service_fn(move |request: Request<Body>| {
        let server = server.clone();
        async move {
            let query = request.uri().query().unwrap_or_default();
            let watch = query.split('&').any(|parameter| parameter == "watch=true");
            let answer = server.send(request);
            if !watch {
                return Ok::<_, BoxError>(answer.await?);
            }
            match tokio::time::timeout(DEADLINE, answer).await {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        }
    });
    Client::new(in_time, namespace)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use super::*;
    use crate::{
        clock,
        cluster::{ClusterError, NoConnection, error::Carried},
    };

    /// What becomes of a request to a server that is silent for this long.
    async fn asked(uri: &str, silent: Duration) -> Result<http::Response<Body>, ClusterError> {
        let server = service_fn(move |_: Request<Body>| async move {
            tokio::time::sleep(silent).await;
            Ok::<_, Infallible>(http::Response::new(Body::empty()))
        });
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let answer = begun_in_time(Client::new(server, "default")).send(request).await;
        answer.map_err(|error| ClusterError::from_kube(&error, Carried::NoValues))
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_does_not_begin_is_given_up() {
        let began = clock::monotonic();
        let uri = "/api/v1/secrets?watch=true&timeoutSeconds=200";
        let given_up = asked(uri, Duration::from_hours(1)).await.unwrap_err();
        assert_eq!(given_up, ClusterError::Unreachable(NoConnection::TimedOut));
        assert_eq!(began.elapsed(), DEADLINE);
        assert!(asked(uri, Duration::from_secs(14)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_has_as_long_as_whoever_asks_gives_it() {
        let uri = "/api/v1/secrets?limit=50";
        assert!(asked(uri, Duration::from_mins(1)).await.is_ok());
    }
}
