//! The composition root: builds the rooms, starts them, and orders the shutdown.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::client::{self, NoClient},
    health::{Liveness, Readiness, STUCK_AFTER},
    http_server::{CannotListen, HttpServer, Reported},
    metrics::Metrics,
    settings::Settings,
    telemetry,
};

/// How long the answers that are under way at the end may take.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Why the operator ended without having been asked to. One line, which says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log could not be started.
    #[error("--log-level: {0}")]
    Telemetry(String),
    /// Signals cannot be received.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] std::io::Error),
    /// The address for health and metrics cannot be had.
    #[error("--listen: {0}; choose another address or port")]
    Listen(#[from] CannotListen),
    /// There is no API server to work with.
    #[error(transparent)]
    Cluster(#[from] NoClient),
}

/// Runs the operator until SIGTERM or SIGINT.
///
/// The order: the log, so that everything after it can be seen; the port, so that a second operator on one host ends
/// at once and the probes answer from then on; the API server; the controller. Down in the reverse order: the probes
/// answer for as long as there is work to finish.
///
/// # Errors
/// The operator could not start. The process should end with exit code 1.
pub async fn run(settings: Settings) -> Result<(), StartError> {
    telemetry::start(&settings).map_err(StartError::Telemetry)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let stop = on_signal().map_err(StartError::Signals)?;

    let reported = Reported {
        liveness: Liveness::new(STUCK_AFTER),
        readiness: Readiness::default(),
        metrics: Arc::new(Metrics::default()),
    };
    let server_item = reported.readiness.item("API server");
    let server = HttpServer::bind(settings.listen).await?;
    let stop_serving = CancellationToken::new();
    let serving = tokio::spawn(server.serve(reported.clone(), stop_serving.clone()));

    let connected = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        connected = client::connect(&settings, &reported.metrics) => Some(connected?),
    };
    if let Some(_client) = connected {
        // The controller goes here; it adds its own items to the readiness before this one is ready.
        server_item.ready();
        stop.cancelled().await;
    }

    stop_serving.cancel();
    if tokio::time::timeout(LAST_ANSWERS, serving).await.is_err() {
        tracing::warn!("a request for health or metrics was cut off");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends the process at once, for whoever does not want to wait
/// for the work to be finished.
fn on_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let cancel = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            let (name, number) = tokio::select! {
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = interrupt.recv() => ("SIGINT", 2),
            };
            if first {
                tracing::info!(signal = name, "stopping; a second signal ends the process at once");
                cancel.cancel();
            } else {
                tracing::warn!(signal = name, "ending at once");
                // As a shell reports a process that a signal has ended.
                std::process::exit(128 + number);
            }
        }
    });
    Ok(stop)
}
