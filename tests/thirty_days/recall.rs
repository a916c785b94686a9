//! What the records tell of earlier requests, where they cannot all be read at the start: no limit is passed for it.

use std::time::Duration;

use testbed::simulator::Account;
use tracktik_operator::clock::monotonic;

use crate::{
    api_server::Lists,
    tracktik::{Answer, TrackTik},
    world::World,
};

/// An operator that watches for itself, and so many credentials, each of an account and a host of its own.
fn world_of(credentials: usize, answer: Answer) -> World {
    let world: World<TrackTik> = World::watched("Password", &[]);
    world.tracktik.answers(answer);
    for number in 0..credentials {
        add(&world, &format!("c{number}"));
    }
    world
}

/// A credential of an account and a host of its own.
fn add(world: &World, name: &str) {
    world
        .api
        .add_credential_of(name, "Password", &format!("{name}.staffr.net"));
}

/// The loop turns by itself at least this often, and sees that a list was refused.
const TURN: Duration = Duration::from_secs(6);

/// Four operators within two minutes, of which each could send nine wrong passwords if it knew of none before.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_refused_at_first_does_not_hide_what_others_have_sent() {
    let mut world = world_of(60, Answer::Rejection);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.tracktik.attempts(), 9);
    for _ in 0..3 {
        world.api.lists_are("", Lists::Refused);
        world.kill().await;
        world.start();
        tokio::time::sleep(TURN).await;
        world.api.lists_are("", Lists::Answered);
        // The pace of a list that is refused.
        tokio::time::sleep(Duration::from_secs(24)).await;
    }
    assert_eq!(world.tracktik.attempts(), 9, "in less than two minutes");
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(world.tracktik.attempts() > 9, "it goes on");
    world.end().await;
}

/// Twenty wrong passwords in one of two namespaces, where the other cannot be listed.
fn beside_a_namespace(that_is: Lists) -> World {
    let world = World::watching(&["open", "shut"]);
    world.api.lists_are("shut", that_is);
    world.tracktik.answers(Answer::Rejection);
    for number in 0..20 {
        let (name, host) = (format!("open/c{number}"), format!("c{number}.staffr.net"));
        world.api.add_credential_of(&name, "Password", &host);
    }
    world
}

/// Nobody begins before the patience is over, of which a refusal needs none; then there are three places, until what may
/// be recorded there is over.
#[tokio::test(start_paused = true)]
async fn beside_a_namespace_that_cannot_be_listed_three_places_are_left_for_two_hundred_seconds() {
    for (lists, patience) in [(Lists::Refused, 0), (Lists::Unanswered, 30)] {
        let world = beside_a_namespace(lists);
        let began = monotonic();
        let at = |seconds: u64| tokio::time::sleep_until(began + Duration::from_secs(seconds));
        if patience > 0 {
            at(patience - 1).await;
            assert_eq!(world.tracktik.attempts(), 0, "{lists:?}");
        }
        // Each holds its place for 160 s. After 200 s unproven ones have half of all places: the nine, less those three of the
        // second time.
        for (seconds, attempts) in [(6, 3), (160, 3), (170, 6), (199, 6), (210, 12)] {
            at(patience + seconds).await;
            assert_eq!(world.tracktik.attempts(), attempts, "{lists:?}, {seconds} s");
        }
        world.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_long_ago_take_no_place_from_those_that_come_after_a_restart() {
    let mut world = world_of(40, Answer::Rejection);
    // The last of them, before the step of a day, came after eight hours and a half.
    tokio::time::sleep(Duration::from_hours(20)).await;
    assert!(world.tracktik.attempts() >= 120);
    world.tracktik.answers(Answer::Token);
    world.kill().await;
    world.start();
    add(&world, "new");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.tracktik.granted_to("new").len(), 1);
    world.end().await;
}

/// What its record tells cannot be known as long as its source cannot be read.
#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_read_for_a_moment_lets_nobody_send_what_may_have_been_refused() {
    let mut world = world_of(0, Answer::Rejection);
    world.api.add_credential("first", "Password");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.tracktik.attempts(), 1);
    world.kill().await;
    world.api.hide_from_reads(Some("first"));
    world.start();
    let same = Account {
        client_id: "id".to_owned(),
        client_secret: "s".to_owned(),
        username: "user-first".to_owned(),
        password: "p".to_owned(),
    };
    world.api.write_source("second", &same);
    world.api.add_credential_alone("second", "Password", "acme.staffr.net");
    // A read is given up after fifteen seconds.
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(world.tracktik.attempts(), 1, "it waits");
    world.api.hide_from_reads(None);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.tracktik.attempts(), 1, "it is told");
    let said = ("False".to_owned(), "CredentialsRejected".to_owned());
    assert_eq!(world.api.condition("second", "Ready"), said);
    world.end().await;
}
