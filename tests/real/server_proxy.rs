//! A proxy between an operator and a real OAuth server that passes requests on, and does to the answer of a login or a refresh
//! what it is told to.
//!
//! The server has then done its work: by its own record there is one more session, or the refresh token is used.

use std::{
    io,
    sync::{Arc, Mutex},
};

use http_body_util::BodyExt;
use hyper::{Request, body::Incoming};
use testbed::certificates::Authority;
use tokio::{net::TcpListener, task::JoinSet};
use tracktik_operator::api::Grant;

use crate::{
    api_answers::{Answer, half, whole},
    upstream::{Upstream, certified, serve},
};

/// What is asked for, by the body of the request.
fn asked_for(body: &[u8]) -> Option<Grant> {
    let of = |grant: &(Grant, &[u8])| body.windows(grant.1.len()).any(|part| part == grant.1);
    let known: [(Grant, &[u8]); 2] = [
        (Grant::Password, b"grant_type=password"),
        (Grant::Refresh, b"grant_type=refresh_token"),
    ];
    known.into_iter().find(of).map(|(grant, _)| grant)
}

/// Where the way back of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before its first byte.
    Before,
    /// In the middle of its body.
    Within,
}

type Planned = Arc<Mutex<Vec<(Grant, Cut)>>>;

/// Stands before one server. Dropping it ends all connections.
pub struct ServerProxy {
    domain: String,
    /// What the answers to the next requests for each grant meet, in their order.
    planned: Planned,
    _serving: JoinSet<()>,
    /// Holds its certificate.
    _folder: tempfile::TempDir,
}

impl ServerProxy {
    /// Before the server at this `domain`, whose certificate the same authority has signed.
    pub async fn before(domain: &str, authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = certified(&authority.issue(folder.path(), &["127.0.0.1"]).unwrap());
        let upstream = Upstream::at(&format!("https://{domain}"), authority.ca_pem().as_bytes());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let domain = listener.local_addr().unwrap().to_string();
        let planned = Planned::default();
        let meets = Arc::clone(&planned);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (upstream, meets) = (upstream.clone(), Arc::clone(&meets));
                let answer = move |request| answer(request, upstream.clone(), Arc::clone(&meets));
                connections.spawn(serve(connection, tls.clone(), answer));
            }
        });
        Self {
            domain,
            planned,
            _serving: serving,
            _folder: folder,
        }
    }

    /// Where it is asked, as the `domain` of a credential.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The answer to the next request for this grant ends here.
    pub fn cut_next(&self, grant: Grant, cut: Cut) {
        self.planned.lock().unwrap().push((grant, cut));
    }

    /// Whether every cut that was asked for has been made.
    pub fn has_cut_all(&self) -> bool {
        self.planned.lock().unwrap().is_empty()
    }
}

/// An error ends the connection without an answer.
async fn answer(request: Request<Incoming>, upstream: Upstream, planned: Planned) -> Result<Answer, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let grant = asked_for(&body);
    let passed = upstream.ask(&parts, body).await?;
    let cut = grant.and_then(|grant| next(&planned, grant));
    match cut {
        None => Ok(whole(passed)),
        Some(Cut::Within) => half(passed).await,
        Some(Cut::Before) => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn next(planned: &Planned, grant: Grant) -> Option<Cut> {
    let mut planned = planned.lock().unwrap();
    let at = planned.iter().position(|(of, _)| *of == grant)?;
    Some(planned.remove(at).1)
}
