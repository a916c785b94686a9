//! The composition root: builds the rooms, starts them, and orders the shutdown.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    cluster::{
        Claim,
        client::{self, Connected, NoClient},
        leader_election::LeaderElection,
        lease::Timing,
    },
    health::{Liveness, Readiness, STUCK_AFTER},
    http_server::{CannotListen, HttpServer, Reported},
    leading::{NoLonger, alone, lead},
    metrics::Metrics,
    oauth::{
        allowed_domains::AllowedDomains,
        endpoint::{EndpointOptions, HttpTokenEndpoint},
    },
    settings::Settings,
    signals::on_signal,
    telemetry,
    work::{Lookouts, Work},
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
    /// A pattern of `--allowed-domain`.
    #[error("--allowed-domain: {0}")]
    AllowedDomain(String),
    /// The client for token endpoints cannot be built.
    #[error("--ca-bundle: {0}")]
    Endpoint(String),
    /// There is no API server to work with.
    #[error(transparent)]
    Cluster(#[from] NoClient),
    /// Another process leads, or the work cannot begin.
    #[error(transparent)]
    NoLonger(#[from] NoLonger),
}

/// Runs the operator until SIGTERM or SIGINT.
///
/// The order: the log, so that everything after it can be seen; the configuration, whose mistakes are then all that is
/// said; the port, so that a second operator on one host ends
/// at once and the probes answer from then on; the API server; the leadership; the work. Down in the reverse order: the
/// Lease is renewed and the probes answer for as long as there is work to finish.
///
/// # Errors
/// The operator could not start, or another leads now. The process should end with exit code 1.
pub async fn run(settings: Settings) -> Result<(), StartError> {
    telemetry::start(&settings).map_err(StartError::Telemetry)?;
    let metrics = Arc::new(Metrics::default());
    if let Some(election) = &settings.election {
        metrics.elected_by(&election.lease_name);
    }
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
    let mut done = Ok(());
    if let Some(connected) = connected {
        server_item.ready();
        done = work(&settings, &connected, endpoint, &reported, &stop).await;
    }

    stop_serving.cancel();
    if tokio::time::timeout(LAST_ANSWERS, serving).await.is_err() {
        tracing::warn!("a request for health or metrics was cut off");
    }
    tracing::info!("stopped");
    Ok(done?)
}

/// Does the work: at once, or as soon as this process is the leader.
async fn work(
    settings: &Settings,
    connected: &Connected,
    endpoint: (HttpTokenEndpoint, AllowedDomains),
    reported: &Reported,
    stop: &CancellationToken,
) -> Result<(), NoLonger> {
    let lookouts = Lookouts::new(settings, &reported.readiness);
    let start = |claim: Claim, lookouts| {
        let client = connected.client(claim.clone());
        Work::start(settings, (client, claim), endpoint, lookouts, reported, stop.clone())
    };
    let Some(asked) = &settings.election else {
        return alone(start(Claim::without_election(), lookouts)).await;
    };
    // Leases are written before there is a claim.
    let client = connected.client(Claim::without_election());
    let own = client.default_namespace().to_owned();
    let namespace = asked.lease_namespace.as_deref().unwrap_or(&own);
    let item = reported.readiness.item("leader election");
    let trials = lookouts.tried(&client);
    let election = LeaderElection::new(
        client,
        namespace,
        &asked.lease_name,
        Timing::default(),
        Clock::system(),
        item,
    );
    let started = |claim| {
        drop(trials);
        start(claim, lookouts)
    };
    lead(&election, stop, started).await
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
