//! What the log is like, for people and for what collects it.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    canaries::canary,
    leak_scan::Scanner,
    scene::{PATIENCE, Scene},
};

#[tokio::test]
async fn a_normal_life_is_told_in_json_by_credential_and_without_an_error() {
    let scene = Scene::new("log-lines").await;
    let operator = scene.operator_at("trace").start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    scene.token_after("acme", &first).await;
    // Put right by itself: nothing that a person must know of.
    let gone = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } });
    scene.patch_secret("acme-token", gone).await;
    operator.log_line("repaired the token Secret", PATIENCE).await.unwrap();
    let acme = scene.credentials();
    acme.delete("acme", &kube::api::DeleteParams::default()).await.unwrap();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));

    let mut about_acme = 0;
    for line in operator.logs() {
        let record: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["timestamp", "level", "message", "target"] {
            assert!(
                record[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key}: {line}"
            );
        }
        assert_ne!(record["level"], "ERROR", "{line}");
        let target = record["target"].as_str().unwrap();
        if target.starts_with("tracktik_operator::controller") {
            assert_eq!(record["namespace"], scene.namespace, "{line}");
            assert_eq!(record["name"], "acme", "{line}");
            about_acme += 1;
        }
    }
    assert!(about_acme >= 4, "{:#?}", operator.logs());
}

/// Which of its tests this program is asked to be by the next but one.
const PANICS: &str = "log_lines::panics_with_a_value";

#[test]
#[ignore = "run by a_panic_is_told_of_without_the_values_in_it, in a process of its own"]
fn panics_with_a_value() {
    let arguments = [
        "tracktik-operator",
        "run",
        "--log-level",
        "trace",
        "--log-format",
        "json",
    ];
    let Ok(tracktik_operator::settings::Request::Run(settings)) = tracktik_operator::settings::parse(arguments) else {
        panic!("these are arguments that a person would use");
    };
    tracktik_operator::telemetry::start(&settings).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let ended = runtime.block_on(runtime.spawn(async {
        decoded().expect("a value that can be decoded");
    }));
    assert!(ended.unwrap_err().is_panic());
}

fn decoded() -> Result<(), String> {
    Err(canary("panic"))
}

#[test]
fn a_panic_is_told_of_without_the_values_in_it() {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new(this);
    command
        .args([PANICS, "--exact", "--ignored", "--nocapture"])
        .env("RUST_BACKTRACE", "full");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let line: Value = serde_json::from_str(stderr.trim()).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["location"].as_str().unwrap().contains(file!()), "{line}");
    let written = [stderr.as_bytes(), &output.stdout].concat();
    let found = Scanner::of([("panic", canary("panic"))]).find(&written);
    assert!(found.is_empty(), "{found:#?}");
}
