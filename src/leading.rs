//! Following until it is our turn to lead, and what the end of a leadership means for the process.

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    cluster::{
        Claim,
        leader_election::LeaderElection,
        leadership::{Ended, Leadership},
    },
    controller::NoRandomNumbers,
    work::{Panicked, Work},
};

/// Why a process that was not asked to end has to.
#[derive(Debug, thiserror::Error)]
pub enum NoLonger {
    /// Another process is the leader: the one that is started in our place follows it.
    #[error("leadership lost: the Lease names {by:?} now")]
    Taken {
        /// Whom the Lease names.
        by: String,
    },
    /// Another process may have been the leader.
    #[error("leadership lost: the Lease was taken away while it could not be renewed")]
    Gone,
    /// The work is not done any more. The Lease is not handed back: something of it may still be under way.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The work cannot begin.
    #[error(transparent)]
    NoRandomNumbers(#[from] NoRandomNumbers),
}

/// Works until it is stopped, with nobody to be elected.
///
/// # Errors
/// The work cannot begin, or is not done any more.
pub(crate) async fn alone(work: Result<Work, NoRandomNumbers>) -> Result<(), NoLonger> {
    Ok(work?.until_stopped().await?)
}

/// Waits to become the leader, and then works until `stop`, or until another leads.
///
/// # Errors
/// The leadership was lost: whatever is under way cannot be written any more, so nothing of it is waited for.
pub(crate) async fn lead(
    election: &LeaderElection,
    stop: &CancellationToken,
    work: impl FnOnce(Claim) -> Result<Work, NoRandomNumbers>,
) -> Result<(), NoLonger> {
    let Some(leadership) = election.acquire(stop).await else {
        return Ok(());
    };
    keep(leadership, stop, work).await
}

async fn keep(
    leadership: Leadership,
    stop: &CancellationToken,
    work: impl FnOnce(Claim) -> Result<Work, NoRandomNumbers>,
) -> Result<(), NoLonger> {
    let claim = leadership.claim.clone();
    let release = CancellationToken::new();
    let mut keeping = AbortOnDropHandle::new(tokio::spawn(leadership.keep(release.clone())));
    let done = if stop.is_cancelled() {
        // The last write of a candidate that was stopped made it the leader after all.
        Ok(())
    } else {
        match work(claim) {
            Ok(work) => {
                tokio::select! {
                    done = work.until_stopped() => Ok(done?),
                    ended = &mut keeping => return Err(lost(ended.ok())),
                }
            }
            Err(error) => Err(error.into()),
        }
    };
    // Only now: nothing of ours is under way any more, and another leads from this moment on.
    release.cancel();
    let _ = keeping.await;
    done
}

fn lost(ended: Option<Ended>) -> NoLonger {
    match ended {
        Some(Ended::Taken { by }) => NoLonger::Taken { by },
        // A release was not asked for, and a panic leaves the Lease to whoever comes.
        Some(Ended::Gone | Ended::Released) | None => NoLonger::Gone,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use http::{Method, Request, Response, StatusCode};
    use http_body_util::BodyExt;
    use kube::{Client, client::Body};
    use serde_json::{Value, json};

    use super::*;
    use crate::{clock::Clock, cluster::lease::Timing, health::Readiness};

    /// Whom the Lease named with each write; nobody where it was handed back.
    type Named = Arc<Mutex<Vec<String>>>;

    /// An API server with one Lease, which nobody else wants.
    fn api_server() -> (Client, Named) {
        let named = Named::default();
        let noted = Arc::clone(&named);
        let service = tower::service_fn(move |request: Request<Body>| {
            let noted = Arc::clone(&noted);
            async move {
                let (parts, body) = request.into_parts();
                if parts.uri.query().unwrap_or_default().contains("watch=true") {
                    std::future::pending::<()>().await;
                }
                let (code, answer) = if parts.method == Method::GET {
                    let status = json!({ "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404 });
                    (StatusCode::NOT_FOUND, status)
                } else {
                    let body = body.collect().await.unwrap().to_bytes();
                    let mut lease: Value = serde_json::from_slice(&body).unwrap();
                    let mut noted = noted.lock().unwrap();
                    noted.push(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned());
                    lease["metadata"]["uid"] = json!("1");
                    lease["metadata"]["resourceVersion"] = json!(noted.len().to_string());
                    (StatusCode::OK, lease)
                };
                let mut response = Response::new(Body::from(answer.to_string().into_bytes()));
                *response.status_mut() = code;
                Ok::<_, Infallible>(response)
            }
        });
        (Client::new(service, "default"), named)
    }

    /// What becomes of a leader whose loop does this, and whether the Lease was handed back.
    async fn led(looping: impl Future<Output = ()> + Send + 'static) -> (Result<(), NoLonger>, bool) {
        let (client, named) = api_server();
        let item = Readiness::default().item("leader election");
        let election = LeaderElection::new(client, "default", "lease", Timing::default(), Clock::system(), item);
        let stop = CancellationToken::new();
        let done = lead(&election, &stop, |_| Ok(Work::of(looping, &stop))).await;
        // Whatever would still be written.
        tokio::time::sleep(Duration::from_mins(1)).await;
        let named = named.lock().unwrap();
        assert_eq!(named.first().map(String::as_str), Some(election.identity()));
        (done, named.iter().any(String::is_empty))
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_whose_loop_panics_ends_with_an_error_and_hands_nothing_back() {
        let (done, handed_back) = led(async { panic!("a bug") }).await;
        assert!(matches!(done, Err(NoLonger::Panicked(Panicked))), "{done:?}");
        assert!(!handed_back, "something of it may be under way");
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_whose_loop_has_ended_hands_the_lease_back() {
        let (done, handed_back) = led(async {}).await;
        assert!(done.is_ok() && handed_back, "{done:?}");
    }

    #[tokio::test]
    async fn without_an_election_a_loop_that_panics_is_no_success_either() {
        let stop = CancellationToken::new();
        let done = alone(Ok(Work::of(async { panic!("a bug") }, &stop))).await;
        assert!(matches!(done, Err(NoLonger::Panicked(Panicked))), "{done:?}");
        assert!(alone(Ok(Work::of(async {}, &stop))).await.is_ok());
    }
}
