//! The end of the process with a token that was granted and could not be stored yet: it would be lost, and the next
//! process would log in again.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use crate::{
    tracktik::LOGIN,
    world::{PATIENCE, World},
};

/// During the login, between two tries, and between two that are the longest pause apart.
const STOPS: [Duration; 3] = [Duration::from_millis(100), Duration::from_secs(5), PATIENCE];

/// When a refused write is tried, given when it was tried first: again after 100 ms, doubling to 30 s.
fn pace(first: Instant) -> impl Iterator<Item = Instant> {
    let wait = |tries: u32| Duration::from_millis(100_u64 << tries).min(Duration::from_secs(30));
    (0..20).scan(first, move |next, tries| {
        let at = *next;
        *next += wait(tries);
        Some(at)
    })
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_refused_is_tried_again_at_its_own_pace_until_patience_is_over() {
    for (code, stop_after) in [500, 503].into_iter().flat_map(|code| STOPS.map(|stop| (code, stop))) {
        let world = World::with(&["a"]);
        let (api, tracktik) = (world.api.clone(), world.tracktik.clone());
        api.refuse_to_store(Some(code));
        let began = monotonic();
        tokio::time::sleep(stop_after).await;
        let stopped = monotonic();
        world.end().await;
        assert_eq!(stopped.elapsed(), PATIENCE, "{code} {stop_after:?}");
        let expected = pace(began + LOGIN).take_while(|at| *at < stopped + PATIENCE);
        assert_eq!(
            api.store_attempts(),
            expected.collect::<Vec<_>>(),
            "{code} {stop_after:?}"
        );
        assert_eq!((tracktik.attempts(), api.writes().0), (1, 0), "{code} {stop_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_let_through_in_time_ends_the_process_at_once() {
    for stop_after in STOPS {
        let world = World::with(&["a"]);
        let (api, tracktik) = (world.api.clone(), world.tracktik.clone());
        api.refuse_to_store(Some(503));
        tokio::time::sleep(stop_after).await;
        world.stop();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(api.writes().0, 0);
        api.refuse_to_store(None);
        world.end().await;
        assert_eq!(api.store_attempts().last(), Some(&monotonic()), "{stop_after:?}");
        assert_eq!((tracktik.attempts(), api.writes().0), (1, 1), "{stop_after:?}");
        let said = ("True".to_owned(), "TokenValid".to_owned());
        assert_eq!(api.condition("a", "Ready"), said, "{stop_after:?}");
    }
}

/// No write will be tried there, however long it is waited for.
#[tokio::test(start_paused = true)]
async fn a_token_behind_a_name_that_was_taken_is_not_waited_for() {
    for taken_before in [Duration::from_secs(1), Duration::ZERO] {
        let world = World::with(&["a"]);
        world.api.refuse_to_store(Some(503));
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.api.take_name("a-token");
        tokio::time::sleep(taken_before).await;
        let (asked, tried) = (world.api.requests(), world.api.store_attempts().len());
        world.stop();
        assert!(world.has_ended_by_now().await, "taken {taken_before:?} before the stop");
        // Status says so, and an event does, where there was no time for that before.
        let asked = world.api.requests() - asked;
        assert!(asked <= 2, "{asked} requests");
        assert_eq!(
            (world.api.store_attempts().len(), world.tracktik.attempts()),
            (tried, 1)
        );
        let said = ("False".to_owned(), "TargetConflict".to_owned());
        assert_eq!(world.api.condition("a", "Ready"), said);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_during_the_last_tries_ends_them() {
    let world = World::with(&["a"]);
    world.api.refuse_to_store(Some(503));
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.stop();
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.api.take_name("a-token");
    let (asked, tried) = (world.api.requests(), world.api.store_attempts());
    tokio::time::sleep_until(pace(tried[0]).nth(tried.len()).unwrap()).await;
    assert!(world.has_ended_by_now().await, "when the next try is due");
    assert!(world.api.requests() - asked <= 2);
    assert_eq!((world.api.store_attempts(), world.tracktik.attempts()), (tried, 1));
}
