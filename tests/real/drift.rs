//! A token Secret that somebody edits, empties or deletes: put right, without a login wherever the token is still good.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    figures::soon,
    scene::{PATIENCE, Scene, eventually},
};

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const ISSUE: &str = "tracktik-operator.io/issue";
const ROTATE: &str = "tracktik-operator.io/rotate";

impl Scene {
    /// Waits until the token Secret of a credential is as this asks; null where there is none.
    async fn token_secret_that(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(PATIENCE, || async {
            let found = self.secrets().get_opt(&format!("{name}-token")).await.unwrap();
            let found = serde_json::to_value(found).unwrap();
            if holds(&found) {
                Ok(found)
            } else {
                Err(format!("{what}: {}", found["metadata"]))
            }
        })
        .await
    }
}

/// An edit of the facts that would put the renewal off for centuries.
fn postponed(secret: &Value) -> Value {
    let facts = secret["metadata"]["annotations"][ISSUE].as_str().unwrap();
    let edited = facts.replace(r#""expiresAt":"20"#, r#""expiresAt":"30"#);
    assert_ne!(edited, facts);
    json!({ "annotations": { ISSUE: edited } })
}

#[tokio::test]
async fn what_somebody_takes_off_the_secret_is_put_back_without_a_login() {
    let scene = Scene::new("drift").await;
    let _operator = scene.start().await;
    let asked = json!({ "labels": { "team": "blue" }, "annotations": { "example.com/reload": "yes" } });
    // One edit each, for between two repairs of one Secret there is a pause.
    let edits = [
        ("owner", json!({ "ownerReferences": null })),
        ("label", json!({ "labels": { "team": "red" } })),
        ("manager", json!({ "labels": { MANAGED_BY: null } })),
        ("annotation", json!({ "annotations": { "example.com/reload": null } })),
        ("facts", json!({ "annotations": { ISSUE: null } })),
        ("garbled", json!({ "annotations": { ISSUE: "garbled" } })),
        ("postponed", Value::Null),
    ];
    for (name, _) in &edits {
        scene.account(name).await;
        scene
            .credential(name, json!({ "tokenSecret": { "metadata": asked } }))
            .await;
    }
    for (name, edit) in &edits {
        scene.ready(name).await;
        let whole = scene.token_secret_that(name, "there", Value::is_object).await;
        let edit = if edit.is_null() {
            postponed(&whole)
        } else {
            edit.clone()
        };
        let began = Instant::now();
        scene
            .patch_secret(&format!("{name}-token"), json!({ "metadata": edit }))
            .await;
        // Whoever wrote to the Secret may have taken a mark off, so its refresh token is not used any more.
        let mut wanted = whole["metadata"].clone();
        let facts = wanted["annotations"][ISSUE].as_str().unwrap();
        wanted["annotations"][ISSUE] = json!(facts.replace("\"refreshable\":true", "\"refreshable\":false"));
        assert_ne!(wanted, whole["metadata"]);
        let same = |secret: &Value| {
            let fields = ["ownerReferences", "labels", "annotations"];
            secret["data"] == whole["data"] && fields.iter().all(|field| secret["metadata"][field] == wanted[field])
        };
        scene.token_secret_that(name, "put back", same).await;
        soon(&format!("{name} is put back"), began);
        scene.looked_at_again(name).await.assert_well();
    }
    assert_eq!(scene.simulator.counts().token_requests, edits.len() as u64);
}

#[tokio::test]
async fn what_others_add_to_the_secret_survives_renewals() {
    let scene = Scene::new("others").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let theirs = json!({
        "metadata": { "labels": { "theirs": "kept" }, "annotations": { "theirs": "kept" } },
        "stringData": { "theirs": "kept" },
    });
    scene.patch_secret("acme-token", theirs).await;
    for round in ["1", "2", "3"] {
        let before = scene.token("acme").await;
        scene.annotate("acme", ROTATE, round).await;
        scene.token_after("acme", &before).await;
        let secret = scene.token_secret_that("acme", "there", Value::is_object).await;
        assert_eq!(secret["metadata"]["labels"]["theirs"], "kept");
        assert_eq!(secret["metadata"]["annotations"]["theirs"], "kept");
        assert_eq!(scene.value("acme-token", "theirs").await.as_deref(), Some("kept"));
    }
    assert_eq!(scene.simulator.counts().token_requests, 4);
}

#[tokio::test]
async fn a_deleted_or_emptied_secret_holds_a_new_token_after_one_login() {
    let scene = Scene::new("emptied").await;
    let _operator = scene.start().await;
    let damage = [
        ("emptied", json!({ "data": null })),
        ("key-gone", json!({ "data": { "access_token": null } })),
        ("overwritten", json!({ "stringData": { "refresh_token": "mine" } })),
    ];
    scene.everyday("deleted").await;
    for (name, _) in &damage {
        scene.everyday(name).await;
    }
    scene.ready("deleted").await;
    let before = scene.token("deleted").await;
    let began = Instant::now();
    scene.delete_secret("deleted-token").await;
    scene.token_after("deleted", &before).await;
    soon("deleted holds a new token", began);
    for (name, edit) in damage {
        scene.ready(name).await;
        let before = scene.token(name).await;
        let began = Instant::now();
        scene.patch_secret(&format!("{name}-token"), edit).await;
        scene.token_after(name, &before).await;
        soon(&format!("{name} holds a new token"), began);
        let secret = scene.token_secret_that(name, "there", Value::is_object).await;
        assert_eq!(secret["data"].as_object().map(serde_json::Map::len), Some(5));
        scene.looked_at_again(name).await.assert_well();
        assert_eq!(scene.attempts(name), 2);
    }
}

#[tokio::test]
async fn a_fight_over_a_label_costs_few_writes_and_no_login() {
    let scene = Scene::new("fight").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let before = scene.written_until_now().await.len();
    let began = Instant::now();
    // Whenever the label is there, it is taken off: three times, and the operator has put it back twice.
    for _ in 0..3 {
        let labelled = |secret: &Value| secret["metadata"]["labels"][MANAGED_BY].is_string();
        scene.token_secret_that("acme", "labelled", labelled).await;
        scene
            .patch_secret("acme-token", json!({ "metadata": { "labels": { MANAGED_BY: null } } }))
            .await;
    }
    assert!(
        began.elapsed() > Duration::from_secs(9),
        "repaired again after {:?}",
        began.elapsed()
    );
    let status = scene.looked_at_again("acme").await;
    assert_eq!(status.ready(), "True", "{}", status.0);
    let writes = scene.written_by_operator().split_off(before);
    let to_secret = writes.iter().filter(|write| write.resource == "secrets").count();
    assert_eq!(to_secret, 2, "{writes:#?}");
    assert!(writes.len() <= 6, "{writes:#?}");
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn a_secret_that_somebody_keeps_emptying_costs_six_logins_in_ten_minutes_at_most() {
    let scene = Scene::new("emptying").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    for _ in 0..6 {
        scene
            .token_secret_that("acme", "filled", |secret| secret["data"].is_object())
            .await;
        scene.patch_secret("acme-token", json!({ "data": null })).await;
    }
    for _ in 0..3 {
        let status = scene.looked_at_again("acme").await;
        assert_eq!(status.ready(), "False", "{}", status.0);
    }
    assert_eq!(scene.attempts("acme"), 6);
}
