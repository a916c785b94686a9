//! Operators as processes that share one Lease, with the times that ship, and a TrackTik that counts.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, api::DeleteParams};
use serde_json::json;
use testbed::{
    control_plane::ControlPlane, manifests::OPERATOR_NAME, operator::Operator, operator_start::OperatorBuilder,
};

use crate::{
    figures::sum_of,
    leak_scan::Scanner,
    left_behind::{an_event_is_there, leaves_nothing},
    scene::{Scene, eventually},
    secrets::Secrets,
    stage::Stage,
    traces::{assert_clean, trace},
};

/// The lease that ships, and what a busy machine adds.
pub const WITHIN_THE_LEASE: Duration = Duration::from_secs(40);

/// The metric that tells who leads.
const LEADER: &str = "leader_election_master_status{name=\"tracktik-operator\"}";

/// The kind of the object that gives the right to use the Lease.
pub const ELECT: &str = "Role";

/// The kind of the object that gives the right to look after credentials.
pub const WORK: &str = "ClusterRole";

pub struct Replicas {
    pub scene: Scene,
    pub stage: Stage,
}

impl Replicas {
    pub async fn new(name: &str) -> Self {
        Self::of(Scene::new(name).await).await
    }

    /// On this control plane, which must have the CRD.
    pub async fn on(plane: &'static ControlPlane, name: &str) -> Self {
        Self::of(Scene::on(plane, name, Duration::from_hours(1)).await).await
    }

    async fn of(scene: Scene) -> Self {
        // Of its own, since both bindings have the name that ships.
        let stage = Stage::on(scene.plane, &format!("{}-lease", scene.namespace)).await;
        Self { scene, stage }
    }

    /// A leader that has brought the credential `acme` its token, which is told too, and a follower.
    pub async fn at_work(name: &str) -> (Self, Operator, Operator, String) {
        let replicas = Self::new(name).await;
        let (first, second) = (replicas.leader().await, replicas.follower().await);
        replicas.scene.everyday("acme").await;
        replicas.scene.ready("acme").await;
        let token = replicas.scene.token("acme").await;
        // Sent in the background: one that is stopped with it on its way sends it when it goes on.
        an_event_is_there(&replicas.scene).await;
        (replicas, first, second, token)
    }

    pub fn builder(&self) -> OperatorBuilder {
        self.scene.replica().args(["--lease-namespace", self.stage.namespace()])
    }

    pub async fn start(&self) -> Operator {
        self.builder().start(self.scene.plane).await.unwrap()
    }

    pub async fn leader(&self) -> Operator {
        let operator = self.start().await;
        leads(&operator, true).await;
        operator
    }

    /// One that waits for its turn, and is ready to.
    pub async fn follower(&self) -> Operator {
        let operator = self.start().await;
        follows(&operator).await;
        operator
    }

    /// Gives a `ServiceAccount` in the scene's namespace, made here, these rights of the operator's.
    pub async fn lets(&self, name: &str, rights: &[&str]) {
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": self.scene.namespace });
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
        self.scene.apply(account).await;
        let bound = |role: &str| {
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": name },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": OPERATOR_NAME },
                "subjects": [subject],
            })
        };
        for role in rights {
            if *role == ELECT {
                self.stage.apply(bound(role)).await;
            } else {
                self.scene.apply(bound(role)).await;
            }
        }
    }

    /// Takes a right away that was given by [`Self::lets`].
    pub async fn takes_away(&self, name: &str, right: &str) {
        let namespace = if right == ELECT {
            self.stage.namespace()
        } else {
            &self.scene.namespace
        };
        let bindings: Api<RoleBinding> = Api::namespaced(self.scene.client.clone(), namespace);
        bindings.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// At the end of a test: nothing is left behind by either, with one of them still at work.
    pub async fn leave_nothing(&self, ended: &Operator, works: &Operator) {
        leaves_nothing(&self.scene, works).await;
        let log = trace("log of the one that has ended", ended.logs().join("\n"));
        // Shows that what stands in it is found.
        let namespace = Scanner::of([("namespace", &self.scene.namespace)]);
        assert!(!namespace.find(&log.text).is_empty(), "nothing is looked at");
        let mut secrets = Secrets::default();
        secrets.simulator(&self.scene.simulator);
        assert_clean(&secrets.scanner(), &[log]);
    }

    /// As that account, once it follows; it may not be ready.
    pub async fn follower_as(&self, account: &str) -> Operator {
        let builder = self.builder().service_account(&self.scene.namespace, account);
        let operator = builder.start(self.scene.plane).await.unwrap();
        operator
            .log_line(r#""message":"following""#, WITHIN_THE_LEASE)
            .await
            .unwrap();
        operator
    }
}

/// Waits until it leads, or does not.
pub async fn leads(operator: &Operator, expected: bool) {
    eventually(WITHIN_THE_LEASE, || async {
        let metrics = operator.metrics().await.unwrap();
        if metrics.contains(&format!("\n{LEADER} {}\n", i32::from(expected))) {
            Ok(())
        } else {
            Err(metrics)
        }
    })
    .await;
}

pub async fn follows(operator: &Operator) {
    operator
        .log_line(r#""message":"following""#, WITHIN_THE_LEASE)
        .await
        .unwrap();
    operator.ready(WITHIN_THE_LEASE).await.unwrap();
    assert_idle(operator).await;
}

/// What it says in its metrics is what a follower may say.
pub async fn assert_idle(operator: &Operator) {
    let metrics = operator.metrics().await.unwrap();
    assert!(metrics.contains(&format!("\n{LEADER} 0\n")), "{metrics}");
    for of_the_work in [
        "tracktik_credential",
        "tracktik_failure_budget",
        "workqueue",
        "controller_runtime",
    ] {
        assert!(!metrics.contains(of_the_work), "{of_the_work}: {metrics}");
    }
}

/// How many reconciles have ended.
pub async fn reconciles(operator: &Operator) -> f64 {
    sum_of(
        &operator.metrics().await.unwrap(),
        "controller_runtime_reconcile_total{",
    )
}
