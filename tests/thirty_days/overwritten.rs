//! Somebody keeps writing into status: ours is put back at a pace, by the clock that never goes back, but for what a crash
//! would lose.

use std::time::Duration;

use tracktik_operator::{
    api::Span,
    clock::{Instant, monotonic},
};

use crate::{tracktik::Answer, world::World};

/// So often ours is put back at once.
const AT_ONCE: usize = 5;

/// And after the next time not for so long.
const KEPT_BACK: Duration = Duration::from_mins(5);

/// Twice the time between two looks at the clocks.
const SETTLED: Duration = Duration::from_secs(10);

fn ours_stands(world: &World) -> bool {
    world.api.condition("a", "Ready") == ("True".to_owned(), "TokenValid".to_owned())
}

/// A credential in the midst of the life of its first token, with the clock set by so many minutes since, and what somebody
/// else has written into its status now, for the sixth time within seconds.
async fn overwritten(step: i64) -> (World, Instant) {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(12)).await;
    world.set_clock_by(Span::minutes(step));
    tokio::time::sleep(SETTLED).await;
    for time in 0..AT_ONCE {
        world.api.say_unready("a");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(ours_stands(&world), "put back at once {time} times");
    }
    world.api.say_unready("a");
    (world, monotonic())
}

#[tokio::test(start_paused = true)]
async fn what_is_overwritten_again_and_again_is_put_back_after_a_pause_whatever_the_wall_clock_says() {
    // Nothing of it makes a token due, or one of the future.
    for (before, meanwhile) in [(0, 0), (-10, 0), (10, 0), (0, -10), (0, 10), (-10, 10), (10, -10)] {
        let (world, began) = overwritten(before).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.set_clock_by(Span::minutes(meanwhile));
        tokio::time::sleep(SETTLED).await;
        assert!(!ours_stands(&world), "kept back: {before} {meanwhile}");
        tokio::time::sleep_until(began + KEPT_BACK - Duration::from_secs(1)).await;
        assert!(!ours_stands(&world), "kept back to the end: {before} {meanwhile}");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(ours_stands(&world), "put back: {before} {meanwhile}");
        assert_eq!(world.tracktik.attempts(), 1, "{before} {meanwhile}");
        world.end().await;
    }
}

/// The next process knows what status tells alone.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_while_our_words_are_kept_back_and_outlives_the_process() {
    let (mut world, _) = overwritten(0).await;
    world.tracktik.answers(Answer::Rejection);
    world.api.annotate("a", "tracktik-operator.io/rotate", "1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.tracktik.attempts(), 2);
    assert!(world.api.has_failed("a"), "the failure is told");
    assert!(!ours_stands(&world));
    assert_eq!(world.api.condition("a", "Renewed").0, "True", "and nothing else is");
    world.kill().await;
    world.start();
    tokio::time::sleep(Duration::from_mins(29)).await;
    assert_eq!(world.tracktik.attempts(), 2, "a wrong password is not tried again");
    world.end().await;
}
