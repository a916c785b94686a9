//! Lists and watches as they go over the wire, for an operator that watches for itself, and an API server that is away.

use std::{collections::HashMap, future, io};

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

/// What becomes of a list of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    Answered,
    /// 403.
    Refused,
    /// Nobody says anything.
    Unanswered,
}

/// What watches are told, and whether anybody is there to tell it.
#[derive(Default)]
pub(super) struct Served {
    away: bool,
    /// What becomes of lists of credentials in a namespace, or in all under `""`, where they are not answered.
    lists: HashMap<String, Lists>,
    /// Somebody lists, and may watch from there.
    listed: bool,
    changes: Vec<Change>,
    watches: Vec<(Scope, UnboundedSender<Bytes>)>,
    begun: Vec<Instant>,
    refused: Vec<Instant>,
}

/// What is listed and watched: a kind, in one namespace or in all.
#[derive(Debug)]
struct Scope {
    kind: String,
    /// Empty: all.
    namespace: String,
}

impl Scope {
    /// What this path lists, if it does.
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (namespace, kind) = match segments.as_slice() {
            [.., "namespaces", namespace, kind] => (*namespace, *kind),
            [.., kind] => ("", *kind),
            [] => return None,
        };
        ["secrets", "tracktikcredentials"].contains(&kind).then(|| Self {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
        })
    }

    fn has(&self, kind: &str, namespace: &str) -> bool {
        self.kind == kind && (self.namespace.is_empty() || self.namespace == namespace)
    }
}

struct Change {
    version: u64,
    kind: &'static str,
    namespace: String,
    event: Bytes,
}

impl Served {
    /// Something was stored or deleted, as of this version.
    pub(super) fn changed(&mut self, version: u64, kind: &'static str, event: &'static str, object: &Value) {
        if !self.listed {
            return;
        }
        let object = seen(kind, object);
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let event = Bytes::from(format!("{}\n", json!({ "type": event, "object": object })));
        let concerned = self.watches.iter().filter(|(scope, _)| scope.has(kind, &namespace));
        for (_, watch) in concerned {
            // Who has hung up is told no more.
            let _ = watch.send(event.clone());
        }
        self.changes.push(Change {
            version,
            kind,
            namespace,
            event,
        });
    }

    /// A watch that goes on from this version.
    fn watch(&mut self, scope: Scope, since: u64) -> UnboundedReceiver<Bytes> {
        let (watch, told) = unbounded_channel();
        let missed = self.changes.iter().filter(|change| change.version > since);
        for change in missed.filter(|change| scope.has(change.kind, &change.namespace)) {
            let _ = watch.send(change.event.clone());
        }
        self.watches.push((scope, watch));
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

    /// What becomes of lists of the credentials of this namespace from now on, or of those of all under `""`.
    pub fn lists_are(&self, namespace: &str, lists: Lists) {
        self.state
            .lock()
            .unwrap()
            .served
            .lists
            .insert(namespace.to_owned(), lists);
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
        let scope = Scope::of(request.uri().path()).filter(|_| request.method() == Method::GET);
        {
            let mut state = self.state.lock().unwrap();
            if state.served.away {
                state.served.refused.push(monotonic());
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
        }
        if let Some(scope) = scope {
            let query = request.uri().query().unwrap_or_default();
            let answer = self.state.lock().unwrap().list_or_watch(scope, query);
            return match answer {
                Some(answer) => Ok(answer),
                None => future::pending().await,
            };
        }
        let answer = self.answer(request).await;
        if self.state.lock().unwrap().served.away {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(answer.map(|body| body.map_err(io::Error::other).boxed_unsync()))
    }
}

impl State {
    /// The answer, where there is to be one.
    fn list_or_watch(&mut self, scope: Scope, query: &str) -> Option<Response<Streamed>> {
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
        };
        if parameter("watch") != Some("true") {
            let lists = self.served.lists.get(&scope.namespace).copied();
            match lists.filter(|_| scope.kind == "tracktikcredentials") {
                Some(Lists::Unanswered) => return None,
                Some(Lists::Refused) => {
                    let mut refusal = whole(&refusal());
                    *refusal.status_mut() = StatusCode::FORBIDDEN;
                    return Some(refusal);
                }
                Some(Lists::Answered) | None => {}
            }
            self.served.listed = true;
            return Some(whole(&self.listed(&scope)));
        }
        let since = parameter("resourceVersion").unwrap_or_default().parse().unwrap();
        let told = self.served.watch(scope, since);
        let next = async |mut told: UnboundedReceiver<Bytes>| Some((Frame::data(told.recv().await?), told));
        let told = futures::stream::unfold(told, next).map(Ok);
        Some(Response::new(StreamBody::new(told).boxed_unsync()))
    }

    fn listed(&self, scope: &Scope) -> Value {
        let kind = scope.kind.as_str();
        let objects = if kind == "secrets" {
            &self.secrets
        } else {
            &self.credentials
        };
        let of_scope = objects.iter().filter(|(key, _)| scope.has(kind, &key.namespace));
        let items: Vec<Value> = of_scope.map(|(_, object)| seen(kind, object)).collect();
        let version = json!({ "resourceVersion": self.version.to_string() });
        json!({ "apiVersion": "v1", "kind": "List", "metadata": version, "items": items })
    }
}
