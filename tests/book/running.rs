//! A program that runs, and what it writes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::reader_api::PATIENCE;

/// The program. It ends when this is dropped, or when this process is gone.
pub struct Running {
    child: Child,
    output: PathBuf,
    errors: PathBuf,
    _folder: TempDir,
}

impl Running {
    /// Starts the command with the program's file behind it.
    pub fn start(command: &[&str], program: &Path, folder: TempDir) -> Self {
        // Files: what a program has written before a request stands in them when the request is seen.
        let (output, errors) = (folder.path().join("output"), folder.path().join("errors"));
        // The program's own end is not the test's to wait for: what ends is the standard input, whatever becomes of us.
        let mut supervised = Command::new("sh");
        supervised
            .args(["-c", "\"$@\" & cat >/dev/null; kill $!", "sh"])
            .args(command)
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&errors).unwrap());
        let child = supervised.spawn().unwrap();
        Self {
            child,
            output,
            errors,
            _folder: folder,
        }
    }

    /// What it has written to its standard output.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// What it has complained of.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    /// Once it has complained in that many lines more.
    pub async fn complains(&self, lines: usize, of: &str) {
        let before = self.errors().lines().count();
        let complained = async {
            while self.errors().lines().count() < before + lines {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = timeout(PATIENCE, complained).await.is_ok();
        assert!(in_time, "no {lines} complaints of {of}: {}", self.errors());
    }

    pub async fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().await.unwrap();
    }
}
