//! A workload that uses the token, in one of the ways in which users write them: it asks TrackTik ten times a second whose
//! token it holds. How that went is counted there; this prints what cannot be seen there.

use std::{error::Error, io::Write, path::PathBuf, time::Duration};

use clap::Parser;
use k8s_openapi::jiff::Timestamp;
use reqwest::StatusCode;
use testbed::simulator::READER;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

const BETWEEN_REQUESTS: Duration = Duration::from_millis(100);
/// An answer that takes longer is a failure.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Uses the token ten times a second.
#[derive(Parser)]
struct Flags {
    /// By which it is counted
    #[arg(long)]
    name: String,
    /// What to ask
    #[arg(long)]
    url: String,
    /// PEM file with the authority of the server's certificate
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,
    /// Read the token from this file
    #[arg(long, value_name = "FILE", required_unless_present = "token")]
    file: Option<PathBuf>,
    /// Keep what was read until a 401
    #[arg(long)]
    cached: bool,
    /// Say when this file, which is written along with the token, has changed
    #[arg(long, value_name = "FILE")]
    expiry: Option<PathBuf>,
    /// The token itself, of the environment
    #[arg(long, env = "TRACKTIK_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    testbed::install_tls_provider();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&flags.authority)?)?;
    let client = reqwest::Client::builder().no_proxy().timeout(REQUEST_LIMIT);
    let client = client.tls_certs_only([authority]).build()?;
    // As the first process of its container it would not end by a signal that it does not take.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut ticks = interval(BETWEEN_REQUESTS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What follows was printed by another container, and the file may have changed before this one looked.
    say(&format!("BEGUN {}", Timestamp::now()))?;
    let (mut kept, mut expiry) = (None, String::new());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = terminated.recv() => return Ok(()),
        }
        if let Some(file) = &flags.expiry {
            let now = std::fs::read_to_string(file)?;
            if now != expiry {
                say(&format!("SEEN {now} {}", Timestamp::now()))?;
                expiry = now;
            }
        }
        let token = match (&flags.token, &flags.file) {
            (Some(token), _) => token.clone(),
            (None, Some(file)) if kept.is_none() => std::fs::read_to_string(file)?,
            _ => kept.take().unwrap_or_default(),
        };
        let asked = client
            .get(&flags.url)
            .header(READER, &flags.name)
            .bearer_auth(&token)
            .send()
            .await;
        match asked.map(|answer| answer.status()) {
            Ok(StatusCode::OK) if flags.cached => kept = Some(token),
            // Counted by the server: the next request is made with what is read then.
            Ok(StatusCode::OK | StatusCode::UNAUTHORIZED) => {}
            Ok(status) => say(&format!("FAILED {} {status}", Timestamp::now()))?,
            Err(problem) => say(&format!("FAILED {} {problem:?}", Timestamp::now()))?,
        }
    }
}

/// Where `kubectl logs` finds it.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}
