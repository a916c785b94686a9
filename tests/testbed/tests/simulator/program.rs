//! The stand-alone simulator: what a script sees of it.

use std::{process::Stdio, time::Duration};

use reqwest::StatusCode;
use serde_json::{Value, json};
use testbed::simulator::{Counts, TOKEN_PATH, TokenRequest};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::client::account;

#[tokio::test]
async fn a_script_drives_it_by_http_and_ends_it_by_closing_stdin() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = tempfile::tempdir().expect("a directory");
    let authority = directory.path().join("ca.pem");
    let mut program = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args([
            "--access-token-seconds",
            "60",
            "--hosts",
            "2",
            "--control",
            "--write-ca",
        ])
        .arg(&authority)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let stdout = program.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).await.expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(ready["ready"], json!(true));

    let authority = std::fs::read(authority).expect("the CA");
    let authority = reqwest::Certificate::from_pem(&authority).expect("a CA");
    let http = reqwest::Client::builder().tls_certs_only([authority]).no_proxy();
    let http = http.build().expect("a client");
    let control = |path: &str| format!("http://127.0.0.1:{}{path}", ready["controlPort"]);
    let url = format!("https://localhost:{}{TOKEN_PATH}", ready["port"]);
    let login = TokenRequest::login(&account("ada"));
    let status = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.expect("an answer");
        answer.status()
    };

    let added = http.post(control("/accounts")).json(&account("ada"));
    assert_eq!(status(added).await, StatusCode::NO_CONTENT);
    assert_eq!(status(http.post(&url).form(login.pairs())).await, StatusCode::OK);
    let second_host = format!("https://127.0.0.2:{}{TOKEN_PATH}", ready["port"]);
    assert_eq!(
        status(http.post(&second_host).form(login.pairs())).await,
        StatusCode::OK
    );
    let fault = json!({
        "target": {"username": "ada"},
        "fault": {"kind": "tooManyRequests", "retryAfter": {"seconds": 60}},
    });
    let planned = http.post(control("/faults")).json(&fault);
    assert_eq!(status(planned).await, StatusCode::NO_CONTENT);
    assert_eq!(
        status(http.post(&url).form(login.pairs())).await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(status(http.delete(control("/faults"))).await, StatusCode::NO_CONTENT);
    let password = json!({"username": "ada", "password": "new"});
    let changed = http.post(control("/accounts/password")).json(&password);
    assert_eq!(status(changed).await, StatusCode::NO_CONTENT);
    assert_eq!(
        status(http.post(&url).form(login.pairs())).await,
        StatusCode::BAD_REQUEST
    );
    let counts = http.get(control("/counts")).send().await.expect("an answer");
    let counts: Counts = counts.json().await.expect("counts");
    assert_eq!((counts.logins, counts.refused, counts.faulted), (2, 1, 1));

    drop(program.stdin.take());
    let ended = tokio::time::timeout(Duration::from_secs(5), program.wait()).await;
    assert!(ended.expect("it ends").expect("a status").success());
}
