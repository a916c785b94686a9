//! A token endpoint that nobody listens at: nothing was sent, so it is asked again within seconds, of the operator's own
//! accord.

use std::{net::TcpListener, time::Duration, time::Instant};

use serde_json::json;
use testbed::{
    certificates::ServerCertificate,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};

use crate::{
    figures::say,
    scene::{Scene, Status},
};

/// A TrackTik at this port, which knows this account.
pub async fn open(scene: &Scene, port: u16, account: &Account) -> Simulator {
    let folder = tempfile::tempdir().unwrap();
    let issued = scene.authority().issue(folder.path(), &["127.0.0.1"]).unwrap();
    open_with(&issued, port, account).await
}

/// As [`open`], with another certificate.
pub async fn open_with(issued: &ServerCertificate, port: u16, account: &Account) -> Simulator {
    let certificate = Certificate {
        chain_pem: std::fs::read(&issued.cert_path).unwrap(),
        key_pem: std::fs::read(&issued.key_path).unwrap(),
    };
    let mut config = SimulatorConfig::new(certificate).unwrap();
    config.port = port;
    let simulator = Simulator::start(config).await.unwrap();
    simulator.add_account(account.clone());
    simulator
}

fn assert_says_where_and_when(status: &Status, of: &str, domain: &str) {
    let message = status.message(of);
    let refused = format!("could not connect to {domain}: the connection was refused; check spec.domain");
    for part in [refused.as_str(), "Next attempt at", "tracktik-operator.io/rotate"] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    assert_eq!(status.0["failure"]["recentTimes"], json!(null), "nothing was sent");
}

#[tokio::test]
async fn a_refused_connection_ends_by_itself_and_leaves_a_live_token_ready() {
    let scene = Scene::new("closed").await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let domain = format!("127.0.0.1:{port}");
    let operator = scene.operator().args(["--allowed-domain", &domain]);
    let _operator = operator.start(scene.plane).await.unwrap();
    let account = scene.account("acme").await;
    scene.credential("acme", json!({ "domain": domain })).await;
    let status = scene.not_ready("acme", "EndpointUnavailable").await;
    assert_says_where_and_when(&status, "Ready", &domain);
    assert_eq!((status.is("Renewed"), status.is("Reconciling")), ("False", "True"));
    assert_eq!(status.is("Stalled"), "");

    let began = Instant::now();
    let server = open(&scene, port, &account).await;
    scene.ready("acme").await;
    let took = began.elapsed();
    say(&format!(
        "ready by itself {} ms after the port opened",
        took.as_millis()
    ));
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(server.counts().token_requests, 1);
    let first = scene.token("acme").await;
    server.stop().await;

    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    let status = scene.renewal_off("acme", "EndpointUnavailable").await;
    assert_says_where_and_when(&status, "Renewed", &domain);
    assert_eq!((status.ready(), status.is("Reconciling")), ("True", ""));
    let server = open(&scene, port, &account).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "again").await;
    scene.renewed("acme").await;
    assert_eq!(server.counts().token_requests, 1);
    assert_ne!(scene.token("acme").await, first);
}
