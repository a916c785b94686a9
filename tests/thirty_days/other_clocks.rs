//! One operator after the other, on nodes whose clocks disagree by hours: a login for each token whose age the second
//! cannot know, none for what it can, and then it is as quiet as the first.

use std::time::Duration;

use tracktik_operator::{api::Span, clock::monotonic};

use crate::{
    clock_jumps::{NAMES, SHORTEST, logins},
    tracktik::Answer,
    world::World,
};

/// Twice the time between two looks at the clocks.
const SETTLED: Duration = Duration::from_secs(10);

/// Three credentials in the midst of the life of their tokens, and a successor whose clock differs by so much.
async fn succeeded_by(differs: Span) -> World {
    let mut world = World::with(&NAMES);
    tokio::time::sleep(Duration::from_mins(10)).await;
    world.kill().await;
    world.set_clock_by(differs);
    world.start();
    world
}

#[tokio::test(start_paused = true)]
async fn a_successor_whose_clock_is_hours_off_logs_in_once_and_renews_on_time_from_there() {
    for differs in [Span::hours(5), Span::hours(-5)] {
        let world = succeeded_by(differs).await;
        tokio::time::sleep(SETTLED).await;
        logins(&world, 2);
        tokio::time::sleep(SHORTEST).await;
        logins(&world, 2);
        // The margin is a third of the hour, and a tenth of that is for the jitter.
        tokio::time::sleep(Duration::from_mins(3)).await;
        logins(&world, 3);
        world.end().await;
    }
}

/// Within what clocks may differ by, the token is as old as it says.
#[tokio::test(start_paused = true)]
async fn a_successor_whose_clock_is_a_minute_off_logs_in_for_nothing() {
    for differs in [Span::seconds(59), Span::seconds(-59)] {
        let world = succeeded_by(differs).await;
        tokio::time::sleep(Duration::from_mins(26)).await;
        logins(&world, 1);
        tokio::time::sleep(Duration::from_mins(6)).await;
        logins(&world, 2);
        world.end().await;
    }
}

/// The leadership goes to and fro between two nodes whose clocks are hours apart.
#[tokio::test(start_paused = true)]
async fn each_change_between_two_clocks_costs_one_login_at_most() {
    let mut world = succeeded_by(Span::hours(5)).await;
    for (change, differs) in [-5, 5, -5, 5].into_iter().enumerate() {
        tokio::time::sleep(Duration::from_mins(10)).await;
        let most = change + 2;
        for name in NAMES {
            let had = world.tracktik.granted_to(name).len();
            assert!(had <= most, "{name} had {had} logins after {} changes", change + 1);
        }
        world.kill().await;
        world.set_clock_by(Span::hours(differs));
        world.start();
    }
    tokio::time::sleep(SHORTEST).await;
    logins(&world, 6);
    world.end().await;
}

/// What failed then is in the future, or long ago. Set back, the wait begins anew where the second first sees it; set
/// forward, it is over.
#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_by_a_successor_with_another_clock_no_sooner_than_that_clock_says_and_then_at_the_pace()
 {
    for (differs, waits) in [(-5, Duration::from_mins(30)), (5, Duration::ZERO)] {
        let mut world = World::with(&["a"]);
        world.tracktik.answers(Answer::Rejection);
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(world.tracktik.attempts(), 1);
        world.kill().await;
        world.set_clock_by(Span::hours(differs));
        world.start();
        let began = monotonic();
        if waits > Duration::ZERO {
            tokio::time::sleep(waits.saturating_sub(Duration::from_secs(1))).await;
            assert_eq!(world.tracktik.attempts(), 1, "{differs} h");
        }
        tokio::time::sleep_until(began + waits + SETTLED).await;
        assert_eq!(world.tracktik.attempts(), 2, "{differs} h");
        // A second refusal is followed by two hours, by whichever clock.
        tokio::time::sleep(Duration::from_mins(119)).await;
        assert_eq!(world.tracktik.attempts(), 2, "{differs} h");
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!(world.tracktik.attempts(), 3, "{differs} h");
        world.end().await;
    }
}
