//! A real control plane, a TrackTik, and the operator as the chart would run it.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use testbed::{
    certificates::Authority,
    control_plane::ControlPlane,
    manifests::{apply, apply_crd},
    operator::Operator,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};
use tokio::sync::OnceCell;

use crate::chart::{arguments, text, the};

/// The longest that anything is waited for. Generous: a build may run beside the tests.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The control plane of those tests that do not install the definition themselves. It asks for the right to update finalizers, as
/// clusters with this plugin do.
pub async fn plane() -> &'static ControlPlane {
    static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();
    let start = async || {
        let plane = ControlPlane::start_with_admission_plugins(&["OwnerReferencesPermissionEnforcement"]).await;
        let plane = plane.expect("the control plane starts");
        apply_crd(&plane.client().await.unwrap()).await.unwrap();
        plane
    };
    PLANE.get_or_init(start).await
}

pub struct Bench<'a> {
    pub plane: &'a ControlPlane,
    pub client: Client,
    pub simulator: Simulator,
    folder: tempfile::TempDir,
}

impl<'a> Bench<'a> {
    pub async fn on(plane: &'a ControlPlane) -> Self {
        testbed::install_tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        authority.write_ca(&folder.path().join("ca.pem")).unwrap();
        let issued = authority.issue(folder.path(), &["127.0.0.1"]).unwrap();
        let certificate = Certificate {
            chain_pem: fs::read(issued.cert_path).unwrap(),
            key_pem: fs::read(issued.key_path).unwrap(),
        };
        let simulator = Simulator::start(SimulatorConfig::new(certificate).unwrap())
            .await
            .unwrap();
        Self {
            plane,
            client: plane.client().await.unwrap(),
            simulator,
            folder,
        }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub async fn namespace(&self, name: &str) {
        apply(
            &self.client,
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }),
        )
        .await
        .unwrap();
    }

    /// The operator of a rendered Deployment: its ServiceAccount, its arguments. Only what a pod would mount is put in.
    pub async fn operator(&self, rendered: &[Value]) -> Operator {
        let deployment = the(rendered, "Deployment");
        let namespace = deployment["metadata"]["namespace"].as_str().unwrap();
        let account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
            .as_str()
            .unwrap();
        Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
            .service_account(namespace, account)
            .args(arguments(rendered))
            .arg("--ca-bundle")
            .arg(self.ca_file())
            .start(self.plane)
            .await
            .unwrap()
    }

    /// An account at TrackTik, and the Secret that holds it.
    pub async fn source(&self, namespace: &str, name: &str) {
        let account = Account {
            client_id: format!("client-{namespace}"),
            client_secret: "client-secret".to_owned(),
            username: format!("api@{namespace}.example"),
            password: "password".to_owned(),
        };
        self.simulator.add_account(account.clone());
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": namespace },
            "stringData": {
                "client_id": account.client_id, "client_secret": account.client_secret,
                "username": account.username, "password": account.password,
            },
        });
        apply(&self.client, &secret).await.unwrap();
    }

    pub fn credential(&self, namespace: &str, spec: &Value) -> Value {
        let mut whole =
            json!({ "domain": self.simulator.domain(), "credentials": { "secretRef": { "name": "acme" } } });
        for (field, value) in spec.as_object().unwrap() {
            whole[field] = value.clone();
        }
        json!({
            "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
            "metadata": { "name": "acme", "namespace": namespace }, "spec": whole,
        })
    }

    pub fn credentials(&self, namespace: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("tracktik-operator.io", "v1alpha1", "TrackTikCredential");
        let resource = ApiResource::from_gvk_with_plural(&kind, "tracktikcredentials");
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    pub async fn patch(&self, namespace: &str, patch: Value) {
        let patch = Patch::Merge(patch);
        self.credentials(namespace)
            .patch("acme", &PatchParams::default(), &patch)
            .await
            .unwrap();
    }

    /// Waits until the credential's status is so.
    pub async fn status_that(&self, namespace: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(|| async {
            let status = self.credentials(namespace).get("acme").await.unwrap().data["status"].clone();
            if holds(&status) {
                Ok(status)
            } else {
                Err(status.to_string())
            }
        })
        .await
    }

    /// Runs kubectl as the administrator, or with `--as` as somebody else.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.plane.kubectl(arguments).await.unwrap();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }
}

pub fn is_ready(status: &Value) -> bool {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions
        .clone()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Tries until it succeeds.
pub async fn eventually<T, F: Future<Output = Result<T, String>>>(mut attempt: impl FnMut() -> F) -> T {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        match attempt().await {
            Ok(value) => return value,
            Err(problem) => assert!(began.elapsed() < PATIENCE, "{problem}"),
        }
    }
}
