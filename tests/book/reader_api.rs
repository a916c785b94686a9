//! A server that answers those requests whose token it accepts at the moment, and remembers all.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

/// How long a program may take for its next request, its start and a busy machine included.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is done once, before the next refusal is sent.
type BeforeRefusal = Box<dyn FnOnce() + Send>;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub path: String,
    pub token: String,
    pub accepted: bool,
}

#[derive(Default)]
struct Shared {
    accepted: Mutex<BTreeSet<String>>,
    before_refusal: Mutex<Option<BeforeRefusal>>,
    seen: watch::Sender<Vec<Seen>>,
}

/// The server. Dropping it ends it.
pub struct ReaderApi {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl ReaderApi {
    pub async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            address,
            serving,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these and no others.
    pub fn accept(&self, tokens: &[&str]) {
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        *self.shared.accepted.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    /// Does this once, before the next refusal is sent.
    pub fn before_refusal(&self, act: impl FnOnce() + Send + 'static) {
        let mut before = self
            .shared
            .before_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *before = Some(Box::new(act));
    }

    /// How many requests were seen up to now.
    pub fn count(&self) -> usize {
        self.shared.seen.borrow().len()
    }

    /// What was seen after that many, once it is enough.
    pub async fn seen_after(&self, count: usize, what: &str, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut all = self.shared.seen.subscribe();
        if let Ok(all) = timeout(PATIENCE, all.wait_for(|all| enough(&all[count..]))).await {
            return all.unwrap()[count..].to_vec();
        }
        let seen = &self.shared.seen.borrow()[count..];
        let last = &seen[seen.len().saturating_sub(3)..];
        panic!(
            "{what} did not come in {} requests, the last of which are {last:?}",
            seen.len()
        )
    }
}

impl Drop for ReaderApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> (StatusCode, &'static str) {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let accepted = shared
        .accepted
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(token);
    if !accepted {
        let act = shared
            .before_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(act) = act {
            act();
        }
    }
    let seen = Seen {
        path: uri.path().to_owned(),
        token: token.to_owned(),
        accepted,
    };
    shared.seen.send_modify(|all| all.push(seen));
    if accepted {
        (StatusCode::OK, r#"{"data":[]}"#)
    } else {
        (StatusCode::UNAUTHORIZED, r#"{"status":401}"#)
    }
}
