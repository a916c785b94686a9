//! `make e2e`: the operator on a real node, installed by its chart, with workloads that mount the token. Runs inside the
//! node's namespaces (`tools/node/run.sh`), with its programs on the PATH.

mod figures;
mod manifests;
mod node;
mod outcome;
mod scenes;
mod stage;
mod tour;
mod watching;

use std::{io::Write, path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;

use outcome::{Outcome, Problem};

/// Plays all scenes and says how each went.
#[derive(Parser)]
struct Flags {
    /// Root of the repository
    #[arg(long, value_name = "FOLDER")]
    repository: PathBuf,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    // What it makes and ends must be the node's.
    if std::env::var("NODE_NAME").as_deref() != Ok("tracktik-node") {
        say("FAILED: this is to be run by tools/e2e.sh, on a node of its own");
        return ExitCode::FAILURE;
    }
    match scenes::play(&flags.repository).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Problem(problem)) => {
            say(&format!("FAILED: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for whoever waits.
fn say(line: &str) {
    // Without a reader nothing is lost but words.
    let _ = writeln!(std::io::stdout(), "e2e: {line}");
}

/// A scene by its name, and how long it took.
async fn scene<T>(name: &str, played: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let begun = Instant::now();
    let outcome = played.await;
    match outcome {
        Ok(value) => {
            say(&format!("{name}: {:.1} s", begun.elapsed().as_secs_f64()));
            Ok(value)
        }
        Err(Problem(problem)) => Err(Problem(format!("{name}: {problem}"))),
    }
}
