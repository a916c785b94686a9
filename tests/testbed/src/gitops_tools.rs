//! What GitOps tools make of objects, by their own code: kstatus, and Argo CD's way of running a script.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

/// Why nothing was said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be run.
    #[error("running {}", .0.display())]
    Run(PathBuf, #[source] io::Error),
    /// The program, or the script that builds it, failed: with this on standard error.
    #[error("{} failed: {said}", .program.display())]
    Failed {
        /// Which.
        program: PathBuf,
        /// The text.
        said: String,
    },
    /// It did not answer with JSON.
    #[error("no answer: {0}")]
    Answer(#[from] serde_json::Error),
}

/// What a tool says of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Said {
    /// Its word for the state.
    pub status: String,
    /// Why, for a person.
    #[serde(default)]
    pub message: String,
}

/// What kstatus says of each object: `InProgress`, `Current`, `Failed` or `Terminating`.
///
/// # Errors
/// If there is no program, or something is no object.
pub async fn kstatus(objects: &[Value]) -> Result<Vec<Said>, Error> {
    ask(&["kstatus".as_ref()], objects).await
}

/// The health that Argo CD shows of each object by this script.
///
/// # Errors
/// If there is no program, or the script fails or gives no health.
pub async fn argo_health(script: &Path, objects: &[Value]) -> Result<Vec<Said>, Error> {
    ask(&["health".as_ref(), script], objects).await
}

/// Each object as an action of Argo CD leaves it.
///
/// # Errors
/// If there is no program, or the script fails.
pub async fn argo_action(script: &Path, objects: &[Value]) -> Result<Vec<Value>, Error> {
    ask(&["action".as_ref(), script], objects).await
}

async fn ask<T: DeserializeOwned>(arguments: &[&Path], objects: &[Value]) -> Result<Vec<T>, Error> {
    let script = crate::repository().join("tools/gitops/build.sh");
    let mut build = Command::new(&script);
    build.stdin(Stdio::null()).stderr(Stdio::inherit());
    let folder = output(&script, build, String::new()).await?;
    let program = PathBuf::from(folder.trim()).join("gitops");
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::piped()).stderr(Stdio::piped());
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    let answers = output(&program, command, lines.join("\n")).await?;
    answers.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

async fn output(program: &Path, mut command: Command, input: String) -> Result<String, Error> {
    let failed = |source| Error::Run(program.to_owned(), source);
    let mut child = command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    // Beside reading the answers: each pipe holds some kilobytes.
    let writing = tokio::spawn(async move {
        if let Some(mut stdin) = stdin {
            // One that ends early says why itself.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    });
    let output = child.wait_with_output().await.map_err(failed)?;
    let _ = writing.await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(Error::Failed {
            program: program.to_owned(),
            said: text(&output.stderr),
        })
    }
}
