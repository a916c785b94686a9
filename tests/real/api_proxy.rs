//! A proxy between an operator and its API server that knows requests apart, and does to each what it is told to.
//!
//! It ends TLS with a certificate that the operator's kubeconfig names, and passes the operator's own token on: to the
//! API server, and in its audit log, the requests are the operator's.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use http_body_util::BodyExt;
use hyper::{Request, body::Incoming, header};
use serde_json::{Value, json};
use testbed::{operator::Operator, operator_start::OperatorBuilder};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    api_answers::{Answer, expired, foreign, half, refusal, whole},
    api_trouble::{Call, Seen, Trouble, Troubles},
    scene::Scene,
    upstream::{Upstream, certified, serve},
};

/// Passes requests on to the API server of a scene. Dropping it ends all connections.
pub struct ApiProxy {
    troubles: Arc<Mutex<Troubles>>,
    connections: Arc<Mutex<JoinSet<()>>>,
    /// Whether the certificate of another host is shown from now on.
    is_stranger: Arc<AtomicBool>,
    /// How many connections were shown that one.
    strangers: Arc<AtomicUsize>,
    kubeconfig: Value,
    /// Holds the kubeconfig by which an operator knows it.
    folder: tempfile::TempDir,
    _serving: JoinSet<()>,
}

impl ApiProxy {
    pub async fn of(scene: &Scene) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut kubeconfig = operators_kubeconfig(scene, &folder).await;
        let mut upstream = Upstream::of(&kubeconfig);
        upstream.elsewhere = scene.simulator.domain();
        let certificate = certified(&scene.authority().issue(folder.path(), &["127.0.0.1"]).unwrap());
        let stranger = certified(&scene.authority().issue_for_wrong_name(folder.path()).unwrap());
        let is_stranger: Arc<AtomicBool> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let troubles: Arc<Mutex<Troubles>> = Arc::default();
        let connections: Arc<Mutex<JoinSet<()>>> = Arc::default();
        let (met, opened) = (Arc::clone(&troubles), Arc::clone(&connections));
        let (shows_stranger, shown) = (Arc::clone(&is_stranger), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&shown);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let tls = if shows_stranger.load(Ordering::Relaxed) {
                    counted.fetch_add(1, Ordering::Relaxed);
                    &stranger
                } else {
                    &certificate
                };
                let (upstream, met) = (upstream.clone(), Arc::clone(&met));
                let answer = move |request| answer(request, upstream.clone(), Arc::clone(&met));
                let served = serve(connection, tls.clone(), answer);
                opened.lock().unwrap().spawn(served);
            }
        });
        let cluster = &mut kubeconfig["clusters"][0]["cluster"];
        cluster["server"] = json!(format!("https://{address}"));
        cluster["certificate-authority-data"] = base64(scene.authority().ca_pem());
        Self {
            troubles,
            connections,
            is_stranger,
            strangers: shown,
            kubeconfig,
            folder,
            _serving: serving,
        }
    }

    /// An operator that knows its API server by this proxy only.
    pub async fn start(&self, scene: &Scene, builder: OperatorBuilder) -> Operator {
        let user = self.kubeconfig["users"][0]["user"].clone();
        self.start_as(scene, builder, user).await
    }

    /// As [`Self::start`], with this `user` in its kubeconfig.
    pub async fn start_as(&self, scene: &Scene, builder: OperatorBuilder, user: Value) -> Operator {
        let mut kubeconfig = self.kubeconfig.clone();
        kubeconfig["users"][0]["user"] = user;
        let file = self.folder.path().join("through-the-proxy");
        std::fs::write(&file, kubeconfig.to_string()).unwrap();
        builder.arg("--kubeconfig").arg(&file).start(scene.plane).await.unwrap()
    }

    /// The next request of this kind for this credential meets this.
    pub fn once(&self, call: Call, credential: &str, trouble: Trouble) {
        self.troubles().plan(call, credential, trouble, Some(1));
    }

    /// So does every one of them to come, until [`Self::clear`].
    pub fn always(&self, call: Call, credential: &str, trouble: Trouble) {
        self.troubles().plan(call, credential, trouble, None);
    }

    pub fn clear(&self) {
        self.troubles().clear();
    }

    /// Ends every connection, and with it the watches; those to come are let through.
    pub fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }

    /// Ends every connection; those to come are shown the certificate of another host, or the right one again.
    pub fn is_a_stranger(&self, stranger: bool) {
        self.is_stranger.store(stranger, Ordering::Relaxed);
        self.cut();
    }

    /// How many connections were shown the certificate of another host.
    pub fn shown_as_a_stranger(&self) -> usize {
        self.strangers.load(Ordering::Relaxed)
    }

    /// The token by which an operator that [`Self::start`] started is known to the API server.
    pub fn operators_token(&self) -> &str {
        self.kubeconfig["users"][0]["user"]["token"].as_str().unwrap()
    }

    /// How many requests of this kind have met a trouble.
    pub fn met(&self, call: Call) -> usize {
        self.troubles()
            .seen
            .iter()
            .filter(|seen| **seen == (call, true))
            .count()
    }

    /// How many requests of this kind came, whatever became of them.
    pub fn seen(&self, call: Call) -> usize {
        self.troubles().seen.iter().filter(|seen| seen.0 == call).count()
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap()
    }
}

/// As which the operator that ships knows its API server.
async fn operators_kubeconfig(scene: &Scene, folder: &tempfile::TempDir) -> Value {
    let file = folder.path().join("kubeconfig");
    let plane = scene.plane;
    plane
        .kubeconfig_for_service_account("tracktik-system", "tracktik-operator", &file)
        .await
        .unwrap();
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Requests pass, or meet their trouble. An error ends the connection without an answer.
async fn answer(
    request: Request<Incoming>,
    upstream: Upstream,
    troubles: Arc<Mutex<Troubles>>,
) -> Result<Answer, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let seen = Seen {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: content_type.and_then(|value| value.to_str().ok()).unwrap_or_default(),
        body: &serde_json::from_slice(&body).unwrap_or_default(),
    };
    let trouble = troubles.lock().unwrap().meet(&seen);
    let passed = match trouble {
        Some(trouble) if !trouble.passes_on() => None,
        _ => Some(upstream.ask(&parts, body).await?),
    };
    match (trouble, passed) {
        (None, Some(passed)) => Ok(whole(passed)),
        (Some(Trouble::CutAnswer), Some(passed)) => half(passed).await,
        (Some(Trouble::Answer { code, retry_after }), _) => Ok(refusal(code, retry_after)),
        (Some(Trouble::Foreign(what)), _) => Ok(foreign(what, &upstream.elsewhere)),
        (Some(Trouble::ExpiredEvent), _) => Ok(expired()),
        (Some(Trouble::LostAnswer | Trouble::Silence), _) => std::future::pending().await,
        _ => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn base64(text: String) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.into_bytes())).unwrap()
}
