//! A program that uses the token as examples/workload.yaml teaches: it reads the file anew before each request. It
//! asks the simulated TrackTik whose token that is, ten times a second, and counts whatever is not the right answer.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::terminal::Terminal;
use crate::simulator::WHOAMI_PATH;

const BETWEEN_REQUESTS: Duration = Duration::from_millis(100);
/// An answer that takes longer is a failure.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
/// It tells how it fares once in so many requests.
const REQUESTS_PER_REPORT: u64 = 300;
/// So many failures are shown as they happen; the reports count the others.
const FAILURES_SHOWN: u64 = 5;

/// What the reader knows of its own requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReaderCounts {
    /// Requests that ended, however.
    pub requests: u64,
    /// Those without the right answer: no file, no connection, another status than 200, another user's name.
    pub failures: u64,
}

/// Where the reader reads, whom it asks, and what it expects.
#[derive(Debug, Clone)]
pub struct ReaderConfig {
    /// The mounted folder.
    pub folder: PathBuf,
    /// `127.0.0.1:PORT`.
    pub domain: String,
    /// The CA that the simulator's certificate is signed by, as PEM.
    pub ca_pem: String,
    /// Whose token it must be.
    pub username: String,
}

/// A running reader. Dropping it ends it.
#[derive(Debug)]
pub struct Reader {
    counts: Arc<Mutex<ReaderCounts>>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts to read.
    ///
    /// # Errors
    /// When the CA is no PEM.
    pub fn start(config: ReaderConfig, terminal: Terminal) -> reqwest::Result<Self> {
        crate::install_tls_provider();
        let authority = reqwest::Certificate::from_pem(config.ca_pem.as_bytes())?;
        let client = reqwest::Client::builder().no_proxy().timeout(REQUEST_LIMIT);
        let client = client.tls_certs_only([authority]).build()?;
        let counts = Arc::new(Mutex::new(ReaderCounts::default()));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(read(config, client, Arc::clone(&counts), stopped, terminal));
        Ok(Self {
            counts,
            stop,
            task: Some(task),
        })
    }

    /// So far.
    #[must_use]
    pub fn counts(&self) -> ReaderCounts {
        locked(&self.counts).clone()
    }

    /// Ends after the request that is under way, so that both sides count the same.
    pub async fn stop(mut self) -> ReaderCounts {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
        self.counts()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn read(
    config: ReaderConfig,
    client: reqwest::Client,
    counts: Arc<Mutex<ReaderCounts>>,
    stopped: watch::Receiver<bool>,
    terminal: Terminal,
) {
    let mut ticks = interval(BETWEEN_REQUESTS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let file = config.folder.join("access_token");
    while !*stopped.borrow() {
        ticks.tick().await;
        let outcome = request(&client, &config, &file).await;
        let now = {
            let mut counts = locked(&counts);
            counts.requests += 1;
            counts.failures += u64::from(outcome.is_err());
            counts.clone()
        };
        if let Err(why) = outcome
            && now.failures <= FAILURES_SHOWN
        {
            terminal.line("reader", &format!("FAILED: {why}"));
        }
        if now.requests % REQUESTS_PER_REPORT == 0 {
            let ReaderCounts { requests, failures } = now;
            terminal.line("reader", &format!("{requests} requests so far, {failures} failed"));
        }
    }
}

async fn request(client: &reqwest::Client, config: &ReaderConfig, file: &Path) -> Result<(), String> {
    let token = std::fs::read_to_string(file).map_err(|error| format!("reading the mounted token: {error}"))?;
    let url = format!("https://{}{WHOAMI_PATH}", config.domain);
    let response = client.get(url).bearer_auth(token).send().await;
    let response = response.map_err(|error| format!("no answer: {}", error.without_url()))?;
    let status = response.status();
    if status != reqwest::StatusCode::OK {
        return Err(format!("the API answered {status}"));
    }
    let answer: Value = response.json().await.map_err(|error| error.without_url().to_string())?;
    if answer["username"] == config.username {
        Ok(())
    } else {
        Err(format!("the token is that of {}", answer["username"]))
    }
}

fn locked(counts: &Mutex<ReaderCounts>) -> MutexGuard<'_, ReaderCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
