//! The fence: no write leaves a process that may not be the leader any more.
//!
//! It stands around the client, so that no write, of today or to come, can forget to ask. It stands within the retries:
//! an API server that is overloaded has a write tried again for as long as its deadline lets it, and that is when Leases are
//! not renewed either.

use http::Request;
use kube::{
    Client,
    client::{Body, retry::RetryPolicy},
};
use tower::{BoxError, retry::Retry, service_fn};

use super::Claim;

/// The claim ended while a write was under way: it may or may not have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim to be the leader ended before there was an answer")]
pub(super) struct ClaimEnded;

/// A client that asks the claim right before each attempt at a write, dry runs included, and answers
/// [`NotLeader`](super::NotLeader) where it is not current: that attempt was not sent. One that is under way when the claim
/// ends is given up, lest it be sent, or sent on, to where another has written since. What only reads is let through.
///
/// `server` itself must try nothing again; whether it is worth another attempt is judged here, as kube does by default.
#[must_use]
pub fn fenced(server: Client, claim: Claim) -> Client {
    let namespace = server.default_namespace().to_owned();
    let fence = service_fn(move |request: Request<Body>| {
        let (server, claim) = (server.clone(), claim.clone());
        async move {
            if request.method().is_safe() {
                return Ok(server.send(request).await?);
            }
            claim.check()?;
            tokio::select! {
                // First, for who was frozen: it is over, and the request may not have been sent.
                biased;
                () = claim.until_over() => Err(BoxError::from(ClaimEnded)),
                answer = server.send(request) => Ok(answer?),
            }
        }
    });
    Client::new(Retry::new(RetryPolicy::server_retry(), fence), namespace)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use http::{Method, Response, StatusCode};

    use super::*;
    use crate::{
        clock::{self, Clock},
        cluster::{
            ClusterError,
            claim::{Grip, Renewed},
            error::Carried,
        },
    };

    /// A server that answers each request with this, and how many it was sent.
    fn server(status: StatusCode) -> (Client, Arc<AtomicUsize>) {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let service = service_fn(move |_: Request<Body>| {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = Response::builder().status(status).body(Body::empty());
            async move { answer }
        });
        (Client::new(service, "default"), sent)
    }

    /// A server that takes requests and never answers.
    fn silent() -> Client {
        let service = service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, BoxError>>());
        Client::new(service, "default")
    }

    fn claim_for(deadline: Duration) -> (Grip, Claim) {
        let clock = Clock::system();
        Grip::new(Renewed::now(&clock), deadline, clock)
    }

    async fn send(client: &Client, method: Method) -> Result<StatusCode, ClusterError> {
        let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
        let answer = client.send(request).await;
        let status = answer.as_ref().map(Response::status);
        status.map_err(|error| ClusterError::from_kube(error, Carried::NoValues))
    }

    #[tokio::test]
    async fn without_a_claim_only_reads_are_sent() {
        let (server, sent) = server(StatusCode::OK);
        let (grip, claim) = claim_for(Duration::from_secs(10));
        let client = fenced(server, claim);
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(send(&client, method).await, Ok(StatusCode::OK));
        }
        grip.withdraw();
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(send(&client, method).await, Err(ClusterError::NotLeader));
        }
        assert_eq!(sent.load(Ordering::Relaxed), 4, "nothing was sent");
        assert_eq!(send(&client, Method::GET).await, Ok(StatusCode::OK));
    }

    #[tokio::test(start_paused = true)]
    async fn each_further_attempt_at_a_write_asks_anew() {
        let (server, sent) = server(StatusCode::SERVICE_UNAVAILABLE);
        // Tokio's clock is paused and the wall clock is not: the monotonic one ends this claim.
        let (_grip, claim) = claim_for(Duration::from_millis(500));
        let client = fenced(server, claim.clone());
        assert_eq!(send(&client, Method::PATCH).await, Err(ClusterError::NotLeader));
        assert!(!claim.is_current());
        let attempts = sent.load(Ordering::Relaxed);
        assert!((2..15).contains(&attempts), "{attempts}");
        // Those of a read go on to their end.
        let unavailable = send(&client, Method::GET).await;
        assert_eq!(unavailable, Ok(StatusCode::SERVICE_UNAVAILABLE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_without_an_answer_is_given_up_when_the_claim_ends() {
        let (grip, claim) = claim_for(Duration::from_secs(10));
        let client = fenced(silent(), claim);
        let began = clock::monotonic();
        let renewing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            grip.renew(Renewed::now(&Clock::system()));
            std::future::pending::<()>().await;
        });
        assert_eq!(send(&client, Method::PATCH).await, Err(ClusterError::TimedOut));
        assert_eq!(began.elapsed().as_secs(), 15, "ten seconds after the renewal");
        renewing.abort();
    }
}
