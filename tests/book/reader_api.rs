//! A server that answers those requests whose token it accepts at the moment, as it should or not, and remembers all.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION},
    },
    response::{IntoResponse as _, Response},
};
use futures::{StreamExt as _, stream};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, yield_now},
    time::timeout,
};

/// How long a program may take for its next request, its start and a busy machine included.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What is done once, before the next refusal is sent.
type BeforeRefusal = Box<dyn FnOnce() + Send>;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub path: String,
    pub token: String,
    pub accepted: bool,
}

/// How a request is answered whose token is accepted.
#[derive(Clone, Default)]
pub enum Accepted {
    #[default]
    Json,
    /// As a gateway's page, that says 200 over it.
    Html,
    /// JSON that ends before its announced length.
    Cut,
    /// 302 to that address.
    Redirect(String),
}

#[derive(Default)]
struct Shared {
    answer: Mutex<Accepted>,
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

    /// From now on accepted requests are answered so.
    pub fn answer(&self, how: Accepted) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = how;
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

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
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
    if !accepted {
        return (StatusCode::UNAUTHORIZED, r#"{"status":401}"#).into_response();
    }
    let how = shared.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match how {
        Accepted::Json => r#"{"data":[]}"#.into_response(),
        Accepted::Html => "<html>back soon</html>".into_response(),
        Accepted::Cut => {
            let begin = stream::iter([Ok(r#"{"cut":["#)]);
            // Not at once, or nothing is sent at all.
            let end = stream::once(async {
                yield_now().await;
                Err(io::Error::other("the rest is lost"))
            });
            ([(CONTENT_LENGTH, "1000")], Body::from_stream(begin.chain(end))).into_response()
        }
        Accepted::Redirect(to) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
    }
}
