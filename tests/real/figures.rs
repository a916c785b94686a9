//! What tests count and time: the operator's requests to the API server, its metrics, and how long something takes.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use testbed::{audit_log::AuditEvent, control_plane::ControlPlane, operator::Operator};

use crate::scene::{PATIENCE, Scene, Status, eventually};

/// Whom the operator is to the API server.
pub const OPERATOR: &str = "system:serviceaccount:tracktik-system:tracktik-operator";

/// How soon what was put right in the cluster must show.
pub const SOON: Duration = Duration::from_secs(2);

impl Scene {
    /// What the operator asked of the API server in this namespace, oldest first.
    pub fn asked_by_operator(&self) -> Vec<AuditEvent> {
        let mut events = self.plane.audit_events_with(&self.namespace).unwrap();
        events.retain(|event| event.user == OPERATOR && event.namespace == self.namespace);
        events
    }

    /// What the operator wrote in this namespace; events, which tell of transitions, included.
    pub fn written_by_operator(&self) -> Vec<AuditEvent> {
        let mut events = self.asked_by_operator();
        events.retain(AuditEvent::is_write);
        events
    }

    /// As [`Scene::written_by_operator`], with what was answered a moment ago.
    pub async fn written_until_now(&self) -> Vec<AuditEvent> {
        all_is_recorded(self.plane).await;
        self.written_by_operator()
    }

    /// How often the operator read this Secret.
    pub fn reads_of(&self, secret: &str) -> usize {
        let events = self.asked_by_operator();
        let read = |event: &&AuditEvent| event.verb == "get" && event.resource == "secrets" && event.name == secret;
        events.iter().filter(read).count()
    }

    /// Waits until the operator has read this Secret more often than `before`.
    pub async fn reads_beyond(&self, secret: &str, before: usize) {
        eventually(PATIENCE, || async {
            match self.reads_of(secret) {
                reads if reads > before => Ok(()),
                _ => Err(format!("{secret} was not read again")),
            }
        })
        .await;
    }

    /// Waits for Ready, which must come within [`SOON`] of `since`.
    pub async fn ready_soon(&self, name: &str, since: Instant) -> Status {
        let status = self.ready(name).await;
        soon(&format!("{name} is ready"), since);
        status
    }

    /// How many token requests were sent under an account of [`Scene::account`], whatever became of them.
    pub fn attempts(&self, name: &str) -> u64 {
        let username = format!("api.{name}@{}.example", self.namespace);
        let counts = self.simulator.counts();
        counts.by_username.get(&username).map_or(0, |user| user.attempts)
    }
}

/// Waits until every request that the API server has answered is recorded: one is logged after its answer.
pub async fn all_is_recorded(plane: &ControlPlane) {
    static MARKERS: AtomicU32 = AtomicU32::new(0);
    let namespaces: Api<Namespace> = Api::all(plane.client().await.unwrap());
    let marker = format!("marker-{}", MARKERS.fetch_add(1, Ordering::Relaxed));
    namespaces.get_opt(&marker).await.unwrap();
    eventually(PATIENCE, || async {
        let logged = plane.audit_events_with(&marker).unwrap();
        if logged.iter().any(|event| event.name == marker) {
            Ok(())
        } else {
            Err("the audit log lags behind".to_owned())
        }
    })
    .await;
}

/// Says how long something took, and fails where that is longer than [`SOON`].
pub fn soon(what: &str, since: Instant) {
    let took = since.elapsed();
    say(&format!("{what} after {} ms", took.as_millis()));
    assert!(took < SOON, "{what} only after {took:?}");
}

/// For whoever reads the figures: shown with `--nocapture`.
#[expect(clippy::print_stderr, reason = "figures are what these tests are also for")]
pub fn say(what: &str) {
    eprintln!("measured: {what}");
}

/// The sum of the samples of a metric whose line begins so; 0 where there is none.
pub fn sum_of(metrics: &str, series: &str) -> f64 {
    let samples = metrics.lines().filter(|line| line.starts_with(series));
    samples
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

/// How many reconciles have ended.
pub async fn reconciles(operator: &Operator) -> f64 {
    sum_of(
        &operator.metrics().await.unwrap(),
        "controller_runtime_reconcile_total{",
    )
}
