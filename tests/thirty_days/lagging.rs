//! Watches that are behind: nothing turns round and round on a view that is known to be old.

use std::time::Duration;

use serde_json::json;
use tracktik_operator::clock::monotonic;

use crate::world::World;

/// A credential in the midst of the life of its first token.
async fn settled() -> World {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    world
}

/// Two edits, of which the watch has brought the first: what is read is neither what was used nor what is known.
#[tokio::test(start_paused = true)]
async fn a_label_of_the_source_that_the_watch_has_not_brought_costs_few_reads_and_no_login() {
    let world = settled().await;
    let before = world.api.reads();
    world.api.label_secret("a", "team", "one");
    world.api.lag();
    world.api.label_secret("a", "team", "two");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let reads = world.api.reads() - before;
    // After 200 ms, doubling to 10 s.
    assert!((2..=9).contains(&reads), "{reads}");
    world.api.catch_up();
    tokio::time::sleep(Duration::from_mins(20)).await;
    assert!(world.api.reads() - before <= reads + 2);
    assert_eq!(world.tracktik.attempts(), 1);
    let said = ("True".to_owned(), "TokenValid".to_owned());
    assert_eq!(world.api.condition("a", "Renewed"), said);
    world.end().await;
}

/// The watch still shows the token Secret before the operator's own write of it, and status before its own.
#[tokio::test(start_paused = true)]
async fn a_token_that_the_watch_has_not_brought_yet_is_not_requested_again() {
    let world = settled().await;
    world.api.annotate("a", "tracktik-operator.io/rotate", "1");
    world.api.lag();
    tokio::time::sleep(Duration::from_mins(35)).await;
    assert_eq!(
        world.tracktik.attempts(),
        2,
        "one for the request, and none for what is behind"
    );
    let token = world.api.value("a-token", "access_token");
    world.api.catch_up();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.tracktik.attempts(), 2);
    assert_eq!(world.api.value("a-token", "access_token"), token);
    world.end().await;
}

/// Token Secrets under ten earlier names expire at once, and with them the one in place of a credential that is
/// suspended. That the watch tells of no deletion makes the rest the only thing to wake for.
#[tokio::test(start_paused = true)]
async fn after_eight_steps_status_is_written_and_the_rest_is_done_eight_seconds_later() {
    let began = monotonic();
    let world = settled().await;
    world.api.edit_spec("a", "suspend", json!(true));
    let annotations = world.api.secret("a-token").unwrap()["metadata"]["annotations"].to_string();
    for earlier in (0..10).map(|number| format!("earlier-{number}")) {
        // The facts name the Secret that they are on.
        let own = annotations.replace("a-token", &earlier);
        world.api.add_secret(&earlier, &serde_json::from_str(&own).unwrap());
    }
    let expiry = began + Duration::from_hours(1);
    tokio::time::sleep_until(expiry - Duration::from_secs(5)).await;
    let said = ("True".to_owned(), "TokenValid".to_owned());
    assert_eq!(world.api.condition("a", "Ready"), said);
    world.api.lag();
    tokio::time::sleep_until(expiry + Duration::from_secs(5)).await;
    let said = ("False".to_owned(), "Suspended".to_owned());
    assert_eq!(world.api.condition("a", "Ready"), said);
    let deletions = world.api.deletions();
    assert_eq!(deletions.len(), 8, "{deletions:?}");
    tokio::time::sleep(Duration::from_mins(1)).await;
    let rest = Duration::from_secs(8);
    let expected = [vec![deletions[0]; 8], vec![deletions[0] + rest; 2]].concat();
    assert_eq!(world.api.deletions(), expected);
    world.end().await;
}
