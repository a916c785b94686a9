//! A token endpoint that comes back with another certificate: nothing is sent to it, what is in place stays, and all goes
//! on once it is right again.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    closed_port::{open, open_with},
    figures::say,
    left_behind::leaves_none_of,
    scene::{Scene, eventually},
    secrets::Secrets,
};

/// The pace of what was not sent, and what a busy machine adds.
const SOON_AGAIN: Duration = Duration::from_mins(1);

async fn shown(grant: &str) {
    let scene = Scene::new(&format!("stranger-{}", grant.to_lowercase())).await;
    let folder = tempfile::tempdir().unwrap();
    let right = scene.authority().issue(folder.path(), &["127.0.0.1"]).unwrap();
    let account = scene.account("acme").await;
    let server = open_with(&right, 0, &account).await;
    let (port, domain) = (server.port(), server.domain());
    let operator = scene.operator().args(["--allowed-domain", &domain]);
    let operator = operator.start(scene.plane).await.unwrap();
    scene
        .credential("acme", json!({ "domain": domain, "renewal": { "grant": grant } }))
        .await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    let mut secrets = Secrets::default();
    secrets.simulator(&server);
    server.stop().await;

    let wrong = scene.authority().issue_for_wrong_name(folder.path()).unwrap();
    let server = open_with(&wrong, port, &account).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let status = scene.renewal_off("acme", "EndpointUnavailable").await;
    assert!(status.message("Renewed").contains("certificate"), "{}", status.0);
    assert_eq!((status.ready(), status.is("Stalled")), ("True", ""), "{}", status.0);
    assert_eq!(status.0["failure"]["recentTimes"], json!(null), "nothing was sent");
    assert_eq!(scene.token("acme").await, token);
    let counts = server.counts();
    assert!(counts.connections > 0, "it was not even looked at");
    assert_eq!(counts.token_requests, 0);
    server.stop().await;

    let began = Instant::now();
    let server = open(&scene, port, &account).await;
    if grant == "Password" {
        // Else it would be tried again when it is due.
        scene.annotate("acme", "tracktik-operator.io/rotate", "2").await;
    }
    eventually(SOON_AGAIN, || async {
        match scene.token("acme").await {
            next if next != token => Ok(()),
            _ => Err(format!("no new token: {}", scene.status("acme").await.0)),
        }
    })
    .await;
    say(&format!(
        "{grant}: renewed {} ms after the right certificate",
        began.elapsed().as_millis()
    ));
    scene.renewed("acme").await.assert_well();
    // A refresh token that was marked is not sent, also where no byte of it was.
    let counts = server.counts();
    assert_eq!(
        (counts.logins, counts.refresh_requests, counts.token_requests),
        (1, 0, 1)
    );
    secrets.simulator(&server);
    leaves_none_of(secrets, &scene, &operator).await;
}

#[tokio::test]
async fn a_wrong_certificate_is_sent_no_password_and_leaves_a_live_token_in_place() {
    shown("Password").await;
}

#[tokio::test]
async fn a_wrong_certificate_is_sent_no_refresh_token_and_one_login_follows() {
    shown("Refresh").await;
}
