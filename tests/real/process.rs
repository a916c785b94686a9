//! The process as a kubelet, a Prometheus and a log collector see it, on a real control plane.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testbed::simulator::{Fault, Target};

use crate::{
    figures::{say, sum_of},
    scene::{PATIENCE, Scene, eventually},
};

#[tokio::test]
async fn probes_and_metrics_tell_how_it_is_going_and_forget_what_is_gone() {
    let scene = Scene::new("metrics").await;
    let operator = scene.start().await;
    for name in ["kept", "gone"] {
        scene.everyday(name).await;
        scene.ready(name).await;
    }
    assert_eq!(
        operator.get("/livez").await.unwrap(),
        (StatusCode::OK, "ok\n".to_owned())
    );
    assert_eq!(
        operator.get("/readyz").await.unwrap(),
        (StatusCode::OK, "ok\n".to_owned())
    );

    let of = |name: &str| format!(r#"{{namespace="{}",name="{name}""#, scene.namespace);
    let per_credential = |name: &str| {
        ["expiration_timestamp_seconds", "renewal_timestamp_seconds", "ready"]
            .map(|metric| format!("tracktik_credential_{metric}{}", of(name)))
    };
    // The store learns of the last status from the watch.
    let metrics = eventually(PATIENCE, || async {
        let metrics = operator.metrics().await.unwrap();
        let all = ["kept", "gone"].into_iter().flat_map(per_credential);
        match all.into_iter().find(|series| !metrics.contains(series.as_str())) {
            None => Ok(metrics),
            Some(series) => Err(format!("no {series}")),
        }
    })
    .await;
    let granted = r#"tracktik_token_requests_total{grant="password",outcome="success"}"#;
    assert!((sum_of(&metrics, granted) - 2.0).abs() < 0.5, "{metrics}");
    let timed = r#"tracktik_token_request_duration_seconds_count{grant="password"}"#;
    assert!((sum_of(&metrics, timed) - 2.0).abs() < 0.5, "{metrics}");
    assert!(sum_of(&metrics, "controller_runtime_reconcile_total{") >= 2.0);
    assert!(sum_of(&metrics, "rest_client_requests_total{") > 2.0);
    let status = scene.status("kept").await;
    let expires: k8s_openapi::jiff::Timestamp = status.0["expirationTime"].as_str().unwrap().parse().unwrap();
    let told = sum_of(&metrics, &per_credential("kept")[0]);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    let expected = expires.as_second() as f64;
    assert!((told - expected).abs() < 0.5, "{told} is not {expected}");

    scene
        .credentials()
        .delete("gone", &DeleteParams::default())
        .await
        .unwrap();
    eventually(PATIENCE, || async {
        let metrics = operator.metrics().await.unwrap();
        assert!(metrics.contains(&per_credential("kept")[2]));
        if metrics.contains(&of("gone")) {
            Err(metrics)
        } else {
            Ok(())
        }
    })
    .await;
}

#[tokio::test]
async fn every_line_of_the_log_is_json_and_names_the_credential_that_it_is_about() {
    let scene = Scene::new("log").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    scene.credential("broken", json!({})).await;
    scene.not_ready("broken", "SourceNotFound").await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    let lines: Vec<Value> = operator
        .logs()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for message in ["token granted", "stored a new token", "decided"] {
        let line = lines
            .iter()
            .find(|line| line["message"] == message && line["name"] == "acme");
        let line = line.unwrap_or_else(|| panic!("no {message:?} of acme in {lines:#?}"));
        assert_eq!(line["namespace"], scene.namespace.as_str());
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == "decided" && line["name"] == "broken")
    );
}

#[tokio::test]
async fn an_idle_operator_ends_within_a_second_of_sigterm() {
    let scene = Scene::new("idle-end").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    scene.looked_at_again("acme").await;
    let began = Instant::now();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    let took = began.elapsed();
    say(&format!("an idle operator ended {} ms after SIGTERM", took.as_millis()));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_token_that_is_being_requested_at_sigterm_is_stored_and_no_other_is_requested() {
    let scene = Scene::new("drain").await;
    let operator = scene.start().await;
    let slow = Fault::Delay { milliseconds: 2_000 };
    scene.simulator.set_fault(Target::Everywhere, slow, None);
    scene.everyday("acme").await;
    scene.in_flight().await;
    operator.signal("TERM").await.unwrap();
    operator
        .log_line("a second signal ends the process at once", PATIENCE)
        .await
        .unwrap();
    // Too late for this one, and the probes answer for as long as there is work.
    scene.everyday("late").await;
    assert_eq!(operator.get("/livez").await.unwrap().0, StatusCode::OK);
    assert_eq!(operator.wait().await.code(), Some(0));
    let token = scene.token("acme").await;
    assert!(scene.simulator.valid(&token));
    scene.status("acme").await.assert_well();
    assert_eq!(scene.simulator.counts().token_requests, 1);
    assert_eq!(scene.attempts("late"), 0);

    scene.simulator.clear_faults();
    let _next = scene.start().await;
    scene.ready("late").await;
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 2);
}
