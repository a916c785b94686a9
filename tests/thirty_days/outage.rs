//! Ten minutes without an API server, to an operator that watches for itself: nothing is requested that could not be
//! stored, what was granted is stored afterwards, and all goes on by itself.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use crate::{log::Log, tracktik::LOGIN, world::World};

const ROTATE: &str = "tracktik-operator.io/rotate";

const OUTAGE: Duration = Duration::from_mins(10);

/// The watches' back-off at its longest: 30 s, and as much again by chance.
const WATCHES_BACK: Duration = Duration::from_mins(1);

/// The pace of a call that was refused, at its longest.
const ALL_WELL: Duration = Duration::from_mins(5);

/// Three tokens: one that falls due in the outage, one granted right before and not stored, one that is fresh.
async fn cut_off() -> (World, Instant) {
    let world = World::watched("Password", &["due", "held", "fresh"]);
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(world.tracktik.granted(), 3);
    world.api.annotate("fresh", ROTATE, "1");
    tokio::time::sleep(Duration::from_mins(6)).await;
    world.api.annotate("held", ROTATE, "1");
    tokio::time::sleep(LOGIN / 2).await;
    assert_eq!((world.tracktik.attempts(), world.tracktik.granted()), (5, 4));
    world.api.away(true);
    (world, monotonic())
}

/// Until this holds, and how long that took.
async fn until(what: &str, limit: Duration, holds: impl Fn() -> bool) -> Duration {
    let began = monotonic();
    while !holds() {
        assert!(began.elapsed() < limit, "{what} not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("measured: {what} after {:?}", began.elapsed());
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn in_ten_minutes_of_outage_nothing_is_requested_and_afterwards_nothing_is_missing() {
    let log = Log::kept();
    let (world, since) = cut_off().await;
    let told = log.lines().len();
    while since.elapsed() < OUTAGE {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(world.tracktik.attempts(), 5, "{:?} into the outage", since.elapsed());
        assert!(world.probes().0, "the loop turns");
    }
    assert_eq!(world.tracktik.granted_to("held").len(), 2);
    let (told, asked) = (log.lines().split_off(told), world.api.asked_in_vain());
    println!(
        "measured: {} lines of log and {} requests in vain",
        told.len(),
        asked.len()
    );
    // Of either watch one; of a token that is held two each 30 s, and of one that is due one a minute, after a beginning.
    assert!(told.len() < 100, "{told:#?}");
    assert!(asked.len() < 200, "{asked:?}");
    let begun = world.api.watches_begun().len();
    world.api.away(false);

    until("both watches are back", WATCHES_BACK, || {
        world.api.watches_begun().len() == begun + 2
    })
    .await;
    assert_eq!(world.probes(), (true, Vec::new()));
    until("the held token is stored", ALL_WELL, || {
        world.api.value("held-token", "access_token") == "access-user-held-5"
    })
    .await;
    until("the token that was due is renewed", ALL_WELL, || {
        world.tracktik.granted_to("due").len() == 2
    })
    .await;
    tokio::time::sleep(ALL_WELL).await;
    for name in ["due", "held", "fresh"] {
        assert_eq!(world.tracktik.granted_to(name).len(), 2, "{name}");
        for of in ["Ready", "Renewed"] {
            let said = ("True".to_owned(), "TokenValid".to_owned());
            assert_eq!(world.api.condition(name, of), said, "{name}");
        }
    }
    assert_eq!(world.tracktik.attempts(), 6);
    assert_eq!(world.api.handled_rotate("held").as_deref(), Some("1"));
    world.end().await;
}
