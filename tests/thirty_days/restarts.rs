//! An operator that is killed every ten seconds, and started anew each time: a wrong password is not tried again for it, and
//! fresh tokens cost nothing.

use std::time::Duration;

use crate::{
    tracktik::{Answer, LOGIN},
    world::World,
};

/// How long each operator lives: a crash loop at its slowest, and thirty of them in five minutes.
const LIFE: Duration = Duration::from_secs(10);

/// How many operators follow the first.
const RESTARTS: usize = 30;

async fn restart_again_and_again(world: &mut World) {
    for _ in 0..RESTARTS {
        world.kill().await;
        world.start();
        tokio::time::sleep(LIFE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_by_thirty_operators_in_five_minutes() {
    let mut world = World::with(&["a"]);
    world.tracktik.answers(Answer::Rejection);
    tokio::time::sleep(LIFE).await;
    let (_, written, _) = world.api.writes();
    restart_again_and_again(&mut world).await;
    assert_eq!(world.tracktik.attempts(), 1);
    assert_eq!(world.api.writes().1, written, "each finds what the first has written");
    let said = ("False".to_owned(), "CredentialsRejected".to_owned());
    assert_eq!(world.api.condition("a", "Ready"), said);
    world.end().await;
}

/// The outcome of the first is lost, and cannot be known; that of the second is recorded.
#[tokio::test(start_paused = true)]
async fn a_kill_before_the_record_of_the_answer_costs_one_login_more() {
    let mut world = World::with(&["a"]);
    world.tracktik.answers(Answer::Rejection);
    // None of these lives to see an answer, and none but the first asks for one.
    for _ in 0..5 {
        tokio::time::sleep(LOGIN / 2).await;
        assert_eq!(world.tracktik.attempts(), 1);
        world.kill().await;
        world.start();
    }
    // The second login comes after a whole minute: in the middle of a life, then.
    tokio::time::sleep(LIFE / 2).await;
    restart_again_and_again(&mut world).await;
    assert_eq!(world.tracktik.attempts(), 2);
    let said = ("False".to_owned(), "CredentialsRejected".to_owned());
    assert_eq!(world.api.condition("a", "Ready"), said);
    world.end().await;
}

/// Half of the operators come to an orderly end, half are killed; a minute of each is enough to look at all.
#[tokio::test(start_paused = true)]
async fn twenty_restarts_of_five_hundred_fresh_credentials_cost_neither_a_login_nor_a_write() {
    let names: Vec<String> = (0..500).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::with(&names);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!((world.tracktik.attempts(), world.tracktik.granted()), (500, 500));
    let (written, asked) = (world.api.writes(), world.api.requests());
    for round in 0..20 {
        if round % 2 == 0 {
            world.end_operator().await;
        } else {
            world.kill().await;
        }
        world.start();
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(world.probes().0, "the loop turns");
    }
    assert_eq!(world.tracktik.attempts(), 500);
    assert_eq!(world.api.writes(), written);
    let read = world.api.requests() - asked;
    println!("twenty restarts of 500 credentials: {read} requests to the API server");
    world.end().await;
}
