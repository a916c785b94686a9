//! The operator under test: the binary that ships, in a process of its own, authenticated as its own
//! `ServiceAccount`. Nothing here knows its code.

use std::{
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::{
    control_plane,
    operator_start::{LOG_FILE, OperatorBuilder},
    supervised::{self, Supervised},
    transcript::Line,
};

/// Why there is no operator, or why it did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not start, ended, or does not answer; with the end of its log.
    #[error(transparent)]
    Process(#[from] supervised::Error),
    /// Its kubeconfig could not be made: are the rights applied?
    #[error("a kubeconfig for the operator")]
    Kubeconfig(#[from] control_plane::Error),
    /// A file could not be written or read, or a signal not sent.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
    /// Its HTTP server did not answer.
    #[error("asking the operator over HTTP")]
    Http(#[from] reqwest::Error),
    /// It runs, but is not ready.
    #[error("the operator is not ready: {0}")]
    NotReady(String),
}

/// A running operator. Dropping it sends SIGTERM, and SIGKILL five seconds later, in the background.
#[derive(Debug)]
pub struct Operator {
    pub(crate) process: Supervised,
    pub(crate) pid: u32,
    pub(crate) address: String,
    /// Holds its kubeconfig and the copy of its log.
    pub(crate) folder: TempDir,
}

impl Operator {
    /// An operator from this binary; its own package knows it as `env!("CARGO_BIN_EXE_…")`.
    pub fn builder(binary: impl Into<PathBuf>) -> OperatorBuilder {
        OperatorBuilder::new(binary.into())
    }

    /// The operator's own process id, not its supervisor's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its HTTP server listens, for instance `127.0.0.1:40123`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What `path` of its HTTP server answers.
    ///
    /// # Errors
    /// [`Error::Http`] if there is no answer within ten seconds.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, String), Error> {
        crate::install_tls_provider();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
        let url = format!("http://{}{path}", self.address);
        let response = client.build()?.get(url).send().await?;
        Ok((response.status(), response.text().await?))
    }

    /// Waits until its `/readyz` says that it is ready.
    ///
    /// # Errors
    /// [`Error::NotReady`] after `limit`, with what it says instead.
    pub async fn ready(&self, limit: Duration) -> Result<(), Error> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let answer = self.get("/readyz").await?;
            if answer.0.is_success() {
                return Ok(());
            }
            if began.elapsed() > limit {
                return Err(Error::NotReady(answer.1));
            }
        }
    }

    /// Its metrics, in the text format.
    ///
    /// # Errors
    /// [`Error::Http`] if there is no answer within ten seconds.
    pub async fn metrics(&self) -> Result<String, Error> {
        Ok(self.get("/metrics").await?.1)
    }

    /// Everything that it has written, line by line.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.process
            .transcript()
            .lines()
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    /// The file that everything it writes is copied to; gone with this handle.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join(LOG_FILE)
    }

    /// Waits for a line, present or future, that contains `text`, and returns it.
    ///
    /// # Errors
    /// [`Error::Process`] if it ends first, or after `limit`.
    pub async fn log_line(&self, text: &str, limit: Duration) -> Result<String, Error> {
        let found = |line: &Line| line.text.contains(text).then(|| line.text.clone());
        Ok(self
            .process
            .find(&format!("a log line with {text:?}"), limit, found)
            .await?)
    }

    /// Asks it to end, as a kubelet does, and waits until it has.
    ///
    /// # Errors
    /// [`Error::Io`] if the signal cannot be sent.
    pub async fn terminate(&self) -> Result<ExitStatus, Error> {
        self.signal("TERM").await?;
        Ok(self.wait().await)
    }

    /// Kills it as a lost node does, without a chance to release or write anything.
    ///
    /// # Errors
    /// [`Error::Io`] if the signal cannot be sent.
    pub async fn kill(&self) -> Result<ExitStatus, Error> {
        self.signal("KILL").await?;
        Ok(self.wait().await)
    }

    /// Sends a signal by its name; `STOP` and `CONT` freeze and thaw it, as a starved node does.
    ///
    /// # Errors
    /// [`Error::Io`] if the shell that sends it cannot be run.
    pub async fn signal(&self, name: &str) -> Result<(), Error> {
        // The shell's own `kill`: sending a signal directly would need unsafe code or a dependency.
        tokio::process::Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &self.pid.to_string()])
            .stderr(Stdio::null())
            .status()
            .await
            .map_err(|source| Error::Io("sending a signal", source))?;
        Ok(())
    }

    /// Waits until it ends by itself. Ended by a signal, its code is 128 and the signal's number.
    pub async fn wait(&self) -> ExitStatus {
        self.process.wait().await
    }
}
