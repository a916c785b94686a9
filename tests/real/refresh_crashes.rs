//! An operator that is killed around a refresh: the next one finds the announcement and the mark, and what may have been
//! sent is not sent again.

use std::time::{Duration, Instant};

use serde_json::json;
use testbed::simulator::{Fault, Target};

use crate::{
    refreshing::TRIED,
    scene::{PATIENCE, Scene, eventually},
    tar_pit::TarPit,
};

const ROTATE: &str = "tracktik-operator.io/rotate";

/// Kills an operator whose refresh has had its effect and has no answer yet.
async fn killed_in_a_refresh(scene: &Scene) -> String {
    let operator = scene.start().await;
    scene.refreshing("acme").await;
    let token = scene.token("acme").await;
    let lost = Fault::Silence { after_effect: true };
    scene.simulator.set_fault(Target::Everywhere, lost, Some(1));
    scene.annotate("acme", ROTATE, "1").await;
    scene.in_flight().await;
    operator.kill().await.unwrap();
    assert!(!scene.simulator.valid(&token), "nobody has a token now");
    assert_eq!(scene.grants(), (1, 1));
    token
}

#[tokio::test]
async fn a_kill_between_the_mark_and_the_answer_costs_one_login_a_minute_later() {
    let scene = Scene::new("killed-refresh").await;
    let token = killed_in_a_refresh(&scene).await;
    let began = Instant::now();
    for _ in 0..3 {
        let operator = scene.settled(1).await;
        operator.kill().await.unwrap();
    }
    assert_eq!(scene.grants(), (1, 1));
    let _operator = scene.settled(1).await;
    let next = scene.token_in_the_end("acme", &token).await;
    assert!(began.elapsed() > Duration::from_secs(45), "{:?}", began.elapsed());
    assert!(scene.simulator.valid(&next));
    assert_eq!(scene.grants(), (2, 1));
    scene.renewed("acme").await.assert_well();
    scene.rotated("acme", "2", &next).await;
    assert_eq!(scene.grants(), (2, 2));
}

#[tokio::test]
async fn a_mark_that_is_taken_off_between_two_operators_does_not_make_the_token_new() {
    let scene = Scene::new("unmarked-refresh").await;
    let token = killed_in_a_refresh(&scene).await;
    // Together with something that is put back: the Secret is then as the operator itself wrote it.
    let taken_off = json!({ "annotations": { TRIED: null }, "labels": { "app.kubernetes.io/managed-by": null } });
    scene.patch_secret("acme-token", json!({ "metadata": taken_off })).await;
    let _operator = scene.start().await;
    eventually(PATIENCE, || async {
        let secret = scene.secrets().get("acme-token").await.unwrap();
        let labels = secret.metadata.labels.unwrap_or_default();
        match labels.get("app.kubernetes.io/managed-by") {
            Some(_) => Ok(()),
            None => Err("not put right yet".to_owned()),
        }
    })
    .await;
    let next = scene.rotated("acme", "2", &token).await;
    assert!(scene.simulator.valid(&next));
    assert_eq!(scene.grants(), (2, 1));
}

/// What no administrator wants and any may have for a minute. Both find the renewal due in the same instant, and the mark
/// decides who of the two refreshes.
#[tokio::test]
async fn two_operators_at_a_time_send_no_refresh_token_twice() {
    let scene = Scene::with_token_life("two", Duration::from_mins(1)).await;
    let _one = scene.start().await;
    scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    let _other = scene.settled(1).await;
    assert_eq!(scene.grants(), (1, 0));
    // Long enough for the other to come to its own request.
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 1_000 }, None);
    scene.token_in_the_end("acme", &first).await;
    scene.token_that_works("acme").await;
    let (_, refreshes) = scene.grants();
    assert_eq!(refreshes, 1);
}

#[tokio::test]
async fn a_kill_before_the_mark_leaves_the_refresh_token_to_the_next_operator() {
    let scene = Scene::new("killed-mark").await;
    let operator = scene.start().await;
    scene.refreshing("acme").await;
    let token = scene.token("acme").await;
    // The announcement is written, and the mark never gets an answer.
    let pit = TarPit::for_marks(&scene).await;
    scene.annotate("acme", ROTATE, "1").await;
    pit.caught(1).await;
    operator.kill().await.unwrap();
    pit.close(&scene).await;
    assert_eq!(scene.grants(), (1, 0));
    let (mark, _) = scene.mark_and_issue("acme").await;
    assert_eq!(mark, None);

    let _operator = scene.settled(1).await;
    let status = scene.looked_at_again("acme").await;
    assert!(status.0["failure"]["pending"].is_object(), "{}", status.0);
    status.assert_well();
    assert_eq!(scene.grants(), (1, 0));
    let next = scene.rotated("acme", "2", &token).await;
    assert!(scene.simulator.valid(&next));
    assert_eq!(scene.grants(), (1, 1));
}
