//! The metrics: what is counted, under which names, in `OpenMetrics` text.
//!
//! Label values come from bounded sets only. What describes a credential is computed at each scrape, so that a deleted
//! one leaves no series behind.

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::text,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

use crate::{
    api::Grant,
    clock,
    credential_figures::CredentialCollector,
    gate_figures::GateCollector,
    leader_figure::LeaderCollector,
    metric_labels::{ApiLabels, Code, ControllerLabel, GrantLabel, QueueLabel, ReconcileLabels, TokenLabels},
    process_figures::ProcessCollector,
};

pub use crate::credential_figures::{CredentialFigures, CredentialSource};
pub use crate::gate_figures::{GateFigures, GateSource};
pub use crate::leader_figure::LeaderSource;
pub use crate::metric_labels::ReconcileResult;

/// The one controller and its queue, as the dashboards for controllers expect to see them named.
const CONTROLLER: &str = "tracktikcredential";

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of the process. One per process, shared by reference.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    credentials: CredentialCollector,
    gate: GateCollector,
    leader: LeaderCollector,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_errors: Family<ControllerLabel, Counter>,
    reconcile_time: Histograms<ControllerLabel>,
    workers: Family<ControllerLabel, Gauge>,
    most_workers: Family<ControllerLabel, Gauge>,
    queue_depth: Family<QueueLabel, Gauge>,
    token_requests: Family<TokenLabels, Counter>,
    token_time: Histograms<GrantLabel>,
    api_requests: Family<ApiLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            credentials: CredentialCollector::default(),
            gate: GateCollector::default(),
            leader: LeaderCollector::default(),
            reconciles: Family::default(),
            reconcile_errors: Family::default(),
            workers: Family::default(),
            most_workers: Family::default(),
            reconcile_time: Family::new_with_constructor(|| {
                Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
            }),
            queue_depth: Family::default(),
            token_requests: Family::default(),
            // Up to the longest time-out of a request.
            token_time: Family::new_with_constructor(|| {
                Histogram::new([0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0])
            }),
            api_requests: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    /// Names and help; the library adds `_total` to a counter and `_info` to an info.
    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("tracktik_build", "The version of the operator", build);
        #[expect(clippy::cast_precision_loss, reason = "exact until the year 144,683")]
        let start = ConstGauge::new(clock::now().as_millis() as f64 / 1_000.0);
        registry.register(
            "process_start_time_seconds",
            "When the process was started, in Unix time",
            start,
        );
        registry.register(
            "tracktik_token_requests",
            "Requests to the token endpoint, by how they ended",
            self.token_requests.clone(),
        );
        registry.register(
            "tracktik_token_request_duration_seconds",
            "How long requests to the token endpoint took",
            self.token_time.clone(),
        );
        registry.register(
            "controller_runtime_reconcile",
            "Reconciles, by how they ended",
            self.reconciles.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Reconciles that ended in an error, which here is a panic, and so a bug",
            self.reconcile_errors.clone(),
        );
        registry.register(
            "controller_runtime_active_workers",
            "Reconciles that are under way",
            self.workers.clone(),
        );
        registry.register(
            "controller_runtime_max_concurrent_reconciles",
            "Reconciles that may be under way at once",
            self.most_workers.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "How long reconciles took",
            self.reconcile_time.clone(),
        );
        registry.register(
            "workqueue_depth",
            "Credentials that wait to be reconciled",
            self.queue_depth.clone(),
        );
        registry.register(
            "rest_client_requests",
            "Requests to the API server, by how they were answered",
            self.api_requests.clone(),
        );
        registry.register_collector(Box::new(self.credentials.clone()));
        registry.register_collector(Box::new(self.gate.clone()));
        registry.register_collector(Box::new(self.leader.clone()));
        registry.register_collector(Box::new(ProcessCollector));
    }

    /// A reconcile ended.
    pub fn reconcile_finished(&self, result: ReconcileResult, seconds: f64) {
        self.reconciles
            .get_or_create(&ReconcileLabels {
                controller: CONTROLLER,
                result,
            })
            .inc();
        let controller = ControllerLabel { controller: CONTROLLER };
        // From the first reconcile on: a counter that appears with its first error shows no increase.
        let errors = self.reconcile_errors.get_or_create(&controller);
        errors.inc_by(u64::from(result == ReconcileResult::Error));
        drop(errors);
        self.reconcile_time.get_or_create(&controller).observe(seconds);
    }

    /// That many reconciles are under way, of at most so many.
    pub fn workers(&self, active: usize, most: usize) {
        let controller = ControllerLabel { controller: CONTROLLER };
        for (gauge, value) in [(&self.workers, active), (&self.most_workers, most)] {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            gauge.get_or_create(&controller).set(value);
        }
    }

    /// A request to the token endpoint ended; `outcome` is one of a closed set of words.
    pub fn token_request(&self, grant: Grant, outcome: &'static str, seconds: f64) {
        let grant = match grant {
            Grant::Password => "password",
            Grant::Refresh => "refresh",
        };
        self.token_requests.get_or_create(&TokenLabels { grant, outcome }).inc();
        self.token_time.get_or_create(&GrantLabel { grant }).observe(seconds);
    }

    /// That many credentials wait to be reconciled.
    pub fn queue_depth(&self, waiting: usize) {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        self.queue_depth
            .get_or_create(&QueueLabel { name: CONTROLLER })
            .set(waiting);
    }

    /// A request to the API server was answered with `code`, or, where `None`, not at all.
    pub fn api_request(&self, method: &Method, code: Option<StatusCode>) {
        // A method is any word there is.
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let method = known.into_iter().find(|known| method == known).unwrap_or("other");
        self.api_requests
            .get_or_create(&ApiLabels {
                code: Code(code),
                method,
            })
            .inc();
    }

    /// Where the credentials come from, from now on. The first source stays.
    pub fn credentials_from(&self, source: CredentialSource) {
        let _ = self.credentials.source.set(source);
    }

    /// Where the figures of the gate come from, from now on. The first source stays.
    pub fn gate_from(&self, source: GateSource) {
        let _ = self.gate.source.set(source);
    }

    /// The Lease by which a leader is elected; without an election there is none to name.
    pub fn elected_by(&self, lease: &str) {
        let _ = self.leader.lease.set(lease.to_owned());
    }

    /// Who knows whether this process leads, from now on; before, it does not. The first source stays.
    pub fn leader_from(&self, source: LeaderSource) {
        let _ = self.leader.source.set(source);
    }

    /// All metrics, in `OpenMetrics` text; [`crate::exposition`] has the other format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail, and a half-written answer lacks its `# EOF`, which a scraper notices.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}
