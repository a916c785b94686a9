//! A namespace, a simulated TrackTik, and what a test does to both.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use testbed::{
    certificates::Authority,
    control_plane::ControlPlane,
    manifests::{apply, apply_crd, apply_operator_rbac},
    operator::Operator,
    operator_start::OperatorBuilder,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};
use tokio::sync::OnceCell;

/// The longest that anything is waited for, unless a test says otherwise. Generous: a build may run beside the tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

/// The control plane that all tests share, with the CRD installed.
pub async fn plane() -> &'static ControlPlane {
    PLANE
        .get_or_init(|| async {
            let plane = ControlPlane::start().await.expect("the control plane starts");
            apply_crd(&plane.client().await.unwrap())
                .await
                .expect("the CRD is accepted");
            plane
        })
        .await
}

pub struct Scene {
    pub plane: &'static ControlPlane,
    pub client: Client,
    pub namespace: String,
    pub simulator: Simulator,
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A namespace of its own and a TrackTik whose tokens live for an hour.
    pub async fn new(name: &str) -> Self {
        Self::with_token_life(name, Duration::from_hours(1)).await
    }

    pub async fn with_token_life(name: &str, life: Duration) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        testbed::install_tls_provider();
        let plane = plane().await;
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
        let authority = Authority::new().unwrap();
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

    /// As [`Self::operator`], with these lines in its log.
    pub fn operator_at(&self, log_level: &str) -> OperatorBuilder {
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

    /// An account at TrackTik, and the Secret of that name that holds it.
    pub async fn account(&self, name: &str) -> Account {
        let account = Account {
            client_id: format!("client-{name}"),
            client_secret: format!("client-secret-{name}"),
            username: format!("api.{name}@{}.example", self.namespace),
            password: format!("password-{name}"),
        };
        self.simulator.add_account(account.clone());
        self.source(name, &account).await;
        account
    }

    pub async fn source(&self, name: &str, account: &Account) {
        self.secret(
            name,
            &[
                ("client_id", &account.client_id),
                ("client_secret", &account.client_secret),
                ("username", &account.username),
                ("password", &account.password),
            ],
        )
        .await;
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

    /// The everyday form: account, source Secret and credential of one name.
    pub async fn everyday(&self, name: &str) -> Account {
        let account = self.account(name).await;
        self.credential(name, json!({})).await;
        account
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

    pub async fn annotate(&self, name: &str, annotation: &str, value: &str) {
        self.patch(name, json!({ "metadata": { "annotations": { annotation: value } } }))
            .await;
    }

    /// A credential's status as it stands.
    pub async fn status(&self, name: &str) -> Status {
        let object = self.credentials().get(name).await.unwrap();
        Status(object.data["status"].clone())
    }

    /// Waits for a status.
    pub async fn status_that(&self, name: &str, what: &str, holds: impl Fn(&Status) -> bool) -> Status {
        eventually(PATIENCE, || async {
            let status = self.status(name).await;
            if holds(&status) {
                Ok(status)
            } else {
                Err(format!("{what}: {name} is {}", status.0))
            }
        })
        .await
    }

    pub async fn ready(&self, name: &str) -> Status {
        self.status_that(name, "ready", |status| status.ready() == "True").await
    }

    /// Waits for `Ready=False` for this reason.
    pub async fn not_ready(&self, name: &str, reason: &str) -> Status {
        let holds = |status: &Status| status.ready() == "False" && status.reason("Ready") == reason;
        self.status_that(name, reason, holds).await
    }

    /// A key of a Secret; nothing where either does not exist.
    pub async fn value(&self, secret: &str, key: &str) -> Option<String> {
        let found = self.secrets().get_opt(secret).await.unwrap()?;
        let bytes = found.data?.remove(key)?;
        Some(String::from_utf8(bytes.0).unwrap())
    }

    /// The access token of a credential, which must be there.
    pub async fn token(&self, name: &str) -> String {
        self.value(&format!("{name}-token"), "access_token")
            .await
            .expect("an access token")
    }

    /// Waits until a credential's token is another than this.
    pub async fn token_after(&self, name: &str, before: &str) -> String {
        let secret = format!("{name}-token");
        eventually(PATIENCE, || async {
            match self.value(&secret, "access_token").await {
                Some(token) if token != before => Ok(token),
                _ => Err(format!("still the old token of {name}: {}", self.status(name).await.0)),
            }
        })
        .await
    }
}

/// A status, and what tests ask of it.
pub struct Status(pub Value);

impl Status {
    pub fn condition(&self, of: &str) -> &Value {
        let conditions = self.0["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        conditions
            .iter()
            .find(|condition| condition["type"] == of)
            .unwrap_or(&Value::Null)
    }

    fn text(&self, of: &str, field: &str) -> &str {
        self.condition(of)[field].as_str().unwrap_or_default()
    }

    pub fn ready(&self) -> &str {
        self.text("Ready", "status")
    }

    pub fn is(&self, of: &str) -> &str {
        self.text(of, "status")
    }

    pub fn reason(&self, of: &str) -> &str {
        self.text(of, "reason")
    }

    pub fn message(&self, of: &str) -> &str {
        self.text(of, "message")
    }
}

/// Asks until the answer is `Ok`; fails with the last `Err` after `limit`.
pub async fn eventually<T, F: Future<Output = Result<T, String>>>(limit: Duration, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        match ask().await {
            Ok(answer) => return answer,
            Err(why) if began.elapsed() > limit => panic!("not within {limit:?}: {why}"),
            Err(_) => {}
        }
    }
}
