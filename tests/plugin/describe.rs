//! `describe`: the life of one credential, as far as the rights of whoever asks go.

use serde_json::{Value, json};

use crate::{
    golden::{assert_golden, without_times},
    scene::Scene,
    status::{condition, credential_with_status},
    user::User,
};

/// What differs between two runs of a test, but for times.
fn plain(scene: &Scene, text: &str) -> String {
    let text = text.replace(&scene.namespace, "NAMESPACE");
    without_times(&text.replace(&scene.simulator.domain(), "DOMAIN"))
}

#[tokio::test]
async fn the_life_of_a_credential_is_told() {
    let scene = Scene::new("life").await;
    let editor = User::with_role(&scene, "edit").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    // Events are written in the background.
    let told = crate::scene::eventually(crate::scene::PATIENCE, || async {
        let told = editor.run(&["describe", "acme"]).await;
        if told.stdout.contains(" Normal ") {
            Ok(told)
        } else {
            Err(told.all())
        }
    })
    .await;
    assert_golden("tests/plugin/golden/describe.txt", &plain(&scene, &told.well()));

    let json = editor.run(&["describe", "acme", "-o", "json"]).await.well();
    let life: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(life["token"]["standing"], "intact");
    assert_eq!(life["token"]["lifetimeSeconds"], 3_600);
    assert_eq!(life["token"]["sourcesChanged"], false);
    assert_eq!(life["sources"][3]["field"], "password");
    assert_eq!(life["sources"][3]["usable"], true);
    let status = scene.status("acme").await;
    assert_eq!(life["next"]["time"], status.0["renewalTime"]);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do() {
    let scene = Scene::new("wrong").await;
    let editor = User::with_role(&scene, "edit").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    // Nobody repairs it from here on.
    operator.terminate().await.unwrap();
    drop(operator);
    let told = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");

    scene
        .patch_secret("acme-token", json!({ "stringData": { "access_token": "forged" } }))
        .await;
    scene
        .patch_secret("acme", json!({ "data": { "password": null } }))
        .await;
    let page = editor.run(&["describe", "acme"]).await.well();
    let page = told(&page);
    assert!(
        page.contains("does not match the recorded hash: somebody has changed it"),
        "{page}"
    );
    assert!(
        page.contains("password Secret acme, key password: not usable key \"password\" of Secret"),
        "{page}"
    );
    assert!(
        page.contains("A source Secret has been written to since the token was requested."),
        "{page}"
    );

    scene.patch("acme", json!({ "spec": { "suspend": true } })).await;
    let page = told(&editor.run(&["describe", "acme"]).await.stdout);
    assert!(
        page.contains("Next: the operator looks at the latest change, which it has not done yet"),
        "{page}"
    );

    scene.credential("new", json!({})).await;
    let page = editor.run(&["describe", "new"]).await;
    assert_eq!(page.code, Some(3), "it is not ready");
    let page = told(&page.stdout);
    assert!(page.contains("Ready: nothing said yet"), "{page}");
    assert!(
        page.contains("Secret \"new\" (spec.credentials.secretRef) does not exist"),
        "{page}"
    );
    assert!(page.contains("there is no token"), "{page}");
}

/// What comes next where status does not say when, or says a time that has passed.
#[tokio::test]
async fn what_happens_next_is_told_by_the_operators_own_rules() {
    let scene = Scene::new("next").await;
    let editor = User::with_role(&scene, "edit").await;
    let next = async |name: &str| {
        let life = editor.run(&["describe", name, "-o", "json"]).await.stdout;
        let life: Value = serde_json::from_str(&life).unwrap();
        let text = |of: &str| life["next"][of].as_str().unwrap_or_default().to_owned();
        (text("what"), text("why"))
    };
    let issuing = json!({ "conditions": [condition("Ready", "False", "Issuing", "a token is being requested")] });
    scene.account("first").await;
    credential_with_status(&scene, "first", json!({}), issuing.clone()).await;
    let (what, why) = next("first").await;
    assert_eq!(
        (what.as_str(), why.as_str()),
        ("a new token is requested by a login", "there is no token yet")
    );

    let mut overdue = issuing.clone();
    overdue["renewalTime"] = json!("2026-01-01T10:00:00Z");
    credential_with_status(&scene, "overdue", json!({}), overdue).await;
    let (what, why) = next("overdue").await;
    assert!(what.starts_with("a new token is requested: overdue for "), "{what}");
    assert!(why.starts_with("the operator is not running, or waits"), "{why}");

    let mut failed = issuing.clone();
    failed["renewalTime"] = json!("2099-01-01T10:00:00Z");
    failed["failure"] = json!({ "reason": "EndpointUnavailable", "message": "m", "count": 2 });
    let refresh = json!({ "renewal": { "grant": "Refresh" } });
    credential_with_status(&scene, "failed", refresh, failed).await;
    let (what, why) = next("failed").await;
    assert!(
        what.starts_with("a new token is requested by the refresh token, or by a login, 2099-"),
        "{what}"
    );
    assert_eq!(why, "the latest request failed (EndpointUnavailable, 2 in a row)");

    let missing = "Secret \"hindered\" (spec.credentials.secretRef) does not exist: create it, or name another";
    let hindered = json!({ "conditions": [
        condition("Ready", "True", "TokenValid", "the token is valid"),
        condition("Renewed", "False", "SourceNotFound", missing),
    ] });
    credential_with_status(&scene, "hindered", json!({}), hindered).await;
    let (what, why) = next("hindered").await;
    assert_eq!((what.as_str(), why.as_str()), ("nothing", missing));

    let waiting = json!({ "conditions": [condition("Ready", "False", "Waiting", "all places are taken")] });
    scene.account("waiting").await;
    credential_with_status(&scene, "waiting", json!({}), waiting).await;
    let (what, why) = next("waiting").await;
    assert_eq!(
        (what.as_str(), why.as_str()),
        ("a new token is requested by a login", "all places are taken")
    );

    credential_with_status(&scene, "suspended", json!({ "suspend": true }), issuing).await;
    let (what, why) = next("suspended").await;
    assert_eq!(what, "nothing");
    assert_eq!(
        why,
        "spec.suspend is true: `kubectl tracktik resume suspended` ends that"
    );
}

#[tokio::test]
async fn who_may_not_see_secrets_is_told_the_rest_and_which_right_is_missing() {
    let scene = Scene::new("unseen").await;
    let viewer = User::with_role(&scene, "view").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let told = viewer.run(&["describe", "acme"]).await;
    assert_eq!(told.code, Some(1), "not all of it could be told: {}", told.all());
    let told = told.stdout;
    for text in ["password", "not seen", "by schedule", "Expires"] {
        assert!(told.contains(text), "{text}: {told}");
    }
    let missing = format!(
        "Not seen: you may not get secrets (acme-token) in namespace {:?}",
        scene.namespace
    );
    assert!(told.contains(&missing), "{told}");
    assert!(
        told.contains("`kubectl auth can-i get secrets/acme-token -n "),
        "{told}"
    );
}
