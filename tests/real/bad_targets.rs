//! Token Secrets that cannot be written: found out before a token is requested, and over once the cluster is put right.

use std::time::Instant;

use serde_json::{Value, json};

use crate::scene::{Scene, Status};

fn assert_not_ready(status: &Status, of: &str, reason: &str, says: &[&str]) {
    for condition in ["Ready", "Renewed", of] {
        assert_eq!(status.reason(condition), reason, "{}", status.0);
        for part in says {
            assert!(status.message(condition).contains(part), "no {part:?} in {}", status.0);
        }
    }
    assert_eq!(
        (status.ready(), status.is("Renewed"), status.is(of)),
        ("False", "False", "True")
    );
    let other = if of == "Stalled" { "Reconciling" } else { "Stalled" };
    assert_eq!(status.is(other), "", "{}", status.0);
}

#[tokio::test]
async fn a_foreign_secret_is_never_touched_and_its_end_is_noticed() {
    let scene = Scene::new("foreign").await;
    let _operator = scene.start().await;
    scene.secret("acme-token", &[("theirs", "precious")]).await;
    let theirs = scene.secrets().get("acme-token").await.unwrap();
    scene.everyday("acme").await;
    let says = [r#"Secret "acme-token""#, "spec.tokenSecret.name"];
    let status = scene.not_ready("acme", "TargetConflict").await;
    assert_not_ready(&status, "Stalled", "TargetConflict", &says);
    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.simulator.counts().token_requests, 0);
    assert_eq!(scene.secrets().get("acme-token").await.unwrap(), theirs);

    let began = Instant::now();
    scene.delete_secret("acme-token").await;
    scene.ready_soon("acme", began).await;

    // Moved over a foreign one: that is a conflict however long the token lives, and the old Secret stays for its readers.
    scene.secret("taken", &[("theirs", "precious")]).await;
    let theirs = scene.secrets().get("taken").await.unwrap();
    let token = scene.token("acme").await;
    let rename = |name: Value| json!({ "spec": { "tokenSecret": { "name": name } } });
    scene.patch("acme", rename(json!("taken"))).await;
    let status = scene.not_ready("acme", "TargetConflict").await;
    assert_not_ready(
        &status,
        "Stalled",
        "TargetConflict",
        &[r#"Secret "taken""#, "spec.tokenSecret.name"],
    );
    assert_eq!(scene.secrets().get("taken").await.unwrap(), theirs);
    assert_eq!(scene.token("acme").await, token);
    let began = Instant::now();
    scene.patch("acme", rename(Value::Null)).await;
    scene.ready_soon("acme", began).await;
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn an_immutable_token_secret_is_found_out_before_a_login_and_made_anew_once_it_is_deleted() {
    let scene = Scene::new("immutable").await;
    let localhost = format!("localhost:{}", scene.simulator.port());
    let operator = scene.operator().args(["--allowed-domain", &localhost]);
    let _operator = operator.start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    scene.patch_secret("acme-token", json!({ "immutable": true })).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    let says = [r#"Secret "acme-token" is immutable: delete it"#, "Next attempt at"];
    let status = scene.renewal_off("acme", "TargetNotWritable").await;
    for part in says {
        assert!(status.message("Renewed").contains(part), "{}", status.0);
    }
    assert_eq!(
        (status.ready(), status.is("Stalled"), status.is("Reconciling")),
        ("True", "", "")
    );

    // Another domain: the token in place is none for it, and only a person can make room for one.
    scene.patch("acme", json!({ "spec": { "domain": localhost } })).await;
    let status = scene.not_ready("acme", "TargetNotWritable").await;
    assert_not_ready(&status, "Stalled", "TargetNotWritable", &says);
    assert_eq!(
        scene.simulator.counts().token_requests,
        1,
        "no login whose token could not be stored"
    );
    assert_eq!(scene.token("acme").await, token);

    let began = Instant::now();
    scene.delete_secret("acme-token").await;
    scene.ready_soon("acme", began).await;
    assert_ne!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 2);
}
