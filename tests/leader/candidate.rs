//! A candidate in this process, and the wire between it and the API server.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::stream;
use http::{Request, Response};
use http_body_util::{Either, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    clock::Clock,
    cluster::{Claim, leader_election::LeaderElection, leadership::Ended, lease::Timing},
    health::Readiness,
};

use crate::{
    lookout::Lookout,
    stage::{LEASE, PATIENCE, eventually},
};

/// How long a slow answer takes: less than a call may.
pub const SLOW: Duration = Duration::from_millis(300);

/// What the wire does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It never arrives.
    Lost,
    /// It is carried out, and the answer never arrives.
    AnswerLost,
    /// As [`Self::AnswerLost`] for what writes.
    WriteUnanswered,
    /// What creates never arrives.
    CreationLost,
    /// The answer takes [`SLOW`].
    Slow,
    /// It never arrives, and something else answers with an error under the code 200.
    FalselyWell,
    /// A watch begins, and tells nothing.
    DeafWatch,
}

/// A request by its method, or `WATCH` for what follows the Lease, and when it was sent.
pub type Sent = (&'static str, Instant);

/// The way to the API server.
#[derive(Clone)]
pub struct Wire {
    pub client: kube::Client,
    pub fault: watch::Sender<Fault>,
    pub sent: Arc<Mutex<Vec<Sent>>>,
}

impl Wire {
    pub fn new(server: kube::Client) -> Self {
        let (fault, faults) = watch::channel(Fault::None);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, faults, log) = (server.clone(), faults.clone(), Arc::clone(&log));
            async move {
                let writes = !request.method().is_safe();
                let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
                let method = match request.method().as_str() {
                    _ if watches => "WATCH",
                    "GET" => "GET",
                    "POST" => "POST",
                    "PUT" => "PUT",
                    other => panic!("{other} is not for Leases"),
                };
                log.lock().unwrap().push((method, Instant::now()));
                let fault = *faults.borrow();
                match fault {
                    Fault::Lost => std::future::pending().await,
                    Fault::CreationLost if method == "POST" => std::future::pending().await,
                    Fault::AnswerLost | Fault::WriteUnanswered
                        if writes || (fault == Fault::AnswerLost && !watches) =>
                    {
                        let _ = server.send(request).await;
                        std::future::pending().await
                    }
                    Fault::Slow => {
                        let answer = server.send(request).await;
                        tokio::time::sleep(SLOW).await;
                        answer.map(|answer| answer.map(Either::Left))
                    }
                    Fault::FalselyWell => {
                        let error = serde_json::json!({ "kind": "Status", "metadata": {}, "status": "Failure" });
                        let body = Body::from(error.to_string().into_bytes());
                        Ok(Response::new(Either::Left(body)))
                    }
                    Fault::DeafWatch if watches => Ok(Response::new(Either::Right(silent()))),
                    _ => server.send(request).await.map(|answer| answer.map(Either::Left)),
                }
            }
        });
        Self {
            client: kube::Client::new(service, "default"),
            fault,
            sent,
        }
    }

    pub fn is(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many of these were sent.
    pub fn count(&self, of: &[&str]) -> usize {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(method, _)| of.contains(method)).count()
    }

    /// When the latest of these was sent.
    pub fn latest(&self, of: &[&str]) -> Instant {
        let sent = self.sent.lock().unwrap();
        let latest = sent.iter().rfind(|(method, _)| of.contains(method));
        latest.map(|(_, at)| *at).unwrap()
    }
}

type Frames = stream::Pending<Result<Frame<Bytes>, std::io::Error>>;

/// A body that never ends and says nothing.
fn silent() -> StreamBody<Frames> {
    StreamBody::new(stream::pending())
}

pub struct Candidate {
    pub wire: Wire,
    election: LeaderElection,
    /// Ends the wait for the leadership.
    pub stop: CancellationToken,
    /// Ends the leadership.
    pub release: CancellationToken,
    leads: watch::Sender<Option<Leads>>,
    task: Option<JoinHandle<Option<Ended>>>,
}

/// Since when, and by which claim.
#[derive(Clone)]
pub struct Leads {
    pub since: Instant,
    pub claim: Claim,
}

impl Candidate {
    pub fn new(wire: Wire, namespace: &str, timing: Timing) -> Self {
        let item = Readiness::default().item("leader election");
        let election = LeaderElection::new(wire.client.clone(), namespace, LEASE, timing, Clock::system(), item);
        Self {
            wire,
            election,
            stop: CancellationToken::new(),
            release: CancellationToken::new(),
            leads: watch::Sender::new(None),
            task: None,
        }
    }

    pub fn identity(&self) -> &str {
        self.election.identity()
    }

    pub fn start(&mut self, lookout: &Lookout) {
        let (election, stop, release) = (self.election.clone(), self.stop.clone(), self.release.clone());
        let (leads, claims) = (self.leads.clone(), lookout.claims());
        self.task = Some(tokio::spawn(async move {
            let leadership = election.acquire(&stop).await?;
            claims.watch(leadership.claim.clone());
            leads.send_replace(Some(Leads {
                since: Instant::now(),
                claim: leadership.claim.clone(),
            }));
            Some(leadership.keep(release).await)
        }));
    }

    /// Waits until it leads.
    pub async fn leads(&self) -> Leads {
        let mut leads = self.leads.subscribe();
        let found = timeout(PATIENCE, leads.wait_for(Option::is_some)).await;
        found
            .unwrap_or_else(|_| panic!("{} never leads", self.identity()))
            .unwrap()
            .clone()
            .unwrap()
    }

    pub fn has_led(&self) -> bool {
        self.leads.borrow().is_some()
    }

    /// Waits until it has begun to watch, which it does once it follows.
    pub async fn follows(&self) {
        eventually(|| async {
            match self.wire.count(&["WATCH"]) {
                0 => Err(format!("{} does not follow", self.identity())),
                _ => Ok(()),
            }
        })
        .await;
    }

    /// As SIGKILL does: nothing is handed back.
    pub fn kill(&mut self) {
        self.task.take().unwrap().abort();
    }

    /// How the leadership ended; `None` where it was never had.
    pub async fn ended(&mut self) -> Option<Ended> {
        timeout(PATIENCE, self.task.take().unwrap()).await.unwrap().unwrap()
    }
}

/// The first of these to lead, by number.
pub async fn first_to_lead(candidates: &[&Candidate]) -> usize {
    eventually(|| async {
        let leader = candidates.iter().position(|candidate| candidate.has_led());
        leader.ok_or_else(|| "nobody leads".to_owned())
    })
    .await
}
