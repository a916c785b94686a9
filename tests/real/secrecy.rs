//! No credential and no token in anything that the operator leaves behind, at its most verbose, whatever goes wrong.

use serde_json::json;
use testbed::{
    certificates::{Authority, ServerCertificate},
    oauth_servers::{Kind, OAuthServer},
};

use crate::{
    canaries::{Login, canary},
    echo_server::EchoServer,
    echoes::{ECHOES, UNANSWERED},
    leak_scan::Scanner,
    scene::{PATIENCE, Scene, eventually},
    secrets::Secrets,
    traces::{leaks, traces},
};

#[tokio::test]
async fn success_and_refusals_leave_no_value() {
    let scene = Scene::new("secrecy-servers").await;
    let [django, node] = Kind::ALL.map(|kind| OAuthServer::start(kind, scene.authority(), 3_600));
    let (django, node) = tokio::try_join!(django, node).unwrap();
    let domains = [django.domain(), node.domain()].map(|domain| ["--allowed-domain".to_owned(), domain]);
    let operator = scene
        .operator_at("trace")
        .args(domains.into_iter().flatten())
        .start(scene.plane)
        .await
        .unwrap();
    let places = [("django", Some(&django)), ("node", Some(&node)), ("trick", None)];
    let mut secrets = Secrets::default();
    for (place, server) in places {
        let domain = server.map_or_else(|| scene.simulator.domain(), OAuthServer::domain);
        for kind in ["good", "password", "client"] {
            let name = format!("{place}-{kind}");
            let login = Login::new(&name);
            match server {
                Some(server) => server.add_account(&login.account()).await.unwrap(),
                None => scene.simulator.add_account(login.account()),
            }
            let sent = match kind {
                "password" => login.with_password(&canary(&format!("{name} wrong"))),
                "client" => login.with_client_secret(&canary(&format!("{name} wrong"))),
                _ => login,
            };
            secrets.credential(&scene, &name, &sent, &domain).await;
        }
    }
    for (place, server) in places {
        scene
            .not_ready(&format!("{place}-password"), "CredentialsRejected")
            .await;
        scene.not_ready(&format!("{place}-client"), "ClientRejected").await;
        let name = format!("{place}-good");
        scene.ready(&name).await;
        let first = secrets.tokens(&scene, &name).await;
        scene.annotate(&name, "tracktik-operator.io/rotate", "1").await;
        scene.token_after(&name, &first).await;
        let second = secrets.tokens(&scene, &name).await;

        let changed = Login::new(&name).with_password(&canary(&format!("{name} changed")));
        match server {
            Some(server) => server
                .change_password(&changed.username, &changed.password)
                .await
                .unwrap(),
            None => assert!(scene.simulator.change_password(&changed.username, &changed.password)),
        }
        secrets.source(&scene, &name, &changed).await;
        scene.token_after(&name, &second).await;
        secrets.tokens(&scene, &name).await;
    }
    secrets.are_nowhere(&scene, &operator).await;
}

#[tokio::test]
async fn sources_that_cannot_be_used_are_told_of_without_their_values() {
    let scene = Scene::new("secrecy-sources").await;
    let operator = scene.operator_at("trace").start(scene.plane).await.unwrap();
    let mut secrets = Secrets::default();
    let login = |name: &str| Login::new(&format!("source {name}"));
    for (name, password) in [
        ("padded", format!("{}\n", login("padded").password)),
        ("spaced", format!("  {}", login("spaced").password)),
        ("control", login("control").password.replace('&', "\u{7}")),
        ("empty", String::new()),
    ] {
        secrets.add(format!("password of {name}"), login(name).password);
        let sent = login(name).with_password(&canary("replaced"));
        secrets.source(&scene, name, &sent).await;
        scene
            .patch_secret(name, json!({ "stringData": { "password": password } }))
            .await;
        scene.credential(name, json!({})).await;
    }
    let mut bytes = login("binary").password.into_bytes();
    bytes.push(0xff);
    secrets.source(&scene, "binary", &login("binary")).await;
    let binary = json!({ "data": { "password": k8s_openapi::ByteString(bytes) } });
    scene.patch_secret("binary", binary).await;
    secrets.source(&scene, "no-key", &login("no-key")).await;
    scene
        .patch_secret("no-key", json!({ "data": { "client_secret": null } }))
        .await;
    for name in ["binary", "no-key"] {
        scene.credential(name, json!({})).await;
    }
    scene.credential("no-secret", json!({})).await;

    for name in ["padded", "spaced", "control", "empty", "binary", "no-key"] {
        let status = scene.not_ready(name, "SourceInvalid").await;
        assert!(
            status.message("Ready").contains(&format!("Secret {name:?}")),
            "{}",
            status.0
        );
    }
    scene.not_ready("no-secret", "SourceNotFound").await;
    assert_eq!(scene.simulator.counts().token_requests, 0);
    // Whoever puts a user and a password into the domain is told so by the API server, before the operator sees it.
    let refused = scene
        .try_credential(
            "user-info",
            json!({ "domain": format!("user:{}@{}", login("x").password, scene.simulator.domain()) }),
        )
        .await;
    assert!(refused.is_err());
    secrets.are_nowhere(&scene, &operator).await;
}

/// Eight at a time, for failures hold the places of credentials that are not known to work; and each at a host of its own,
/// for what one host did holds back others that ask it.
#[tokio::test]
async fn answers_that_repeat_the_request_are_not_repeated() {
    let echoes = ECHOES.iter().map(|(name, reason, _)| (*name, *reason));
    let all: Vec<_> = echoes.chain([UNANSWERED]).collect();
    for (number, some) in all.chunks(8).enumerate() {
        let scene = Scene::new(&format!("secrecy-echoes-{number}")).await;
        let folder = tempfile::tempdir().unwrap();
        let certificate = scene.authority().issue(folder.path(), &["127.0.0.1"]).unwrap();
        let servers = vec![Some(certificate); some.len()];
        are_told_apart_and_not_repeated(&scene, some, servers).await;
    }
}

#[tokio::test]
async fn no_value_is_sent_to_a_host_that_is_not_who_it_says() {
    let scene = Scene::new("secrecy-strangers").await;
    let names = ["127.0.0.1"];
    let stranger = Authority::new().unwrap();
    let (folder, stranger_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let servers = vec![
        Some(scene.authority().issue_expired(folder.path(), &names).unwrap()),
        Some(scene.authority().issue_for_wrong_name(folder.path()).unwrap()),
        Some(stranger.issue(stranger_folder.path(), &names).unwrap()),
        None,
    ];
    let all = ["expired", "wrong-name", "stranger", "no-tls"].map(|name| (name, "EndpointUnavailable"));
    are_told_apart_and_not_repeated(&scene, &all, servers).await;
}

/// Each credential at an echo server with this certificate: it comes to this reason, and its values are nowhere.
async fn are_told_apart_and_not_repeated(scene: &Scene, all: &[(&str, &str)], servers: Vec<Option<ServerCertificate>>) {
    let mut operator = scene.operator_at("trace").args(["--request-timeout-seconds", "6"]);
    let mut domains = Vec::new();
    for certificate in servers {
        let server = EchoServer::start(certificate.as_ref(), ECHOES).await;
        operator = operator.args(["--allowed-domain", &server.domain]);
        domains.push(server.domain);
    }
    let operator = operator.start(scene.plane).await.unwrap();
    let mut secrets = Secrets::default();
    for ((name, _), domain) in all.iter().zip(&domains) {
        let mut login = Login::new(name);
        if name.starts_with("echo-") {
            // By which the server knows what to answer.
            login.client_id = (*name).to_owned();
        }
        secrets.credential(scene, name, &login, domain).await;
    }
    for (name, reason) in all {
        scene.not_ready(name, reason).await;
    }
    secrets.are_nowhere(scene, &operator).await;
}

/// Without this the other tests could pass because nothing is looked at.
#[tokio::test]
async fn a_value_in_any_object_but_a_secrets_data_would_be_found() {
    let scene = Scene::new("secrecy-planted").await;
    let planted = canary("planted");
    let operator = scene
        .operator_at("trace")
        .env("PLANTED", &planted)
        .start(scene.plane)
        .await
        .unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let scanner = Scanner::of([("planted", &planted)]);
    scene.secret("holder", &[("password", &planted)]).await;
    let before = traces(&scene, &operator).await;
    let found = leaks(&scanner, &before);
    assert!(
        found.iter().all(|leak| leak.starts_with("environment: ")) && !found.is_empty(),
        "{found:#?}"
    );

    scene.annotate("acme", "note", &planted).await;
    scene
        .patch_secret(
            "acme-token",
            json!({ "metadata": { "annotations": { "note": planted } } }),
        )
        .await;
    scene.apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "notes" }, "data": { "a": planted } })).await;
    scene.apply(json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": { "name": "told" }, "note": planted, "type": "Normal",
        "reason": "Told", "action": "Tell", "reportingController": "test.io/x", "reportingInstance": "x",
        "eventTime": "2026-01-01T00:00:00.000000Z", "regarding": { "kind": "Secret", "namespace": scene.namespace },
    })).await;
    scene
        .patch("acme", json!({ "metadata": { "labels": { "note": "x" } } }))
        .await;
    eventually(PATIENCE, || async {
        let found = leaks(&scanner, &traces(&scene, &operator).await);
        let places = [
            "environment",
            "tracktikcredentials.tracktik-operator.io/acme",
            "secrets./acme-token",
            "configmaps./notes",
            "events.events.k8s.io/told",
        ];
        let missing: Vec<_> = places
            .iter()
            .filter(|place| !found.iter().any(|leak| leak.starts_with(&format!("{place}: "))))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("not found in {missing:?}: {found:#?}"))
        }
    })
    .await;
}
