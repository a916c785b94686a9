//! A request that is announced in status and then not sent: it is no attempt, and what it was for is not forgotten.

use std::time::Duration;

use crate::{
    api_server::{ApiServer, Calls},
    world::World,
};

const ROTATE: &str = "tracktik-operator.io/rotate";

/// Longer than an announcement can be relied on, and shorter than a call of the API server may take.
const SLOW: Calls = Calls::Take(Duration::from_secs(12));

/// The longest pause after a request that was not sent, and the time that it takes to find out.
const PAUSE: Duration = Duration::from_secs(75);

/// A credential in the midst of the life of its first token.
async fn settled() -> World {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    world
}

/// Lets so much time pass, and looks every second at what status says of the rotate request. `lastHandledRotate` without
/// an announcement would say that the request was carried out.
async fn not_handled_for(world: &World, time: Duration) {
    let login = world.tracktik.attempts();
    for _ in 0..time.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(world.api.is_pending("a") || world.api.handled_rotate("a").is_none());
        assert_eq!(world.tracktik.attempts(), login);
    }
}

/// Both requests of its life were answered, and nothing is left over.
fn handled_by_one_login(world: &World) {
    assert_eq!(world.tracktik.attempts(), 2);
    assert_eq!(world.api.handled_rotate("a").as_deref(), Some("1"));
    assert!(!world.api.is_pending("a"));
    let said = ("True".to_owned(), "TokenValid".to_owned());
    assert_eq!(world.api.condition("a", "Renewed"), said);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_whose_announcement_came_too_late_is_carried_out_once_the_api_server_is_fast_again() {
    let world = settled().await;
    world.api.status_writes(SLOW);
    world.api.annotate("a", ROTATE, "1");
    not_handled_for(&world, Duration::from_mins(3)).await;
    assert!(!world.api.announcements().is_empty());
    world.api.status_writes(Calls::Prompt);
    tokio::time::sleep(PAUSE).await;
    handled_by_one_login(&world);
    tokio::time::sleep(Duration::from_mins(20)).await;
    handled_by_one_login(&world);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rotation_whose_announcement_landed_without_an_answer_is_carried_out_once_there_is_one() {
    for unanswered in [Calls::LandWith504, Calls::LandUnanswered] {
        let world = settled().await;
        let before = world.api.announcements().len();
        world.api.status_writes(unanswered);
        world.api.annotate("a", ROTATE, "1");
        tokio::time::sleep(Duration::from_mins(3)).await;
        let announced = world.api.announcements().len() - before;
        // After 1 s, doubling to a minute, whatever the watch tells of what has landed.
        assert!((1..=10).contains(&announced), "{announced} with {unanswered:?}");
        assert_eq!(world.tracktik.attempts(), 1, "{unanswered:?}");
        world.api.status_writes(Calls::Prompt);
        tokio::time::sleep(PAUSE).await;
        handled_by_one_login(&world);
        world.end().await;
    }
}

/// The process is asked to end when the announcement is on its way, or before.
async fn stopped_over_an_announcement(after: Duration) -> World {
    let mut world = settled().await;
    let before = world.api.announcements().len();
    world.api.status_writes(Calls::Take(Duration::from_secs(2)));
    world.api.annotate("a", ROTATE, "1");
    tokio::time::sleep(after).await;
    world.end_operator().await;
    assert_eq!(world.api.announcements().len() - before, 1);
    world
}

fn nothing_announced(api: &ApiServer) {
    assert!(!api.is_pending("a"));
    assert_eq!(api.handled_rotate("a"), None);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_was_announced_when_the_process_was_asked_to_end_is_carried_out_by_the_next() {
    let mut world = stopped_over_an_announcement(Duration::from_secs(1)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    nothing_announced(&world.api);
    world.api.status_writes(Calls::Prompt);
    world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    handled_by_one_login(&world);
    world.end().await;
}

/// It stands in `lastHandledRotate` from then on, and no login was made for it.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_was_announced_when_the_process_was_killed_is_carried_out_by_the_next_a_minute_later() {
    let mut world = settled().await;
    world.api.status_writes(Calls::LandUnanswered);
    world.api.annotate("a", ROTATE, "1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.kill().await;
    assert!(world.api.is_pending("a"));
    assert_eq!(world.api.handled_rotate("a").as_deref(), Some("1"));
    world.api.status_writes(Calls::Prompt);
    world.start();
    tokio::time::sleep(Duration::from_secs(55)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    handled_by_one_login(&world);
    tokio::time::sleep(Duration::from_mins(20)).await;
    handled_by_one_login(&world);
    world.end().await;
}

/// Ten minutes of an API server that is too slow to rely on: it is asked at a pace that it can bear.
#[tokio::test(start_paused = true)]
async fn announcements_that_come_too_late_are_a_minute_apart() {
    let world = settled().await;
    let (before, written) = (world.api.announcements().len(), world.api.writes().1);
    world.api.status_writes(SLOW);
    world.api.annotate("a", ROTATE, "1");
    tokio::time::sleep(Duration::from_mins(10)).await;
    let announced = world.api.announcements().split_off(before);
    assert!((5..=10).contains(&announced.len()), "{announced:?}");
    let apart = announced.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(apart >= Duration::from_mins(1), "{apart:?}");
    assert!(world.api.writes().1 - written <= 2 * announced.len());
    assert_eq!(world.tracktik.attempts(), 1);
    world.api.status_writes(Calls::Prompt);
    tokio::time::sleep(PAUSE).await;
    handled_by_one_login(&world);
    world.end().await;
}
