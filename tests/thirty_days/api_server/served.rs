//! Lists and watches as they go over the wire, for an operator that watches for itself, and an API server that is away.

use std::io;

use futures::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracktik_operator::clock::{Instant, monotonic};

use super::{ApiServer, State};

pub(super) type Streamed = UnsyncBoxBody<Bytes, io::Error>;

/// What watches are told, and whether anybody is there to tell it.
#[derive(Default)]
pub(super) struct Served {
    away: bool,
    /// Whoever lists credentials may not.
    lists_refused: bool,
    /// Somebody lists, and may watch from there.
    listed: bool,
    changes: Vec<Change>,
    watches: Vec<(String, UnboundedSender<Bytes>)>,
    begun: Vec<Instant>,
    refused: Vec<Instant>,
}

struct Change {
    version: u64,
    kind: &'static str,
    event: Bytes,
}

impl Served {
    /// Something was stored or deleted, as of this version.
    pub(super) fn changed(&mut self, version: u64, kind: &'static str, event: &'static str, object: &Value) {
        if !self.listed {
            return;
        }
        let object = seen(kind, object);
        let event = Bytes::from(format!("{}\n", json!({ "type": event, "object": object })));
        let of_kind = self.watches.iter().filter(|(watched, _)| watched == kind);
        for (_, watch) in of_kind {
            // Who has hung up is told no more.
            let _ = watch.send(event.clone());
        }
        self.changes.push(Change { version, kind, event });
    }

    /// A watch that goes on from this version.
    fn watch(&mut self, kind: &str, since: u64) -> UnboundedReceiver<Bytes> {
        let (watch, told) = unbounded_channel();
        let missed = self.changes.iter().filter(|change| change.version > since);
        for change in missed.filter(|change| change.kind == kind) {
            let _ = watch.send(change.event.clone());
        }
        self.watches.push((kind.to_owned(), watch));
        self.begun.push(monotonic());
        told
    }
}

fn whole(answer: &Value) -> Response<Streamed> {
    let bytes = Bytes::from(answer.to_string());
    Response::new(StreamBody::new(futures::stream::iter([Ok(Frame::data(bytes))])).boxed_unsync())
}

fn refusal() -> Value {
    let message = "tracktikcredentials is forbidden: User cannot list resource";
    json!({ "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403, "message": message })
}

/// As it is sent: of Secrets, metadata.
fn seen(kind: &str, object: &Value) -> Value {
    if kind == "secrets" {
        let (version, kind) = ("meta.k8s.io/v1", "PartialObjectMetadata");
        return json!({ "apiVersion": version, "kind": kind, "metadata": object["metadata"] });
    }
    object.clone()
}

impl ApiServer {
    /// From now on nobody answers, and whoever watches is cut off; or somebody does again.
    pub fn away(&self, away: bool) {
        let mut state = self.state.lock().unwrap();
        state.served.away = away;
        state.served.watches.clear();
    }

    /// From now on nobody may list credentials, or everybody may again.
    pub fn refuse_lists(&self, refuse: bool) {
        self.state.lock().unwrap().served.lists_refused = refuse;
    }

    /// When something was asked in vain.
    pub fn asked_in_vain(&self) -> Vec<Instant> {
        self.state.lock().unwrap().served.refused.clone()
    }

    /// When a watch was begun.
    pub fn watches_begun(&self) -> Vec<Instant> {
        self.state.lock().unwrap().served.begun.clone()
    }

    pub(super) async fn serve(&self, request: Request<Body>) -> io::Result<Response<Streamed>> {
        {
            let mut state = self.state.lock().unwrap();
            if state.served.away {
                state.served.refused.push(monotonic());
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let query = request.uri().query().unwrap_or_default();
            let kind = request.uri().path().rsplit('/').next().unwrap_or_default();
            if request.method() == Method::GET && ["secrets", "tracktikcredentials"].contains(&kind) {
                return Ok(state.list_or_watch(kind, query));
            }
        }
        let answer = self.answer(request).await;
        if self.state.lock().unwrap().served.away {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(answer.map(|body| body.map_err(io::Error::other).boxed_unsync()))
    }
}

impl State {
    fn list_or_watch(&mut self, kind: &str, query: &str) -> Response<Streamed> {
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
        };
        if parameter("watch") != Some("true") {
            if self.served.lists_refused && kind == "tracktikcredentials" {
                let mut refusal = whole(&refusal());
                *refusal.status_mut() = StatusCode::FORBIDDEN;
                return refusal;
            }
            self.served.listed = true;
            return whole(&self.listed(kind));
        }
        let since = parameter("resourceVersion").unwrap_or_default().parse().unwrap();
        let told = self.served.watch(kind, since);
        let next = async |mut told: UnboundedReceiver<Bytes>| Some((Frame::data(told.recv().await?), told));
        let told = futures::stream::unfold(told, next).map(Ok);
        Response::new(StreamBody::new(told).boxed_unsync())
    }

    fn listed(&self, kind: &str) -> Value {
        let objects = if kind == "secrets" {
            &self.secrets
        } else {
            &self.credentials
        };
        let items: Vec<Value> = objects.values().map(|object| seen(kind, object)).collect();
        let version = json!({ "resourceVersion": self.version.to_string() });
        json!({ "apiVersion": "v1", "kind": "List", "metadata": version, "items": items })
    }
}
