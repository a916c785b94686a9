//! `make demo`; everything is in [`testbed::demo`].

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use testbed::demo::{Options, run};

/// The operator's whole story in less than three minutes, on a control plane of its own.
#[derive(Parser)]
struct Flags {
    /// The operator's binary
    #[arg(long, value_name = "PATH")]
    operator: PathBuf,
    /// Leave everything up at the end, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> std::io::Result<ExitCode> {
    let Flags { operator, keep } = Flags::parse();
    Ok(ExitCode::from(run(&Options { operator, keep }).await?))
}
