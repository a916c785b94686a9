//! Everything that the story needs, started and stopped in order: control plane, simulated TrackTik, CRD and rights, the
//! operator as its own `ServiceAccount`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

use super::{Outcome, Problem, reader::ReaderConfig, terminal::Terminal};
use crate::{
    control_plane::ControlPlane,
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE, apply, apply_crd, apply_operator_rbac, documents},
    operator::Operator,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};

/// Where the example is applied.
pub const NAMESPACE: &str = "integrations";
/// The everyday form, as it ships.
const EXAMPLE: &str = "examples/everyday.yaml";
/// The credential of the example.
pub const CREDENTIAL: &str = "acme";
/// Its source Secret.
pub const SOURCE: &str = "acme-service-account";
/// Its token Secret, which the operator writes.
pub const TOKEN_SECRET: &str = "acme-token";

/// An hour at TrackTik: too long to watch a renewal.
const TOKEN_LIFE: Duration = Duration::from_mins(2);
const READY_LIMIT: Duration = Duration::from_secs(30);
/// An idle operator ends at once.
const END_LIMIT: Duration = Duration::from_secs(5);

/// What is running. Dropping it ends all of it, in the background.
pub struct Stage {
    /// Where everything is told.
    pub terminal: Terminal,
    /// The cluster.
    pub plane: ControlPlane,
    /// Its administrator.
    pub client: Client,
    /// TrackTik.
    pub simulator: Simulator,
    /// Where the simulator takes orders over HTTP, see `simulator/control.rs`.
    pub control_port: u16,
    /// The operator that ships.
    pub operator: Operator,
    /// The service account at TrackTik, with its first password.
    pub account: Account,
    ca_pem: String,
    /// Goes with the control plane's data, however this process ends: it will hold tokens.
    folder: PathBuf,
    /// The events that are shown, until this is dropped.
    _events: JoinSet<()>,
}

impl Stage {
    /// Starts everything. What was started ends when this fails or is dropped on the way.
    ///
    /// # Errors
    /// Whatever does not start.
    pub async fn set(operator: &Path, terminal: Terminal) -> Result<Self, Problem> {
        terminal.line("cluster", "starting etcd, kube-apiserver and kube-controller-manager");
        let plane = ControlPlane::start().await?;
        let client = plane.client().await?;
        terminal.line("cluster", &format!("ready at {}", plane.server()));

        let (certificate, ca_pem) = Certificate::self_made(&["127.0.0.1", "localhost"])?;
        let folder = plane.kubeconfig_path().with_file_name("demo");
        let ca_file = folder.join("ca.pem");
        fs::create_dir(&folder)?;
        fs::write(&ca_file, &ca_pem)?;
        let mut config = SimulatorConfig::new(certificate)?;
        config.rules.access_token_life = TOKEN_LIFE;
        let mut simulator = Simulator::start(config).await?;
        let control_port = simulator.listen_for_control(0).await?;
        let account = account();
        simulator.add_account(account.clone());
        terminal.line(
            "tracktik",
            &format!(
                "simulated at {}; tokens live {} s",
                simulator.domain(),
                TOKEN_LIFE.as_secs()
            ),
        );

        apply_crd(&client).await?;
        apply_operator_rbac(&client, &[]).await?;
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        apply(&client, &namespace).await?;
        terminal.line(
            "cluster",
            "applied the CRD, and the operator's account and rights from deploy/",
        );
        let events = super::events::show(client.clone(), terminal);

        let operator = Operator::builder(operator)
            .args(["--allowed-domain", &simulator.domain()])
            .arg("--ca-bundle")
            .arg(&ca_file)
            .start(&plane)
            .await?;
        operator.ready(READY_LIMIT).await?;
        let identity = format!("{OPERATOR_NAMESPACE}/{OPERATOR_NAME}");
        terminal.line(
            "operator",
            &format!("runs as the ServiceAccount {identity}, and is ready"),
        );
        Ok(Self {
            terminal,
            plane,
            client,
            simulator,
            control_port,
            operator,
            account,
            ca_pem,
            folder,
            _events: events,
        })
    }

    /// Ends all of it, the operator first, and waits until nothing is left.
    pub async fn stop(self) {
        let _ = timeout(END_LIMIT, self.operator.terminate()).await;
        // One that hangs is killed by its supervisor.
        self.operator.process.stop().await;
        self.simulator.stop().await;
        self.plane.stop().await;
    }

    /// Returns when something that should run has ended by itself, and says what.
    pub async fn broken(&self) -> Problem {
        let (what, status) = tokio::select! {
            status = self.operator.wait() => ("the operator", status),
            status = self.plane.supervisor().wait() => ("the control plane", status),
        };
        format!("{what} ended by itself ({status})").into()
    }

    /// The example as it ships, but for the values that it says to replace and the domain.
    ///
    /// # Errors
    /// When the file is not as expected, or the API server refuses it.
    pub async fn apply_example(&self) -> Outcome {
        for mut object in documents(EXAMPLE)? {
            object["metadata"]["namespace"] = json!(NAMESPACE);
            match (object["kind"].as_str(), object["metadata"]["name"].as_str()) {
                (Some("Secret"), Some(SOURCE)) => {
                    object["stringData"] = json!({
                        "client_id": self.account.client_id,
                        "client_secret": self.account.client_secret,
                        "username": self.account.username,
                        "password": self.account.password,
                    });
                }
                (Some("TrackTikCredential"), Some(CREDENTIAL)) => {
                    object["spec"]["domain"] = json!(self.simulator.domain());
                }
                (kind, name) => {
                    return Err(format!("{EXAMPLE} has a {kind:?} {name:?} that the demo does not know").into());
                }
            }
            apply(&self.client, &object).await?;
        }
        Ok(())
    }

    /// Writes another password into the source Secret.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn write_password(&self, password: &str) -> Outcome {
        let patch = json!({ "stringData": { "password": password } });
        self.patch(&self.secrets(), SOURCE, &Patch::Merge(patch)).await
    }

    /// Patches one object, as `kubectl patch` does.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn patch<K>(&self, api: &Api<K>, name: &str, patch: &Patch<Value>) -> Outcome
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        api.patch(name, &PatchParams::default(), patch).await?;
        Ok(())
    }

    /// Runs kubectl in the example's namespace and shows command and output.
    ///
    /// # Errors
    /// When it cannot be run, or fails.
    pub async fn show(&self, command: &str) -> Outcome {
        let mut arguments = vec!["--namespace", NAMESPACE];
        arguments.extend(command.split_whitespace());
        let output = self.plane.kubectl(&arguments).await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("kubectl {command}: {}", said.trim()).into());
        }
        let shown = String::from_utf8_lossy(&output.stdout);
        Terminal::command(&format!("kubectl {command}"), &shown);
        Ok(())
    }

    /// The credentials of the example's namespace.
    pub fn credentials(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("tracktik-operator.io", "v1alpha1", "TrackTikCredential");
        let resource = ApiResource::from_gvk_with_plural(&kind, "tracktikcredentials");
        Api::namespaced_with(self.client.clone(), NAMESPACE, &resource)
    }

    /// The Secrets of the example's namespace.
    #[must_use]
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// For a reader of the token Secret.
    #[must_use]
    pub fn reader_config(&self) -> ReaderConfig {
        ReaderConfig {
            folder: self.folder.join("mounted-token"),
            domain: self.simulator.domain(),
            ca_pem: self.ca_pem.clone(),
            username: self.account.username.clone(),
        }
    }
}

fn account() -> Account {
    Account {
        client_id: "5f3a9c1e7b2d4860a1c3e5f7".to_owned(),
        client_secret: "a client secret of the demo".to_owned(),
        username: "api.acme@example.com".to_owned(),
        password: "the first password".to_owned(),
    }
}
