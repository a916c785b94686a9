//! Which requests are announced in status before they are sent, and that none is sent where that is not possible.

use std::time::Duration;

use crate::{
    api_server::Calls,
    tracktik::LOGIN,
    world::{PATIENCE, World},
};

/// Before any token of an hour is renewed, and less than 200 s before the latest time at which it is.
const SOON_DUE: Duration = Duration::from_secs(2_250);

/// From there on it is renewed, whatever its jitter.
const RENEWED: Duration = Duration::from_secs(160);

/// Writes of status and announcements among them, since it was last asked.
fn written_since(world: &World, before: &mut (usize, usize)) -> (usize, usize) {
    let now = (world.api.writes().1, world.api.announcements().len());
    let since = (now.0 - before.0, now.1 - before.1);
    *before = now;
    since
}

#[tokio::test(start_paused = true)]
async fn a_renewal_soon_after_the_start_is_announced_and_later_ones_are_not() {
    let mut world = World::with(&["a"]);
    // So that a request that did not wait for its announcement would be seen before it.
    world.api.status_writes(Calls::Take(Duration::from_secs(1)));
    tokio::time::sleep(SOON_DUE).await;
    world.kill().await;
    let mut seen = (0, 0);
    written_since(&world, &mut seen);
    world.start();
    // Else the reason would be that no write of status was let through yet.
    world.api.annotate("a", "reconcile.fluxcd.io/requestedAt", "now");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(written_since(&world, &mut seen), (1, 0));
    tokio::time::sleep(RENEWED).await;
    assert_eq!(world.tracktik.attempts(), 2);
    assert_eq!(
        written_since(&world, &mut seen),
        (2, 1),
        "an announcement and an outcome"
    );
    let (announced, sent) = (world.api.announcements(), world.tracktik.attempt_times());
    assert!(announced[1] <= sent[1] && sent[1] < announced[1] + LOGIN);
    for renewal in 3..=4 {
        tokio::time::sleep(Duration::from_mins(40)).await;
        assert_eq!(world.tracktik.attempts(), renewal);
        assert_eq!(written_since(&world, &mut seen), (1, 0), "the outcome alone");
    }
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn before_a_write_of_status_is_let_through_nothing_is_requested() {
    for proven in [false, true] {
        let mut world = World::with(&["a"]);
        if proven {
            // Renewed long after the start of the second process, whose status is as the first left it.
            tokio::time::sleep(Duration::from_mins(10)).await;
            world.kill().await;
            world.start();
        }
        let before = world.tracktik.attempts();
        for code in [403, 500] {
            world.api.status_writes(Calls::Refused(code));
            tokio::time::sleep(Duration::from_mins(22)).await;
            assert_eq!(world.tracktik.attempts(), before, "{code}");
        }
        assert!(world.api.reads() > 10, "it was about to");
        world.api.status_writes(Calls::Prompt);
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(world.tracktik.attempts(), before + 1);
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(world.tracktik.attempts(), before + 1);
        world.end().await;
    }
}

/// It may have gone with its credential, and the watch may be about to tell of that.
#[tokio::test(start_paused = true)]
async fn a_token_secret_that_was_deleted_is_replaced_after_an_announcement() {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let mut seen = (0, 0);
    written_since(&world, &mut seen);
    world.api.delete_secret("a-token");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(written_since(&world, &mut seen), (2, 1));
    assert_eq!(world.tracktik.attempts(), 2);
    assert!(world.api.secret("a-token").is_some());
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_requested_for_a_credential_that_is_gone_and_whose_end_no_watch_has_told() {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    world.api.delete_credential_unseen("a");
    world.api.delete_secret("a-token");
    let (asked, read) = (world.api.requests(), world.api.reads());
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    let tries = world.api.reads() - read;
    assert!((10..=31).contains(&tries), "{tries}");
    // Reading the source, the rehearsal, and twice status.
    let asked = world.api.requests() - asked;
    assert!(asked <= 4 * tries, "{asked} requests");
    world.end().await;
}
