//! The whole life of a credential against OAuth servers that none of us wrote.
//!
//! That they answer at all proves that no scope is sent: Django refuses an empty one.

use std::time::{Duration, Instant};

use serde_json::json;
use testbed::{account::Account, oauth_servers::Kind};

use crate::{
    scene::{Status, eventually},
    server_stage::Stage,
};

/// The longest that a renewal may take: it is due after half of the shortest life there is, a minute.
const RENEWAL: Duration = Duration::from_secs(50);

/// The garbage collector learns of a kind of owner that is new to it, as in a new control plane, within half a minute.
const COLLECTION: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_credential_lives_with_django() {
    lives(Kind::Django).await;
}

#[tokio::test]
async fn a_credential_lives_with_node() {
    lives(Kind::Node).await;
}

#[tokio::test]
async fn django_tokens_are_renewed_before_they_expire() {
    is_renewed(Kind::Django).await;
}

#[tokio::test]
async fn node_tokens_are_renewed_before_they_expire() {
    is_renewed(Kind::Node).await;
}

async fn lives(kind: Kind) {
    let stage = Stage::new(kind, "life", Duration::from_hours(1)).await;
    let scene = &stage.scene;
    let account = stage.credential("acme", |_| ()).await;
    scene.ready("acme").await;
    let first = scene.token("acme").await;
    stage.belongs(&first, &account).await;
    assert_eq!(stage.counts(&account).await, (1, 0));

    rotates_when_asked(&stage, &account, &first).await;
    rests_while_suspended(&stage, &account).await;
    follows_a_changed_password(&stage, &account).await;

    scene
        .credentials()
        .delete("acme", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    a_wrong_client_is_told_from_a_wrong_password(&stage).await;
    eventually(COLLECTION, || async {
        match scene.secrets().get_opt("acme-token").await.unwrap() {
            None => Ok(()),
            Some(_) => Err("the token Secret outlives its credential".to_owned()),
        }
    })
    .await;
    assert!(
        scene.secrets().get_opt("acme").await.unwrap().is_some(),
        "the source is the user's"
    );
    assert_eq!(stage.operator.terminate().await.unwrap().code(), Some(0));
}

async fn rotates_when_asked(stage: &Stage, account: &Account, first: &str) {
    stage.scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    stage.token_after("acme", first, account).await;
    stage.belongs(first, account).await;
    let status = stage.scene.looked_at_again("acme").await;
    assert_eq!(status.0["lastHandledRotate"], "1");
    assert_eq!(stage.counts(account).await, (2, 0));
}

async fn rests_while_suspended(stage: &Stage, account: &Account) {
    let scene = &stage.scene;
    let token = scene.token("acme").await;
    scene.patch("acme", json!({ "spec": { "suspend": true } })).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "2").await;
    let status = scene.looked_at_again("acme").await;
    assert!(status.message("Ready").contains("spec.suspend"), "{}", status.0);
    assert_eq!(status.0["lastHandledRotate"], "1", "echoed when the attempt starts");
    assert_eq!(stage.counts(account).await, (2, 0));
    scene.patch("acme", json!({ "spec": { "suspend": false } })).await;
    stage.token_after("acme", &token, account).await;
    assert_eq!(stage.counts(account).await, (3, 0));
}

/// At the server first, as people do it: the token in place stays good, and the source decides about the next.
async fn follows_a_changed_password(stage: &Stage, account: &Account) {
    let scene = &stage.scene;
    let token = scene.token("acme").await;
    let changed = Account {
        password: "another p ä&ss+w%72d=".to_owned(),
        ..account.clone()
    };
    stage
        .server
        .change_password(&changed.username, &changed.password)
        .await
        .unwrap();
    scene.looked_at_again("acme").await;
    stage.belongs(&token, account).await;
    assert_eq!(stage.counts(account).await, (3, 0));

    scene.source_with_password("acme", account, "mistyped").await;
    scene.not_ready("acme", "CredentialsRejected").await;
    assert_eq!(scene.token("acme").await, token, "the old token is kept");
    scene.looked_at_again("acme").await;
    assert_eq!(
        stage.counts(account).await,
        (3, 1),
        "a refused password is not tried again"
    );

    let began = Instant::now();
    scene.source("acme", &changed).await;
    stage.soon_ready("acme", began).await;
    stage.token_after("acme", &token, account).await;
    assert_eq!(stage.counts(account).await, (4, 1));
}

async fn a_wrong_client_is_told_from_a_wrong_password(stage: &Stage) {
    let scene = &stage.scene;
    let other_client = stage.credential("client", |sent| sent.client_secret.push('x')).await;
    let status = scene.not_ready("client", "ClientRejected").await;
    assert_eq!(status.is("Stalled"), "True");
    let other_password = stage.credential("password", |sent| sent.password.push('x')).await;
    let status = scene.not_ready("password", "CredentialsRejected").await;
    assert_eq!(status.is("Stalled"), "True");
    for (name, account) in [("client", &other_client), ("password", &other_password)] {
        scene.looked_at_again(name).await;
        assert_eq!(stage.counts(account).await, (0, 1), "{name}");
        let began = Instant::now();
        scene.source(name, account).await;
        stage.soon_ready(name, began).await;
        stage.belongs(&scene.token(name).await, account).await;
        assert_eq!(stage.counts(account).await, (1, 1), "{name}");
    }
}

/// The shortest life that is renewed as usual: a minute, so after half of it.
async fn is_renewed(kind: Kind) {
    let stage = Stage::new(kind, "renewal", Duration::from_mins(1)).await;
    let account = stage.credential("acme", |_| ()).await;
    let scene = &stage.scene;
    let status = scene.ready("acme").await;
    let first = scene.token("acme").await;
    let transition = status.condition("Ready")["lastTransitionTime"].clone();
    let second = eventually(RENEWAL, || async {
        let token = scene.token("acme").await;
        if token == first {
            Err("not renewed".to_owned())
        } else {
            Ok(token)
        }
    })
    .await;
    // Independent sessions: who still reads the old one is not cut off.
    stage.belongs(&first, &account).await;
    stage.belongs(&second, &account).await;
    assert_eq!(stage.counts(&account).await, (2, 0));
    let issued = |status: &Status| status.0["issuedTime"].clone();
    let after = stage
        .scene
        .status_that("acme", "told", |now| issued(now) != issued(&status))
        .await;
    assert_eq!(
        after.condition("Ready")["lastTransitionTime"],
        transition,
        "a scheduled renewal never moves Ready"
    );
    assert_eq!(after.is("Renewed"), "True");
}
