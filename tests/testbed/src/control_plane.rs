//! A real control plane: etcd, kube-apiserver and kube-controller-manager on free loopback ports,
//! gone with their data when the handle is dropped or the process that holds it dies.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use kube::config::KubeconfigError;
use serde::Deserialize;

use crate::{
    audit_log::{self, AuditEvent},
    supervised::{self, Supervised},
};

/// Generous: the machine may be compiling at the same time.
const START_LIMIT: Duration = Duration::from_mins(3);

/// Why there is no control plane, or why it did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script that builds the programs failed; it has said why on standard error.
    #[error("tools/controlplane/build.sh failed ({0}); the reason is above")]
    Build(std::process::ExitStatus),
    /// A file or program could not be opened.
    #[error("{0}")]
    Io(String, #[source] io::Error),
    /// The supervisor ended or did not answer.
    #[error(transparent)]
    Supervisor(#[from] supervised::Error),
    /// The supervisor refused an order.
    #[error("{failed}: {error}")]
    Order {
        /// The order.
        failed: String,
        /// Its reason.
        error: String,
    },
    /// A kubeconfig of ours cannot be used.
    #[error("reading a kubeconfig")]
    Kubeconfig(#[from] KubeconfigError),
    /// The API server refused, or no client could be made.
    #[error("asking the API server")]
    Api(#[from] kube::Error),
    /// A kubeconfig of ours has not the shape that was expected.
    #[error("the administrator's kubeconfig is not as the supervisor writes it")]
    Shape(#[from] serde_json::Error),
}

/// A running control plane. Dropping it ends all of it, in the background.
#[derive(Debug)]
pub struct ControlPlane {
    supervisor: Supervised,
    programs: PathBuf,
    ready: Ready,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    kubeconfig: PathBuf,
    server: String,
    audit_log: PathBuf,
}

#[derive(Deserialize)]
struct OrderAnswer {
    failed: Option<String>,
    #[serde(default)]
    error: String,
}

impl ControlPlane {
    /// Builds the programs if this machine has none yet (minutes, once), and starts them (seconds).
    ///
    /// # Errors
    /// [`Error::Build`], or [`Error::Supervisor`] with the end of the failing component's log.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with_admission_plugins(&[]).await
    }

    /// As [`Self::start`], with an API server that has these admission plugins beside those that it always has.
    ///
    /// # Errors
    /// As [`Self::start`]; an API server that does not know a plugin does not start.
    pub async fn start_with_admission_plugins(plugins: &[&str]) -> Result<Self, Error> {
        crate::install_tls_provider();
        let programs = programs().await?;
        let data = tempfile::Builder::new().prefix("controlplane-").tempdir();
        let data = data.map_err(|source| Error::Io("making a data directory".into(), source))?;
        let mut command = Command::new(programs.join("controlplane"));
        command
            .arg("run")
            .arg("--assets")
            .arg(&programs)
            .arg("--data")
            .arg(data.path())
            .arg("--admission-plugins")
            .arg(plugins.join(","));
        let supervisor = Supervised::spawn("controlplane", command, None)?;
        // From here the supervisor removes it, when nobody writes to it any more.
        let _ = data.keep();
        let ready = supervisor.answer(START_LIMIT).await?;
        Ok(Self {
            supervisor,
            programs,
            ready,
        })
    }

    /// Ends all of it and waits until its data is removed.
    pub async fn stop(self) {
        self.supervisor.stop().await;
    }

    /// The administrator's kubeconfig; everything is embedded in it.
    #[must_use]
    pub fn kubeconfig_path(&self) -> &Path {
        &self.ready.kubeconfig
    }

    /// For instance `https://127.0.0.1:20427`; the port stays the same over an outage.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.ready.server
    }

    /// The folder with etcd, kube-apiserver, kube-controller-manager, kubectl and controlplane.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The process that supervises the components.
    #[must_use]
    pub fn supervisor(&self) -> &Supervised {
        &self.supervisor
    }

    /// Every request that was answered so far, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`] if the log cannot be read.
    pub fn audit_events(&self) -> Result<Vec<AuditEvent>, Error> {
        self.audit_events_with("")
    }

    /// As [`Self::audit_events`], but only those in whose record this text stands, such as a namespace.
    ///
    /// # Errors
    /// [`Error::Io`] if the log cannot be read.
    pub fn audit_events_with(&self, text: &str) -> Result<Vec<AuditEvent>, Error> {
        audit_log::read(&self.ready.audit_log, text).map_err(|source| Error::Io("reading the audit log".into(), source))
    }

    /// The file that it is logged to, one JSON object a line: for who wants more of a request than
    /// [`Self::audit_events`] keeps.
    #[must_use]
    pub fn audit_log_path(&self) -> &Path {
        &self.ready.audit_log
    }

    /// Begins an outage: the API server is killed, its port refuses connections.
    ///
    /// # Errors
    /// [`Error::Order`] if it is stopped already.
    pub async fn stop_api_server(&self) -> Result<(), Error> {
        self.order("stop apiserver").await
    }

    /// Ends the outage, and returns when the API server is ready: same port, keys and data.
    ///
    /// # Errors
    /// [`Error::Order`] if it is running.
    pub async fn start_api_server(&self) -> Result<(), Error> {
        self.order("start apiserver").await
    }

    async fn order(&self, order: &str) -> Result<(), Error> {
        let answer: OrderAnswer = self.supervisor.ask(order, START_LIMIT).await?;
        match answer.failed {
            Some(failed) => Err(Error::Order {
                failed,
                error: answer.error,
            }),
            None => Ok(()),
        }
    }

    /// Runs kubectl as the administrator. A failure of kubectl's own is in the output's status.
    ///
    /// # Errors
    /// [`Error::Io`] if kubectl cannot be run.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<Output, Error> {
        tokio::process::Command::new(self.programs.join("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig_path())
            // Else it leaves a folder for each port in the home of whoever runs the tests.
            .env("KUBECACHEDIR", self.kubeconfig_path().with_file_name("kubectl-cache"))
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| Error::Io("running kubectl".into(), source))
    }
}

/// The folder with the programs of the control plane, built on the first use. Progress is shown on
/// standard error: a test that seems to hang for minutes is otherwise soon interrupted.
async fn programs() -> Result<PathBuf, Error> {
    let script = crate::repository().join("tools/controlplane/build.sh");
    let output = tokio::process::Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|source| Error::Io(format!("running {}", script.display()), source))?;
    if !output.status.success() {
        return Err(Error::Build(output.status));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
