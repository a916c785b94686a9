//! The names, types and labels of all metrics, as dashboards and alerts depend on them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use http::{Method, StatusCode};
use tracktik_operator::{
    api::{Grant, Moment, Reason, conditions::Truth},
    metrics::{CredentialFigures, GateFigures, Metrics, ReconcileResult},
};

fn acme() -> CredentialFigures {
    CredentialFigures {
        namespace: "team".to_owned(),
        name: "acme".to_owned(),
        expiration: Some(Moment::from_seconds(1_800_003_600)),
        renewal: Some(Moment::from_seconds(1_800_002_400)),
        ready: Truth::True,
        renewed: Truth::False,
        failure: Some(Reason::CredentialsRejected),
        suspended: false,
    }
}

/// Everything once, with values that do not depend on the time.
pub fn all_of_them() -> Metrics {
    let metrics = Metrics::default();
    metrics.reconcile_finished(ReconcileResult::Success, 0.004);
    metrics.reconcile_finished(ReconcileResult::RequeueAfter, 0.2);
    metrics.reconcile_finished(ReconcileResult::Error, 100.0);
    metrics.token_request(Grant::Password, "success", 1.2);
    metrics.token_request(Grant::Refresh, "no_answer", 40.0);
    metrics.queue_depth(3);
    metrics.api_request(&Method::GET, Some(StatusCode::OK));
    metrics.api_request(&Method::PATCH, None);
    metrics.api_request(&Method::from_bytes(b"ANYTHING").unwrap(), Some(StatusCode::NOT_FOUND));
    let without_token = CredentialFigures {
        name: "new".to_owned(),
        expiration: None,
        renewal: None,
        ready: Truth::Unknown,
        renewed: Truth::Unknown,
        failure: None,
        suspended: true,
        ..acme()
    };
    metrics.credentials_from(Arc::new(move || vec![acme(), without_token.clone()]));
    metrics.gate_from(Arc::new(|| {
        Some(GateFigures {
            places_left: 11,
            in_flight: 2,
            held: 5,
            waiting: 3,
        })
    }));
    metrics.elected_by("tracktik-operator");
    metrics.leader_from(Arc::new(|| true));
    metrics.workers(2, 64);
    metrics
}

/// The lines in an order of their own: the library writes the series of a family in any order.
fn lines(metrics: &Metrics) -> BTreeSet<String> {
    metrics.render().lines().map(str::to_owned).collect()
}

#[test]
fn the_names_stay() {
    let lines = lines(&all_of_them());
    let no_buckets = lines.iter().filter(|line| !line.contains("_bucket{"));
    let text: String = no_buckets
        .map(|line| match line.split_once(' ') {
            Some((name, _)) if name.starts_with("process_") => format!("{name} <of this process>\n"),
            _ => format!("{}\n", line.replace(env!("CARGO_PKG_VERSION"), "<the version>")),
        })
        .collect();
    crate::assert_golden("tests/process/metrics.golden", &text);
    for bucket in [
        r#"tracktik_token_request_duration_seconds_bucket{le="2.5",grant="password"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_bucket{le="+Inf",controller="tracktikcredential"} 3"#,
    ] {
        assert!(lines.contains(bucket), "{bucket} is not in {lines:#?}");
    }
}

#[test]
fn a_deleted_credential_leaves_no_series() {
    let metrics = Metrics::default();
    let credentials = Arc::new(Mutex::new(vec![acme()]));
    let source = Arc::clone(&credentials);
    metrics.credentials_from(Arc::new(move || source.lock().unwrap().clone()));
    assert!(metrics.render().contains("acme"));
    credentials.lock().unwrap().clear();
    let none = metrics.render();
    assert!(
        !none.contains("acme") && !none.contains("tracktik_credential_"),
        "{none}"
    );
    credentials.lock().unwrap().push(CredentialFigures {
        ready: Truth::False,
        name: "a\"b\n".to_owned(),
        ..acme()
    });
    assert!(
        metrics
            .render()
            .contains(r#"tracktik_credential_ready{namespace="team",name="a\"b\n",condition="False"} 1"#)
    );
}
