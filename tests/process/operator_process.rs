//! The operator as a process, with an environment that holds nothing but what a test puts into it.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
};

pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What the process said last, to a person.
    pub fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracktik-operator"));
    command
        .env_clear()
        .env("HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-home"));
    command.args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end, which must come by itself.
pub async fn ended(mut command: Command) -> Ended {
    let output = tokio::time::timeout(Duration::from_secs(30), command.output()).await;
    let output = output.expect("the process ends by itself").expect("the process starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An operator that is up.
pub struct Running {
    pub address: String,
    pub log: Vec<serde_json::Value>,
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Running {
    /// One that acts without an election.
    pub async fn start(kubeconfig: &Path) -> Self {
        Self::start_with(kubeconfig, &["--leader-elect=false"]).await
    }

    pub async fn start_with(kubeconfig: &Path, flags: &[&str]) -> Self {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let always = ["run", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig];
        let mut command = command(&[&always, flags].concat());
        let mut child = command.spawn().expect("the process starts");
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut running = Self {
            address: String::new(),
            log: Vec::new(),
            child,
            lines,
        };
        let line = running.logged("listening").await;
        line["address"].as_str().unwrap().clone_into(&mut running.address);
        running
    }

    /// Waits for a line of the log.
    pub async fn logged(&mut self, message: &str) -> serde_json::Value {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line());
            let line = next
                .await
                .unwrap_or_else(|_| panic!("no line {message:?}: {:?}", self.log));
            let line = line
                .unwrap()
                .unwrap_or_else(|| panic!("ended without {message:?}: {:?}", self.log));
            let line: serde_json::Value = serde_json::from_str(&line).expect("the log is JSON");
            self.log.push(line.clone());
            if line["message"] == message {
                return line;
            }
        }
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = http_get(&self.address, path).await;
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.unwrap();
        assert!(sent.success());
    }

    pub async fn exit_code(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        ended.expect("the process ends").unwrap().code()
    }
}

/// A whole answer, head and body, as it comes over the wire.
pub async fn http_get(address: &str, path: &str) -> String {
    http_get_with(address, path, "").await
}

/// As [`http_get`], with one more header; each with its line end.
pub async fn http_get_with(address: &str, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
