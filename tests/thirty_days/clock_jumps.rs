//! The wall clock is set, by days: every credential is looked at within two turns of the loop, and none logs in more
//! than once for it. Timers follow a clock that never jumps, and would find out up to twelve hours later.

use std::time::Duration;

use tracktik_operator::{api::Span, clock::monotonic};

use crate::{tracktik::Answer, world::World};

pub const NAMES: [&str; 3] = ["a", "b", "c"];

/// The loop looks at the clocks at least every five seconds.
const TWO_TURNS: Duration = Duration::from_secs(10);

/// A wrong password is not tried again before.
const REJECTED: Duration = Duration::from_mins(30);

/// A token of an hour is not renewed before this, whatever its jitter.
pub const SHORTEST: Duration = Duration::from_mins(37);

/// Three credentials in the midst of the life of their first tokens, when the clock is set by so much.
async fn set_by(step: Span) -> World {
    let world = World::with(&NAMES);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.tracktik.granted(), NAMES.len());
    world.set_clock_by(step);
    world
}

/// Each credential has had so many logins, and each of them its use.
pub fn logins(world: &World, each: usize) {
    for name in NAMES {
        assert_eq!(world.tracktik.granted_to(name).len(), each, "{name}");
        for of in ["Ready", "Renewed"] {
            let said = ("True".to_owned(), "TokenValid".to_owned());
            assert_eq!(world.api.condition(name, of), said, "{name}");
        }
    }
    let (secret_writes, _, _) = world.api.writes();
    assert_eq!(secret_writes, each * NAMES.len(), "every token granted is stored");
}

/// So many by the second turn of the loop, and no more until these tokens are due.
async fn settles_at(world: &World, each: usize) {
    tokio::time::sleep(TWO_TURNS).await;
    logins(world, each);
    tokio::time::sleep(SHORTEST).await;
    logins(world, each);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_forward_past_the_expiry_has_every_token_renewed_within_ten_seconds() {
    let world = set_by(Span::hours(3 * 24)).await;
    settles_at(&world, 2).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_by_days_costs_one_login_for_each_token_that_is_now_of_the_future() {
    let world = set_by(Span::hours(-3 * 24)).await;
    settles_at(&world, 2).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_while_no_operator_ran_costs_no_more() {
    let mut world = World::with(&NAMES);
    tokio::time::sleep(Duration::from_mins(10)).await;
    world.kill().await;
    world.set_clock_by(Span::hours(-3 * 24));
    world.start();
    settles_at(&world, 2).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_right_again_costs_one_login_each_way() {
    let world = set_by(Span::hours(3 * 24)).await;
    settles_at(&world, 2).await;
    world.set_clock_by(Span::hours(-3 * 24));
    settles_at(&world, 3).await;
    world.end().await;
}

/// Its facts then say that it is of the future, so that its age is unknown once it is stored.
#[tokio::test(start_paused = true)]
async fn a_clock_set_back_over_a_token_that_waits_to_be_stored_costs_one_login() {
    let world = World::with(&NAMES);
    world.api.refuse_to_store(Some(503));
    tokio::time::sleep(Duration::from_mins(2)).await;
    world.set_clock_by(Span::hours(-3 * 24));
    world.api.refuse_to_store(None);
    settles_at(&world, 2).await;
    world.end().await;
}

/// Each time for ten seconds, at these times after the first login.
async fn a_wrong_password_under_a_clock_set_back_at(times: &[Duration]) {
    let world = World::with(&["a"]);
    world.tracktik.answers(Answer::Rejection);
    let began = monotonic();
    for time in times {
        tokio::time::sleep_until(began + *time).await;
        world.set_clock_by(Span::hours(-24));
        tokio::time::sleep(TWO_TURNS).await;
        world.set_clock_by(Span::hours(24));
    }
    tokio::time::sleep_until(began + REJECTED - Duration::from_secs(1)).await;
    assert_eq!(world.tracktik.attempts(), 1, "{times:?}");
    tokio::time::sleep(TWO_TURNS).await;
    assert_eq!(world.tracktik.attempts(), 2, "{times:?}");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_for_ten_seconds_neither_ends_nor_prolongs_the_wait_after_a_wrong_password() {
    let times = [10, 600, 1_700].map(Duration::from_secs);
    for time in times {
        a_wrong_password_under_a_clock_set_back_at(&[time]).await;
    }
    a_wrong_password_under_a_clock_set_back_at(&times).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_forward_by_days_does_not_end_the_wait_after_a_wrong_password() {
    let world = World::with(&["a"]);
    world.tracktik.answers(Answer::Rejection);
    let began = monotonic();
    tokio::time::sleep(Duration::from_mins(5)).await;
    world.set_clock_by(Span::hours(3 * 24));
    tokio::time::sleep_until(began + REJECTED - Duration::from_secs(1)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    tokio::time::sleep(2 * TWO_TURNS).await;
    assert_eq!(world.tracktik.attempts(), 2);
    world.end().await;
}

/// The wait is counted from where it was first seen to be of the future, however often it is seen again.
#[tokio::test(start_paused = true)]
async fn a_clock_set_back_again_and_left_so_does_not_begin_the_wait_after_a_wrong_password_anew() {
    let world = World::with(&["a"]);
    world.tracktik.answers(Answer::Rejection);
    let began = monotonic();
    for step in [-24, 24, -24] {
        tokio::time::sleep(TWO_TURNS).await;
        world.set_clock_by(Span::hours(step));
        tokio::time::sleep(Duration::from_mins(5)).await;
    }
    tokio::time::sleep_until(began + REJECTED).await;
    assert_eq!(world.tracktik.attempts(), 1);
    tokio::time::sleep(2 * TWO_TURNS).await;
    assert_eq!(world.tracktik.attempts(), 2);
    world.end().await;
}
