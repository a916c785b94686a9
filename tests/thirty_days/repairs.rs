//! A token Secret that must look different: what its owner asks for is done at once, and whoever fights over it is met
//! at a pace.

use std::time::Duration;

use serde_json::json;

use crate::world::World;

/// A credential that has just got its first token.
async fn settled() -> World {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    world
}

fn has_key(world: &World, key: &str) -> bool {
    let secret = world.api.secret("a-token").unwrap();
    secret["data"].as_object().unwrap().keys().eq([key])
}

#[tokio::test(start_paused = true)]
async fn each_of_six_edits_of_the_spec_in_two_minutes_is_carried_out_at_once() {
    let world = settled().await;
    for edit in 1..=6 {
        let key = format!("key-{edit}");
        world
            .api
            .edit_spec("a", "tokenSecret", json!({ "data": { &key: "$(accessToken)" } }));
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(has_key(&world, &key), "edit {edit}");
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    assert_eq!((world.tracktik.attempts(), world.api.writes().0), (1, 7));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_by_somebody_else_that_comes_back_is_put_right_at_a_pace() {
    let world = settled().await;
    let labels = |team: &str| json!({ "metadata": { "labels": { "team": team } } });
    world.api.edit_spec("a", "tokenSecret", labels("ours"));
    let before = world.api.store_attempts().len();
    for _ in 0..30 * 60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let secret = world.api.secret("a-token").unwrap();
        if secret["metadata"]["labels"]["team"] == "ours" {
            world.api.label_secret("a-token", "team", "theirs");
        }
    }
    let repairs = world.api.store_attempts().split_off(before);
    let pauses: Vec<u64> = repairs.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(pauses[..6], [10, 20, 40, 80, 160, 300]);
    assert!(pauses[6..].iter().all(|pause| *pause == 300), "{pauses:?}");
    // Another edit of the spec is none of that.
    world.api.edit_spec("a", "tokenSecret", labels("ours again"));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let secret = world.api.secret("a-token").unwrap();
    assert_eq!(secret["metadata"]["labels"]["team"], "ours again");
    assert_eq!(world.tracktik.attempts(), 1);
    world.end().await;
}
