//! A namespace with the rights that ship, and the Lease in it.

use std::time::Duration;

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use testbed::{
    control_plane::ControlPlane,
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE, apply, documents},
};
use tracktik_operator::cluster::{lease::Timing, lease_object::Lease};

use crate::{
    candidate::{Candidate, Wire},
    lookout::Lookout,
    scene,
};

pub use crate::{figures::say, scene::PATIENCE};

/// The name that the rights are for.
pub const LEASE: &str = "tracktik-operator";

/// What ships, divided by five.
pub const TIMING: Timing = Timing {
    lease: Duration::from_secs(3),
    renew_deadline: Duration::from_secs(2),
    renew_every: Duration::from_secs(1),
    retry: Duration::from_millis(400),
    call: Duration::from_millis(400),
};

pub struct Stage {
    plane: &'static ControlPlane,
    pub client: Client,
    namespace: String,
    pub lookout: Lookout,
}

impl Stage {
    pub async fn new(namespace: &str) -> Self {
        Self::on(scene::plane().await, namespace).await
    }

    pub async fn on(plane: &'static ControlPlane, namespace: &str) -> Self {
        let client = plane.client().await.unwrap();
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        apply(&client, &object).await.unwrap();
        let stage = Self {
            plane,
            client,
            namespace: namespace.to_owned(),
            lookout: Lookout::new(),
        };
        stage.rights(|_| {}).await;
        stage
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Applies any object in this namespace.
    pub async fn apply(&self, mut object: Value) {
        object["metadata"]["namespace"] = json!(self.namespace);
        apply(&self.client, &object).await.unwrap();
    }

    /// Of `deploy/rbac.yaml` what is for the operator's own namespace, here; `change` is handed each rule.
    pub async fn rights(&self, change: impl Fn(&mut Value)) {
        for mut object in documents("deploy/namespace.yaml").unwrap() {
            // Only as a place for the account.
            object["metadata"].as_object_mut().unwrap().remove("labels");
            apply(&self.client, &object).await.unwrap();
        }
        let mut found = 0;
        for mut object in documents("deploy/rbac.yaml").unwrap() {
            match object["kind"].as_str() {
                Some("ServiceAccount") => drop(apply(&self.client, &object).await.unwrap()),
                Some("Role" | "RoleBinding") => {
                    let rules = object.get_mut("rules").and_then(Value::as_array_mut);
                    rules.into_iter().flatten().for_each(&change);
                    found += 1;
                    self.apply(object).await;
                }
                _ => {}
            }
        }
        assert_eq!(found, 2, "a Role and its binding");
    }

    /// A candidate as the ServiceAccount that ships, over a wire of its own; it has not started yet.
    pub async fn candidate(&self) -> Candidate {
        self.candidate_with(TIMING).await
    }

    pub async fn candidate_with(&self, timing: Timing) -> Candidate {
        let account = self.plane.client_for_service_account(OPERATOR_NAMESPACE, OPERATOR_NAME);
        Candidate::new(Wire::new(account.await.unwrap()), &self.namespace, timing)
    }

    /// A candidate that has become the leader.
    pub async fn leader(&self) -> Candidate {
        let mut leader = self.candidate().await;
        leader.start(&self.lookout);
        leader.leads().await;
        leader
    }

    /// A candidate that waits for its turn, and watches.
    pub async fn follower(&self) -> Candidate {
        let mut follower = self.candidate().await;
        follower.start(&self.lookout);
        follower.follows().await;
        follower
    }

    pub fn leases(&self) -> Api<Lease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub async fn lease(&self) -> Lease {
        self.leases().get(LEASE).await.unwrap()
    }

    pub async fn holder(&self) -> Option<String> {
        self.lease().await.record.holder().map(str::to_owned)
    }

    /// The Lease as somebody else has written it.
    pub async fn write(&self, spec: Value) {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": LEASE, "namespace": self.namespace }, "spec": spec,
        });
        apply(&self.client, &lease).await.unwrap();
    }

    pub async fn merge(&self, patch: Value) {
        self.leases()
            .patch(LEASE, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }
}

/// As [`scene::eventually`], with [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Result<T, String>>>(ask: impl FnMut() -> F) -> T {
    scene::eventually(PATIENCE, ask).await
}
