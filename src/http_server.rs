//! `/livez`, `/readyz` and `/metrics`, over plain HTTP. Nothing that is served here is secret.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    exposition::Exposition,
    health::{Liveness, Readiness},
    http_connections,
    metrics::Metrics,
};

/// What the server reports.
#[derive(Clone, Debug)]
pub struct Reported {
    /// For `/livez`.
    pub liveness: Liveness,
    /// For `/readyz`.
    pub readiness: Readiness,
    /// For `/metrics`.
    pub metrics: Arc<Metrics>,
}

/// A port that is held and not answered yet: taken first of all, so that a second operator on one host ends at once.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
}

/// The address of `--listen` cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}")]
pub struct CannotListen {
    address: SocketAddr,
    #[source]
    error: std::io::Error,
}

impl HttpServer {
    /// Takes `address`; port 0 takes any free port. Says so in the log, with the address as field `address`.
    ///
    /// # Errors
    /// The port is taken, or the address is none of this host's.
    pub async fn bind(address: SocketAddr) -> Result<Self, CannotListen> {
        let failed = |error| CannotListen { address, error };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "listening");
        Ok(Self { listener, address })
    }

    /// The address with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`, and then what is still being answered.
    pub async fn serve(self, reported: Reported, stop: CancellationToken) {
        http_connections::answer(self.listener, router(reported), stop).await;
    }
}

fn router(reported: Reported) -> Router {
    let Reported {
        liveness,
        readiness,
        metrics,
    } = reported;
    Router::new()
        .route("/livez", get(async move || livez(&liveness)))
        .route("/readyz", get(async move || readyz(&readiness)))
        .route(
            "/metrics",
            get(async move |headers: HeaderMap| exposed(&metrics, &headers)),
        )
        .fallback(async || (StatusCode::NOT_FOUND, "here are /livez, /readyz and /metrics\n"))
}

fn exposed(metrics: &Metrics, headers: &HeaderMap) -> impl IntoResponse + use<> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Exposition::asked_by(accept);
    let head = [(header::CONTENT_TYPE, format.content_type())];
    (head, format.of(metrics.render()))
}

fn livez(liveness: &Liveness) -> impl IntoResponse + use<> {
    match liveness.stuck_for() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(silent) => {
            let why = format!("the reconcile loop has not turned for {} s\n", silent.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

fn readyz(readiness: &Readiness) -> impl IntoResponse + use<> {
    match readiness.report() {
        Ok(ok) => (StatusCode::OK, ok.to_owned()),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, missing),
    }
}
