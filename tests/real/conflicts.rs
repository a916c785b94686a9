//! A token Secret that two credentials want: one has it, the other says so, and neither harms the other.

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

fn target(name: &str) -> Value {
    json!({ "tokenSecret": { "name": name } })
}

/// Creation times have whole seconds: what is created after this is younger than what was before.
pub async fn next_second() {
    let now = Timestamp::now().as_second();
    eventually(PATIENCE, || async {
        if Timestamp::now().as_second() > now {
            Ok(())
        } else {
            Err("the clock stands".to_owned())
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_credentials_with_one_target_the_older_has_it_until_it_goes() {
    let scene = Scene::new("rivals").await;
    let operator = scene.start().await;
    let older = scene.account("older").await;
    scene.credential("older", target("shared")).await;
    scene.ready("older").await;
    let newer = scene.account("newer").await;
    scene.credential("newer", target("shared")).await;
    let status = scene.not_ready("newer", "TargetConflict").await;
    assert_eq!(status.is("Stalled"), "True");
    for part in [
        r#"Secret "shared""#,
        "spec.tokenSecret.name",
        r#"TrackTikCredential "older""#,
    ] {
        assert!(status.message("Ready").contains(part), "{}", status.0);
    }
    scene.annotate("newer", "tracktik-operator.io/rotate", "mine").await;
    scene.looked_at_again("newer").await;
    scene.looked_at_again("older").await;
    assert_eq!((scene.attempts("older"), scene.attempts("newer")), (1, 0));
    let owner = async || {
        scene
            .simulator
            .owner_of(&scene.value("shared", "access_token").await.unwrap())
    };
    assert_eq!(owner().await.as_ref(), Some(&older.username));
    scene.ready("older").await;

    // Its Secret goes with it, and the other takes over.
    scene
        .credentials()
        .delete("older", &DeleteParams::default())
        .await
        .unwrap();
    // Kubernetes collects the Secret; for a kind that it has known for less than half a minute it takes its time.
    eventually(Duration::from_mins(2), || async {
        match scene.value("shared", "access_token").await {
            Some(token) if scene.simulator.owner_of(&token).as_ref() == Some(&older.username) => {
                Err("the Secret of the deleted credential is still there".to_owned())
            }
            _ => Ok(()),
        }
    })
    .await;
    let began = Instant::now();
    scene.ready("newer").await;
    say(&format!("the rival took over after {} ms", began.elapsed().as_millis()));
    assert_eq!(owner().await, Some(newer.username));
    assert_eq!(scene.attempts("newer"), 1);
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn of_two_that_want_a_name_that_does_not_exist_yet_the_first_gets_it() {
    let scene = Scene::new("first-claim").await;
    // Both are there before there is an operator; neither has a token, and the older's source is missing.
    scene.credential("older", target("shared")).await;
    next_second().await;
    scene.account("newer").await;
    scene.credential("newer", target("shared")).await;
    let _operator = scene.start().await;
    scene.not_ready("older", "SourceNotFound").await;
    scene.not_ready("newer", "TargetConflict").await;
    let began = Instant::now();
    scene.account("older").await;
    scene.ready_soon("older", began).await;
    scene.looked_at_again("newer").await;
    assert_eq!((scene.attempts("older"), scene.attempts("newer")), (1, 0));
}
