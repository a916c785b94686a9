//! promtool, which lints metrics and judges rules of Prometheus.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// It could not be had or started, or it found something wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `tools/promtool.sh` says why.
    #[error("there is no promtool, without which neither metrics nor rules are tested:\n{0}")]
    Missing(String),
    /// It could not be started or fed.
    #[error("promtool cannot be run: {0}")]
    Io(#[from] io::Error),
    /// What it says.
    #[error("promtool: {0}")]
    Wrong(String),
}

/// Lints metrics in the text format.
///
/// # Errors
/// [`Error::Wrong`] where there is anything to be said against them.
pub fn check_metrics(scrape: &str) -> Result<(), Error> {
    let mut command = Command::new(program()?);
    command.args(["check", "metrics"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut lint = command.spawn()?;
    let mut input = lint
        .stdin
        .take()
        .ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
    // It reads all before it says anything, so that neither waits for the other.
    input.write_all(scrape.as_bytes())?;
    drop(input);
    judged(&lint.wait_with_output()?)
}

/// Whether this file of rules can be loaded, with every expression in it.
///
/// # Errors
/// [`Error::Wrong`] where it cannot.
pub fn check_rules(file: &Path) -> Result<(), Error> {
    judged(&Command::new(program()?).args(["check", "rules"]).arg(file).output()?)
}

/// Runs a file of tests of rules.
///
/// # Errors
/// [`Error::Wrong`] where a test fails.
pub fn test_rules(file: &Path) -> Result<(), Error> {
    judged(&Command::new(program()?).args(["test", "rules"]).arg(file).output()?)
}

fn judged(done: &Output) -> Result<(), Error> {
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Wrong(format!("{}{}", text(&done.stdout), text(&done.stderr))))
}

fn program() -> Result<PathBuf, Error> {
    let found = Command::new(crate::repository().join("tools/promtool.sh")).output()?;
    if !found.status.success() {
        return Err(Error::Missing(text(&found.stderr)));
    }
    Ok(PathBuf::from(text(&found.stdout).trim()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
