//! Sources, domains and specs that a token cannot be requested with: each says what is wrong and where, sends nothing,
//! and ends by itself once it is put right.

use std::time::Instant;

use serde_json::{Value, json};
use testbed::operator::Operator;

use crate::{
    figures::soon,
    scene::{Scene, Status},
};

/// A source that cannot be used: what a person did to the Secret (a merge patch), and what status says of it.
struct Broken {
    name: &'static str,
    patch: Value,
    says: &'static str,
}

/// Each mistake in a Secret, made in another of the four values.
fn mistakes() -> [Broken; 6] {
    [
        Broken {
            name: "no-key",
            patch: json!({ "data": { "password": null } }),
            says: r#"key "password" of Secret "no-key" (spec.credentials.password) does not exist: add it, or name another with spec.credentials.password.key"#,
        },
        Broken {
            name: "empty",
            patch: json!({ "stringData": { "username": "" } }),
            says: r#"key "username" of Secret "empty" (spec.credentials.username) is empty"#,
        },
        Broken {
            name: "not-text",
            patch: json!({ "data": { "client_secret": "c2VjcmV0/w==" } }),
            says: r#"key "client_secret" of Secret "not-text" (spec.credentials.clientSecret) is not valid UTF-8"#,
        },
        Broken {
            name: "padded",
            patch: json!({ "stringData": { "password": "password-padded\n" } }),
            says: r#"key "password" of Secret "padded" (spec.credentials.password) starts or ends with white space"#,
        },
        Broken {
            name: "control",
            patch: json!({ "stringData": { "client_id": "client\u{7}control" } }),
            says: r#"key "client_id" of Secret "control" (spec.credentials.clientId) holds a control character"#,
        },
        Broken {
            name: "long",
            patch: json!({ "stringData": { "username": "u".repeat(4_097) } }),
            says: r#"key "username" of Secret "long" (spec.credentials.username) is longer than 4096 bytes"#,
        },
    ]
}

/// Ready=False that only a person can end: Ready, Renewed and Stalled say the same, and nothing says "wait".
fn assert_stalled(status: &Status, reason: &str, says: &str) {
    assert_eq!(
        (status.ready(), status.is("Renewed"), status.is("Stalled")),
        ("False", "False", "True"),
        "{}",
        status.0
    );
    for of in ["Ready", "Renewed", "Stalled"] {
        assert_eq!(status.reason(of), reason, "{}", status.0);
        assert!(status.message(of).contains(says), "{}", status.0);
    }
    assert_eq!(status.is("Reconciling"), "", "{}", status.0);
}

/// A live token is not touched by what forbids the next one.
fn assert_only_renewal_is_off(status: &Status, reason: &str, says: &str) {
    assert_eq!((status.ready(), status.reason("Ready")), ("True", "TokenValid"));
    assert_eq!((status.is("Renewed"), status.reason("Renewed")), ("False", reason));
    assert!(status.message("Renewed").contains(says), "{}", status.0);
    assert_eq!((status.is("Stalled"), status.is("Reconciling")), ("", ""));
}

#[tokio::test]
async fn a_source_that_cannot_be_used_is_named_and_picked_up_once_it_is_put_right() {
    let scene = Scene::new("sources").await;
    let _operator = scene.start().await;
    scene.credential("missing", json!({})).await;
    let mut accounts = Vec::new();
    for broken in mistakes() {
        let account = scene.account(broken.name).await;
        scene.patch_secret(broken.name, broken.patch).await;
        scene.credential(broken.name, json!({})).await;
        accounts.push(account);
    }
    let status = scene.not_ready("missing", "SourceNotFound").await;
    assert_stalled(
        &status,
        "SourceNotFound",
        r#"Secret "missing" (spec.credentials.secretRef) does not exist"#,
    );
    for broken in mistakes() {
        let status = scene.not_ready(broken.name, "SourceInvalid").await;
        assert_stalled(&status, "SourceInvalid", broken.says);
    }
    assert_eq!(scene.simulator.counts().token_requests, 0);

    let account = scene.account("elsewhere").await;
    let began = Instant::now();
    scene.source("missing", &account).await;
    scene.ready_soon("missing", began).await;
    for (broken, account) in mistakes().iter().zip(&accounts) {
        let began = Instant::now();
        scene.source(broken.name, account).await;
        scene.ready_soon(broken.name, began).await;
        assert_eq!(scene.attempts(broken.name), 1);
    }
}

#[tokio::test]
async fn a_source_that_is_put_right_in_the_spec_is_picked_up_with_its_secret_untouched() {
    let scene = Scene::new("sources-spec").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    scene
        .patch_secret(
            "acme",
            json!({ "data": { "password": null }, "stringData": { "pass": account.password } }),
        )
        .await;
    let before = scene.secrets().get("acme").await.unwrap();
    scene.credential("acme", json!({})).await;
    let status = scene.not_ready("acme", "SourceInvalid").await;
    assert_stalled(
        &status,
        "SourceInvalid",
        r#"key "password" of Secret "acme" (spec.credentials.password) does not exist"#,
    );

    let began = Instant::now();
    let key = json!({ "spec": { "credentials": { "password": { "key": "pass" } } } });
    scene.patch("acme", key).await;
    scene.ready_soon("acme", began).await;
    assert_eq!(scene.attempts("acme"), 1);
    assert_eq!(scene.secrets().get("acme").await.unwrap(), before);
}

#[tokio::test]
async fn a_live_token_stays_ready_while_its_source_cannot_be_used() {
    let scene = Scene::new("sources-live").await;
    let _operator = scene.start().await;
    let missing = scene.everyday("missing").await;
    let mut accounts = Vec::new();
    for broken in mistakes() {
        accounts.push(scene.everyday(broken.name).await);
    }
    scene.ready("missing").await;
    let before = scene.token("missing").await;
    scene.delete_secret("missing").await;
    let status = scene.renewal_off("missing", "SourceNotFound").await;
    assert_only_renewal_is_off(&status, "SourceNotFound", r#"Secret "missing""#);
    for broken in mistakes() {
        scene.ready(broken.name).await;
        scene.patch_secret(broken.name, broken.patch).await;
        let status = scene.renewal_off(broken.name, "SourceInvalid").await;
        assert_only_renewal_is_off(&status, "SourceInvalid", broken.says);
    }

    // Put back as it was, the values are those that the token was issued for: nothing is requested.
    scene.source("missing", &missing).await;
    scene.renewed("missing").await;
    assert_eq!(scene.token("missing").await, before);
    for (broken, account) in mistakes().iter().zip(&accounts) {
        let began = Instant::now();
        scene.source(broken.name, account).await;
        scene.renewed(broken.name).await;
        soon(&format!("{} is put right", broken.name), began);
    }
    assert_eq!(scene.simulator.counts().token_requests, 7);
}

#[tokio::test]
async fn a_forbidden_domain_is_named_and_never_asked() {
    let scene = Scene::new("domain").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    scene.credential("acme", json!({ "domain": "acme.invalid" })).await;
    let status = scene.not_ready("acme", "DomainNotAllowed").await;
    assert_stalled(
        &status,
        "DomainNotAllowed",
        r#"spec.domain "acme.invalid" is not allowed"#,
    );
    assert!(status.message("Ready").contains("--allowed-domain"), "{}", status.0);
    assert_eq!(status.0["failure"], json!(null), "nothing was attempted");

    let began = Instant::now();
    let domain = json!({ "spec": { "domain": scene.simulator.domain() } });
    scene.patch("acme", domain).await;
    scene.ready_soon("acme", began).await;

    // A token for the old domain is none for the new one, however long it lives.
    scene
        .patch("acme", json!({ "spec": { "domain": "acme.invalid" } }))
        .await;
    let status = scene.not_ready("acme", "DomainNotAllowed").await;
    assert_stalled(&status, "DomainNotAllowed", "acme.invalid");
    let token = scene.token("acme").await;
    assert!(scene.simulator.valid(&token), "the old token is kept");
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn a_live_token_stays_ready_when_the_administrator_forbids_its_domain() {
    let scene = Scene::new("domain-live").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    operator.terminate().await.unwrap();

    let stricter = Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
        .namespaces([scene.namespace.as_str()])
        .args(["--leader-elect=false", "--allowed-domain", "only.invalid"]);
    let _stricter = stricter.start(scene.plane).await.unwrap();
    let status = scene.renewal_off("acme", "DomainNotAllowed").await;
    assert_only_renewal_is_off(&status, "DomainNotAllowed", &scene.simulator.domain());
    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn a_token_of_the_cluster_is_not_sent_to_a_host() {
    let scene = Scene::new("cluster-token").await;
    let _operator = scene.start().await;
    let metadata = json!({ "name": "acme", "annotations": { "kubernetes.io/service-account.name": "default" } });
    let token_of = "kubernetes.io/service-account-token";
    scene
        .apply(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } }))
        .await;
    scene
        .apply(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": token_of }))
        .await;
    let token = json!({ "key": "token" });
    let all = json!({ "secretRef": { "name": "acme" }, "clientId": token, "clientSecret": token, "username": token, "password": token });
    scene.credential("acme", json!({ "credentials": all })).await;
    let status = scene.not_ready("acme", "SourceInvalid").await;
    assert_stalled(&status, "SourceInvalid", token_of);
    assert_eq!(scene.simulator.counts().token_requests, 0);
}
