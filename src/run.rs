//! The composition root: builds the rooms, starts them, and orders the shutdown.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    cluster::{
        Stores,
        client::{self, NoClient},
        events::Events,
        lists::Lists,
        watches::{WatchContext, watch_credentials, watch_secrets},
    },
    controller::{
        Context, Parts,
        run_loop::{Wakeups, run_loop},
    },
    health::{Liveness, Readiness, STUCK_AFTER},
    http_server::{CannotListen, HttpServer, Reported},
    metrics::Metrics,
    oauth::{
        allowed_domains::AllowedDomains,
        endpoint::{EndpointOptions, HttpTokenEndpoint},
    },
    settings::Settings,
    telemetry,
};

/// How long the answers that are under way at the end may take.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How long reconciles that are under way at the end may take: a token request of 40 s, and storing what it gave.
const LAST_RECONCILES: Duration = Duration::from_mins(1);

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
    /// A pattern of `--allowed-domain`.
    #[error("--allowed-domain: {0}")]
    AllowedDomain(String),
    /// The client for token endpoints cannot be built.
    #[error("--ca-bundle: {0}")]
    Endpoint(String),
    /// There is no API server to work with.
    #[error(transparent)]
    Cluster(#[from] NoClient),
}

/// Runs the operator until SIGTERM or SIGINT.
///
/// The order: the log, so that everything after it can be seen; the configuration, whose mistakes are then all that is
/// said; the port, so that a second operator on one host ends
/// at once and the probes answer from then on; the API server; the controller. Down in the reverse order: the probes
/// answer for as long as there is work to finish.
///
/// # Errors
/// The operator could not start. The process should end with exit code 1.
pub async fn run(settings: Settings) -> Result<(), StartError> {
    telemetry::start(&settings).map_err(StartError::Telemetry)?;
    let metrics = Arc::new(Metrics::default());
    let unconnected = client::configure(&settings, &metrics).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let endpoint = endpoint(&settings)?;
    let stop = on_signal().map_err(StartError::Signals)?;

    let reported = Reported {
        liveness: Liveness::new(STUCK_AFTER),
        readiness: Readiness::default(),
        metrics,
    };
    let server_item = reported.readiness.item("API server");
    let server = HttpServer::bind(settings.listen).await?;
    let stop_serving = CancellationToken::new();
    let serving = tokio::spawn(server.serve(reported.clone(), stop_serving.clone()));

    let connected = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        connected = unconnected.connect(settings.api_server_patience) => Some(connected?),
    };
    if let Some(client) = connected {
        let controller = Controller::start(&settings, &client, endpoint, &reported, stop.clone())?;
        server_item.ready();
        controller.until_stopped().await;
    }

    stop_serving.cancel();
    if tokio::time::timeout(LAST_ANSWERS, serving).await.is_err() {
        tracing::warn!("a request for health or metrics was cut off");
    }
    tracing::info!("stopped");
    Ok(())
}

/// What can be wrong with it shows here, before anything is connected to.
fn endpoint(settings: &Settings) -> Result<(HttpTokenEndpoint, AllowedDomains), StartError> {
    let allowed = AllowedDomains::parse(&settings.allowed_domains)
        .map_err(|error| StartError::AllowedDomain(error.to_string()))?;
    let endpoint = HttpTokenEndpoint::new(EndpointOptions {
        allowed: allowed.clone(),
        ca_bundle: settings.ca_bundle.clone(),
        connect_timeout: settings.connect_timeout,
        total_timeout: settings.request_timeout,
    })
    .map_err(|error| StartError::Endpoint(error.to_string()))?;
    tracing::info!(allowed_domains = %allowed, "token requests go to these domains only");
    Ok((endpoint, allowed))
}

/// The watches, the loop and the sender of events.
struct Controller {
    tasks: tokio::task::JoinSet<()>,
    reconciling: tokio::task::JoinHandle<()>,
    watching: CancellationToken,
}

impl Controller {
    fn start(
        settings: &Settings,
        client: &kube::Client,
        (endpoint, allowed): (HttpTokenEndpoint, AllowedDomains),
        reported: &Reported,
        stopping: CancellationToken,
    ) -> Result<Self, StartError> {
        let mut tasks = tokio::task::JoinSet::new();
        let (events, sending) = Events::new(client.clone());
        tasks.spawn(sending);
        let stores = Stores::default();
        let metrics = Arc::clone(&reported.metrics);
        let figures = stores.clone();
        metrics.credentials_from(Arc::new(move || {
            figures.credentials().iter().map(|seen| seen.figures()).collect()
        }));
        let context = Arc::new(
            Context::new(Parts {
                client: client.clone(),
                stores: stores.clone(),
                endpoint: Arc::new(endpoint),
                allowed_domains: allowed,
                events,
                metrics,
                clock: Clock::system(),
                stopping,
                limits: settings.login_limits,
            })
            .map_err(|error| StartError::Signals(std::io::Error::other(error)))?,
        );
        let gate = context.gate.clone();
        reported.metrics.gate_from(Arc::new(move || gate.figures()));
        let wakeups = Wakeups::default();
        let watching = CancellationToken::new();
        let wake = wakeups.clone();
        let watch = WatchContext {
            stores,
            wake: Arc::new(move |key| wake.wake(key)),
            lists: Lists::default(),
            shutdown: watching.clone(),
        };
        for namespace in scopes(settings) {
            watch.stores.expect_credentials(&namespace);
            let place = if namespace.is_empty() {
                "all namespaces".to_owned()
            } else {
                format!("namespace {namespace}")
            };
            let credentials = reported.readiness.item(format!("credentials in {place}"));
            tasks.spawn(watch_credentials(
                client.clone(),
                namespace.clone(),
                watch.clone(),
                credentials,
            ));
            let secrets = reported.readiness.item(format!("Secrets in {place}"));
            tasks.spawn(watch_secrets(client.clone(), namespace, watch.clone(), secrets));
        }
        let reconciling = tokio::spawn(run_loop(context, wakeups, reported.liveness.clone(), LAST_RECONCILES));
        Ok(Self {
            tasks,
            reconciling,
            watching,
        })
    }

    /// Until the loop has let what it had begun come to its end. The watches go on until then: a token that was granted
    /// is still to be stored.
    async fn until_stopped(mut self) {
        if self.reconciling.await.is_err() {
            tracing::error!("the reconcile loop ended in a panic, which is a bug");
        }
        self.watching.cancel();
        // The sender of events ends once the last reconcile has dropped its end of the queue.
        let rest = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ANSWERS, rest).await.is_err() {
            tracing::debug!("the last events were not recorded");
        }
    }
}

/// The namespaces to watch; one empty name stands for all.
fn scopes(settings: &Settings) -> Vec<String> {
    if settings.namespaces.is_empty() {
        vec![String::new()]
    } else {
        settings.namespaces.clone()
    }
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
