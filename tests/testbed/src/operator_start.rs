//! How the operator under test is started: with which flags, in which environment, as whom.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::{
    control_plane::ControlPlane,
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE},
    operator::{Error, Operator},
    supervised::Supervised,
    transcript::Line,
};

/// The copy of everything that the operator writes, in its folder.
pub(crate) const LOG_FILE: &str = "operator.log";

/// How long a start may take on a machine that is busy compiling.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Variables that the operator may inherit: what it takes to run and measure a program. Nothing else,
/// so that neither a proxy nor a setting of whoever runs the tests changes the result.
const INHERITED: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "RUST_BACKTRACE",
    "LLVM_PROFILE_FILE",
    "LD_LIBRARY_PATH",
];

/// What an operator is started with.
#[derive(Debug, Clone)]
#[must_use]
pub struct OperatorBuilder {
    binary: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    /// Namespace and name of the `ServiceAccount` that it runs as.
    service_account: (String, String),
}

impl OperatorBuilder {
    pub(crate) fn new(binary: PathBuf) -> Self {
        Self {
            binary,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            service_account: (OPERATOR_NAMESPACE.to_owned(), OPERATOR_NAME.to_owned()),
        }
    }

    /// Watch these namespaces only. Without it: all.
    pub fn namespaces<'a>(mut self, namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        for namespace in namespaces {
            self.arguments.extend(["--namespace".into(), namespace.into()]);
        }
        self
    }

    /// One more argument; call it twice for a flag and its value.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Another identity than `tracktik-system/tracktik-operator`.
    pub fn service_account(mut self, namespace: &str, name: &str) -> Self {
        self.service_account = (namespace.to_owned(), name.to_owned());
        self
    }

    /// Starts it, and returns when it has said where it listens; it need not be ready yet.
    ///
    /// # Errors
    /// [`Error::Kubeconfig`] without a `ServiceAccount`, [`Error::Process`] with the log of an operator
    /// that ended or said nothing for a minute.
    pub async fn start(self, control_plane: &ControlPlane) -> Result<Operator, Error> {
        // Among the control plane's data, which its supervisor removes even if this process is killed: the kubeconfig
        // holds a token.
        let among = control_plane.kubeconfig_path().parent().unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new().prefix("operator-").tempdir_in(among);
        let folder = folder.map_err(|source| Error::Io("making a folder", source))?;
        let kubeconfig = folder.path().join("kubeconfig");
        let (namespace, account) = &self.service_account;
        control_plane
            .kubeconfig_for_service_account(namespace, account, &kubeconfig)
            .await?;

        let pid_file = folder.path().join("pid");
        let mut command = Command::new(control_plane.programs().join("controlplane"));
        command
            .arg("exec")
            .arg("--pid-file")
            .arg(&pid_file)
            .arg("--")
            .arg(&self.binary);
        command.args(["run", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.args(&self.arguments);
        command.env_clear().env("KUBECONFIG", &kubeconfig);
        command.envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
        command.envs(&self.environment);

        let log = folder.path().join(LOG_FILE);
        let process = Supervised::spawn("tracktik-operator", command, Some(&log))?;
        let address = process
            .find("the address it listens on", START_LIMIT, listening)
            .await?;
        let pid = pid_in(&pid_file).await.map_err(|source| Error::Io("its pid", source))?;
        Ok(Operator {
            process,
            pid,
            address,
            folder,
        })
    }
}

/// The number in this file. It is written in one step, right after the start: on a busy machine later than the first line of
/// the operator's log.
async fn pid_in(file: &Path) -> io::Result<u32> {
    let deadline = tokio::time::Instant::now() + START_LIMIT;
    let text = loop {
        match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            read => break read?,
        }
    };
    text.trim().parse().map_err(io::Error::other)
}

/// The address in the log line that says `listening`.
fn listening(line: &Line) -> Option<String> {
    let record: Value = serde_json::from_str(&line.text).ok()?;
    // The fields stand in an object of their own, or beside the level, as the formatter is set.
    let fields = record.get("fields").unwrap_or(&record);
    if fields["message"] != "listening" {
        return None;
    }
    fields["address"].as_str().map(str::to_owned)
}
