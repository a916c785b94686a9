//! Two operators beside each other that are no replicas: with a part of the work each, and by mistake with the same.

use std::time::Duration;

use serde_json::json;
use testbed::operator::Operator;

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

impl Scene {
    /// One that looks after those credentials only.
    async fn selecting(&self, selector: &str) -> Operator {
        let builder = self.operator().args(["--selector", selector]);
        let operator = builder.start(self.plane).await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        operator
    }

    async fn label(&self, name: &str, team: &str) {
        self.patch(name, json!({ "metadata": { "labels": { "team": team } } }))
            .await;
    }
}

/// Waits until this operator knows of exactly these credentials.
async fn knows(operator: &Operator, expected: &[&str]) {
    eventually(PATIENCE, || async {
        let metrics = operator.metrics().await.unwrap();
        let ready =
            |line: &&str| line.starts_with("tracktik_credential_ready{") && line.contains(r#"condition="True""#);
        let mut known: Vec<String> = metrics
            .lines()
            .filter(ready)
            .filter_map(|line| Some(line.split_once(r#"name=""#)?.1.split_once('"')?.0.to_owned()))
            .collect();
        known.sort_unstable();
        if known == expected {
            Ok(())
        } else {
            Err(format!("{known:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn two_selectors_share_the_work_and_a_label_hands_a_credential_over_without_a_login() {
    let scene = Scene::new("selectors").await;
    let (first, second) = (scene.selecting("team=a").await, scene.selecting("team in (b,c)").await);
    for name in ["one", "two", "three", "nobodys"] {
        scene.everyday(name).await;
    }
    for (name, team) in [("one", "a"), ("two", "b"), ("three", "c")] {
        scene.label(name, team).await;
        scene.ready(name).await;
    }
    knows(&first, &["one"]).await;
    knows(&second, &["three", "two"]).await;
    assert_eq!(scene.simulator.counts().token_requests, 3);
    assert!(scene.value("nobodys-token", "access_token").await.is_none());

    let token = scene.token("two").await;
    let written = scene.written_until_now().await.len();
    scene.label("two", "a").await;
    knows(&first, &["one", "two"]).await;
    knows(&second, &["three"]).await;
    scene.looked_at_again("two").await;
    assert_eq!(scene.token("two").await, token);
    let writes = scene.written_until_now().await.split_off(written);
    assert!(
        writes.iter().all(|event| event.resource == "tracktikcredentials"),
        "{writes:#?}"
    );
    assert_eq!(scene.simulator.counts().token_requests, 3);
    scene.rotated("two", "by the first", &token).await;
    assert_eq!(scene.simulator.counts().token_requests, 4);

    // Out of sight of both: nobody deletes or renews anything.
    scene.label("two", "z").await;
    knows(&first, &["one"]).await;
    let written = scene.written_until_now().await.len();
    let token = scene.token("two").await;
    scene.annotate("two", "tracktik-operator.io/rotate", "by nobody").await;
    scene.looked_at_again("one").await;
    scene.looked_at_again("three").await;
    assert_eq!(scene.token("two").await, token);
    let writes = scene.written_until_now().await.split_off(written);
    assert!(writes.iter().all(|event| event.name != "two"), "{writes:#?}");
    assert_eq!(scene.simulator.counts().token_requests, 4);
}

/// Waits until nothing was written for some seconds; tells how much was since `before`.
async fn comes_to_rest(scene: &Scene, before: usize) -> usize {
    let mut latest = scene.written_until_now().await.len();
    for _ in 0..12 {
        // That nothing happens has no end to wait for.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let now = scene.written_until_now().await.len();
        if now == latest {
            return now - before;
        }
        latest = now;
    }
    panic!("{} writes in a minute, and no end", latest - before);
}

#[tokio::test]
async fn two_that_overlap_by_mistake_come_to_rest_after_each_rotation() {
    let scene = Scene::new("overlap").await;
    let _first = scene.start().await;
    let _second = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let writes = comes_to_rest(&scene, 0).await;
    say(&format!("two operators: {writes} writes for a first token"));
    for value in ["one", "two", "three"] {
        let (before, token) = (scene.written_until_now().await.len(), scene.token("acme").await);
        let requests = scene.simulator.counts().token_requests;
        scene.rotated("acme", value, &token).await;
        let writes = comes_to_rest(&scene, before).await;
        let logins = scene.simulator.counts().token_requests - requests;
        say(&format!(
            "two operators: {writes} writes and {logins} logins for a rotation"
        ));
        assert!(logins <= 2, "{logins} logins");
        assert!(writes <= 12, "{writes} writes");
        scene.status("acme").await.assert_well();
    }
}

#[tokio::test]
async fn two_that_overlap_by_mistake_come_to_rest_over_a_wrong_password() {
    let scene = Scene::new("overlap-wrong").await;
    let _first = scene.start().await;
    let _second = scene.start().await;
    let account = scene.with_password("acme", "mistyped").await;
    scene.not_ready("acme", "CredentialsRejected").await;
    let writes = comes_to_rest(&scene, 0).await;
    let attempts = scene.attempts("acme");
    say(&format!(
        "two operators: {writes} writes and {attempts} attempts with a wrong password"
    ));
    assert!(attempts <= 2 && writes <= 20, "{attempts} attempts, {writes} writes");
    let before = scene.written_until_now().await.len();
    scene.source("acme", &account).await;
    scene.ready("acme").await;
    let writes = comes_to_rest(&scene, before).await;
    say(&format!(
        "two operators: {writes} writes for a password that was put right"
    ));
    assert!(scene.attempts("acme") <= attempts + 2);
    scene.status("acme").await.assert_well();
}

#[tokio::test]
async fn two_that_overlap_by_mistake_come_to_rest_over_a_target_that_cannot_be_written() {
    let scene = Scene::new("overlap-quota").await;
    scene.account("acme").await;
    scene
        .apply(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "full" }, "spec": { "hard": { "secrets": "1" } },
        }))
        .await;
    let _first = scene.start().await;
    let _second = scene.start().await;
    scene.credential("acme", json!({})).await;
    scene.not_ready("acme", "TargetNotWritable").await;
    let before = scene.written_until_now().await.len();
    // Each refusal has a pace, and each of the two has its own.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let writes = scene.written_until_now().await.len() - before;
    say(&format!("two operators: {writes} writes in a minute of a full quota"));
    assert!(writes <= 20, "{writes} writes");
    assert_eq!(scene.simulator.counts().token_requests, 0);
}
