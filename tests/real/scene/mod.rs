//! A namespace, a simulated TrackTik, and what a test does to both.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use testbed::{
    certificates::Authority,
    control_plane::ControlPlane,
    manifests::{apply, apply_crd, apply_operator_rbac},
    operator::Operator,
    operator_start::OperatorBuilder,
    simulator::{Certificate, Simulator, SimulatorConfig},
};
use tokio::sync::OnceCell;

mod accounts;
mod outcome;

pub use outcome::{PATIENCE, Status, eventually};

static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

/// The control plane that all tests share, with the CRD installed.
pub async fn plane() -> &'static ControlPlane {
    PLANE.get_or_init(fresh_plane).await
}

/// One for a test that does to it what others could not bear, with the CRD installed. A scene asks for one that stays.
pub async fn own_plane() -> &'static ControlPlane {
    Box::leak(Box::new(fresh_plane().await))
}

async fn fresh_plane() -> ControlPlane {
    let plane = ControlPlane::start().await.expect("the control plane starts");
    apply_crd(&plane.client().await.unwrap())
        .await
        .expect("the CRD is accepted");
    plane
}

pub struct Scene {
    pub plane: &'static ControlPlane,
    pub client: Client,
    pub namespace: String,
    pub simulator: Simulator,
    authority: Arc<Authority>,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A namespace of its own and a TrackTik whose tokens live for an hour.
    pub async fn new(name: &str) -> Self {
        Self::with_token_life(name, Duration::from_hours(1)).await
    }

    pub async fn with_token_life(name: &str, life: Duration) -> Self {
        Self::on(plane().await, name, life).await
    }

    /// On this control plane, which must have the CRD.
    pub async fn on(plane: &'static ControlPlane, name: &str, life: Duration) -> Self {
        testbed::install_tls_provider();
        Self::signed_by(Arc::new(Authority::new().unwrap()), plane, name, life).await
    }

    /// As [`Self::on`], with servers that this authority signs for, as it does for others that outlive this scene.
    pub async fn signed_by(
        authority: Arc<Authority>,
        plane: &'static ControlPlane,
        name: &str,
        life: Duration,
    ) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let client = plane.client().await.unwrap();
        let namespace = format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        apply(
            &client,
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        )
        .await
        .unwrap();
        apply_operator_rbac(&client, &[&namespace]).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        authority.write_ca(&folder.path().join("ca.pem")).unwrap();
        let issued = authority.issue(folder.path(), &["127.0.0.1", "localhost"]).unwrap();
        let certificate = Certificate {
            chain_pem: std::fs::read(issued.cert_path).unwrap(),
            key_pem: std::fs::read(issued.key_path).unwrap(),
        };
        let mut config = SimulatorConfig::new(certificate).unwrap();
        config.rules.access_token_life = life;
        let simulator = Simulator::start(config).await.unwrap();
        Self {
            plane,
            client,
            namespace,
            simulator,
            authority,
            folder,
        }
    }

    /// The CA that this scene's servers are signed by.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The operator that ships, for this namespace, allowed to talk to this TrackTik.
    pub fn operator(&self) -> OperatorBuilder {
        self.operator_at("debug")
    }

    /// As [`Self::operator`], with these lines in its log. It is the only one of its namespace, and all of them would
    /// share one Lease: a test that kills it should not have to wait for that to run out.
    pub fn operator_at(&self, log_level: &str) -> OperatorBuilder {
        self.built(log_level).arg("--leader-elect=false")
    }

    /// One of several operators for this namespace, of which one leads.
    pub fn replica(&self) -> OperatorBuilder {
        self.built("debug")
    }

    fn built(&self, log_level: &str) -> OperatorBuilder {
        Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
            .namespaces([self.namespace.as_str()])
            .args(["--allowed-domain", &self.simulator.domain()])
            .arg("--ca-bundle")
            .arg(self.folder.path().join("ca.pem"))
            .args(["--log-level", log_level])
    }

    pub async fn start(&self) -> Operator {
        self.operator().start(self.plane).await.unwrap()
    }

    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let data: BTreeMap<_, _> = data.iter().copied().collect();
        self.apply(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": data }))
            .await;
    }

    /// Applies any object in this namespace.
    pub async fn apply(&self, mut object: Value) {
        object["metadata"]["namespace"] = json!(self.namespace);
        apply(&self.client, &object).await.unwrap();
    }

    /// A credential with these fields of the spec beside domain and `secretRef`.
    pub async fn credential(&self, name: &str, spec: Value) {
        self.try_credential(name, spec).await.unwrap();
    }

    /// As [`Self::credential`], for one that the API server may refuse.
    pub async fn try_credential(&self, name: &str, spec: Value) -> Result<(), testbed::manifests::Error> {
        let mut whole = json!({ "domain": self.simulator.domain(), "credentials": { "secretRef": { "name": name } } });
        for (field, value) in spec.as_object().unwrap() {
            whole[field] = value.clone();
        }
        let object = json!({
            "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
            "metadata": { "name": name, "namespace": self.namespace }, "spec": whole,
        });
        apply(&self.client, &object).await.map(drop)
    }

    pub fn credentials(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("tracktik-operator.io", "v1alpha1", "TrackTikCredential");
        let resource = ApiResource::from_gvk_with_plural(&kind, "tracktikcredentials");
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Merges into a credential, as `kubectl patch` does.
    pub async fn patch(&self, name: &str, patch: Value) {
        self.credentials()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Merges into a Secret.
    pub async fn patch_secret(&self, name: &str, patch: Value) {
        self.secrets()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub async fn delete_secret(&self, name: &str) {
        self.secrets().delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub async fn annotate(&self, name: &str, annotation: &str, value: &str) {
        self.patch(name, json!({ "metadata": { "annotations": { annotation: value } } }))
            .await;
    }
}
