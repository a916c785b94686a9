//! Two operators that share a Lease, each under an account of its own, by which the API server's record tells them apart.

use serde_json::{Value, json};
use testbed::{
    manifests::{OPERATOR_NAME, apply, documents},
    operator_start::OperatorBuilder,
};

use crate::scene::Scene;

/// The accounts.
pub const FIRST: &str = "first";
pub const OTHER: &str = "other";

/// Whom the API server knows an account of a scene as.
pub fn user(namespace: &str, account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{account}")
}

/// Where the Lease of a scene's operators is: of its own, since both bindings have the name that ships.
pub fn lease_namespace(namespace: &str) -> String {
    format!("{namespace}-lease")
}

pub struct Replicas<'a> {
    scene: &'a Scene,
    lease_namespace: String,
}

impl<'a> Replicas<'a> {
    pub async fn new(scene: &'a Scene) -> Self {
        let replicas = Self {
            scene,
            lease_namespace: lease_namespace(&scene.namespace),
        };
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": replicas.lease_namespace } });
        apply(&scene.client, &namespace).await.unwrap();
        let mut roles = documents("deploy/rbac.yaml").unwrap();
        roles.retain(|object| object["kind"] == "Role");
        assert_eq!(roles.len(), 1, "the rights on the Lease");
        replicas.apply(roles.remove(0)).await;
        for name in [FIRST, OTHER] {
            let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
            scene.apply(account).await;
            scene.apply(replicas.binding("ClusterRole", name)).await;
            replicas.apply(replicas.binding("Role", name)).await;
        }
        replicas
    }

    /// Gives an account the rights that ship.
    fn binding(&self, role: &str, account: &str) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": account },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": OPERATOR_NAME },
            "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": self.scene.namespace }],
        })
    }

    /// Applies any object in the namespace of the Lease.
    async fn apply(&self, mut object: Value) {
        object["metadata"]["namespace"] = json!(self.lease_namespace);
        apply(&self.scene.client, &object).await.unwrap();
    }

    /// An operator of that account.
    pub fn builder(&self, account: &str) -> OperatorBuilder {
        let builder = self.scene.replica();
        let builder = builder.args(["--lease-namespace", &self.lease_namespace]);
        builder.service_account(&self.scene.namespace, account)
    }
}
