//! The handle on the operator's process, tried on a stand-in: a script that logs as the operator does.

// It looks for processes where Linux lists them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use tempfile::TempDir;
use testbed::{
    control_plane::ControlPlane,
    operator::{Error, Operator},
};

const SECOND: Duration = Duration::from_secs(1);

/// A program that takes SIGTERM as the operator does: it logs, and ends in its own time.
const STAND_IN: &str = r#"#!/bin/sh
trap 'echo terminating; exit 7' TERM
echo "arguments: $*" >&2
echo "environment: $GREETING, ${CARGO_MANIFEST_DIR:-clean}" >&2
grep -q token "$KUBECONFIG" && echo "kubeconfig: usable" >&2
echo '{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:1"}}'
while :; do sleep 0.05; done
"#;

fn script(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stand-in");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    (folder, path)
}

fn exists(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn the_handle_starts_signals_and_ends_the_process() {
    let control_plane = ControlPlane::start().await.unwrap();
    let (_folder, path) = script(STAND_IN);
    let builder = Operator::builder(path)
        .service_account("default", "default")
        .namespaces(["team-a"])
        .args(["--login-budget", "9"])
        .env("GREETING", "hello");

    let operator = builder.clone().start(&control_plane).await.unwrap();
    assert_eq!(operator.address(), "127.0.0.1:1");
    assert!(exists(operator.pid()));
    let expected = "arguments: run --listen 127.0.0.1:0 --log-format json --namespace team-a --login-budget 9";
    operator.log_line(expected, SECOND).await.unwrap();
    operator.log_line("environment: hello, clean", SECOND).await.unwrap();
    operator.log_line("kubeconfig: usable", SECOND).await.unwrap();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(7));
    assert!(operator.logs().contains(&"terminating".to_owned()));
    assert!(fs::read_to_string(operator.log_path()).unwrap().contains("terminating"));
    assert!(!exists(operator.pid()));

    let operator = builder.clone().start(&control_plane).await.unwrap();
    assert_eq!(operator.kill().await.unwrap().code(), Some(128 + 9));

    let operator = builder.start(&control_plane).await.unwrap();
    let pid = operator.pid();
    drop(operator);
    while exists(pid) {
        tokio::time::sleep(SECOND / 50).await;
    }

    let (_folder, path) = script("#!/bin/sh\necho no such flag >&2\nexit 2\n");
    let failed = Operator::builder(path).service_account("default", "default");
    let error = failed.start(&control_plane).await.unwrap_err();
    assert!(matches!(error, Error::Process(_)));
    assert!(error.to_string().contains("no such flag"), "{error}");
    control_plane.stop().await;
}
