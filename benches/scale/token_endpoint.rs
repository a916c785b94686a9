//! The token endpoint in a process of its own: the simulator, over TLS, on a hundred addresses, with 5 ms to each answer.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use testbed::{
    simulator::{Account, Counts},
    supervised::Supervised,
};

use crate::Outcome;

/// Its hosts.
pub const HOSTS: usize = 100;
/// From the arrival of a request to its answer.
const LATENCY_MILLISECONDS: u64 = 5;

/// A running token endpoint. Clones share it; it ends with the last.
#[derive(Clone, Debug)]
pub struct TokenEndpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    process: Supervised,
    http: reqwest::Client,
    ready: Ready,
    authority: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    port: u16,
    control_port: u16,
}

impl TokenEndpoint {
    /// Starts it; the certificate of its authority goes into `folder`.
    pub async fn start(folder: &Path) -> Outcome<Self> {
        let authority = folder.join("ca.pem");
        let mut command = Command::new(program()?);
        command.args(["--control", "--hosts", &HOSTS.to_string(), "--write-ca"]);
        command.arg(&authority);
        let process = Supervised::spawn("simulator", command, None)?;
        let ready = process.answer(Duration::from_secs(30)).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let endpoint = Self(Arc::new(Inner {
            process,
            http,
            ready,
            authority,
        }));
        endpoint.all_answer().await?;
        Ok(endpoint)
    }

    /// What stands for `<domain>` in a credential.
    pub fn domain(&self, host: usize) -> String {
        format!("127.0.0.{}:{}", host + 1, self.0.ready.port)
    }

    /// PEM file with the authority to trust.
    pub fn authority(&self) -> &Path {
        &self.0.authority
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.0.process.pid()
    }

    /// Adds an account.
    pub async fn add_account(&self, account: &Account) -> Outcome {
        self.post("accounts", &serde_json::to_value(account)?).await
    }

    /// From now on this host takes requests and never answers them.
    pub async fn silence(&self, host: usize) -> Outcome {
        self.clear().await?;
        let target = json!({ "host": format!("127.0.0.{}", host + 1) });
        self.fault(&target, &json!({ "kind": "silence" })).await?;
        // The first that fits counts, so that this comes after.
        self.delay().await
    }

    /// From now on all hosts answer.
    pub async fn all_answer(&self) -> Outcome {
        self.clear().await?;
        self.delay().await
    }

    /// What happened so far.
    pub async fn counts(&self) -> Outcome<Counts> {
        let answer = self.0.http.get(self.url("counts")).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn delay(&self) -> Outcome {
        let delay = json!({ "kind": "delay", "milliseconds": LATENCY_MILLISECONDS });
        self.fault(&json!("everywhere"), &delay).await
    }

    async fn clear(&self) -> Outcome {
        self.0
            .http
            .delete(self.url("faults"))
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    async fn fault(&self, target: &Value, fault: &Value) -> Outcome {
        self.post("faults", &json!({ "target": target, "fault": fault })).await
    }

    async fn post(&self, path: &str, body: &Value) -> Outcome {
        let request = self.0.http.post(self.url(path)).json(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.0.ready.control_port)
    }
}

/// Built beside this program: `target/<profile>/deps/scale-…` and `target/<profile>/simulator`.
fn program() -> Outcome<PathBuf> {
    let own = env::current_exe()?;
    let folder = own
        .parent()
        .and_then(Path::parent)
        .ok_or("this program is in no folder")?;
    let found = folder.join("simulator");
    if found.exists() {
        Ok(found)
    } else {
        Err(format!("{} is missing: `make bench` builds it", found.display()).into())
    }
}
