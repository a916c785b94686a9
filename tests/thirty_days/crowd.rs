//! Many new credentials at once, of which most wait for their turn: who is told of that, when, and how much is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::future::BoxFuture;
use tracktik_operator::{
    clock::{Clock, Instant, monotonic},
    oauth::{ErrorCode, GrantRequest, TokenEndpoint, TokenRequestFailure},
    secrets::sensitive::Tokens,
};

use crate::{
    api_server::{Entry, What},
    tracktik::{LOGIN, TrackTik},
    world::World,
};

/// So slow that a few hundred are a crowd: nine at a time, which is what new credentials may have, are six a second.
const SLOWER_BY: Duration = Duration::from_millis(1_300);

/// As many as new credentials may ask at the same time, so that each is known to answer after the first seconds.
const HOSTS: usize = 9;

/// For so long whoever only waits for its turn is silent, at least and at most; and the second in which it says so.
const PATIENT: (Duration, Duration) = (Duration::from_mins(2), Duration::from_secs(152));

/// Who has this username sends a wrong password.
const WRONG: &str = "user-a-wrong";

struct SlowTrackTik(TrackTik);

impl TokenEndpoint for SlowTrackTik {
    fn request_token<'a>(
        &'a self,
        domain: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        let is_wrong = matches!(&grant, GrantRequest::Password(account) if account.username.expose() == WRONG);
        let answer = self.0.request_token(domain, grant);
        Box::pin(async move {
            tokio::time::sleep(SLOWER_BY).await;
            if is_wrong {
                tokio::time::sleep(LOGIN).await;
                return Err(TokenRequestFailure::LoginRefused {
                    status: 401,
                    code: ErrorCode::InvalidCredentials,
                    retry_after: None,
                });
            }
            answer.await
        })
    }
}

fn world() -> World<SlowTrackTik> {
    World::around(|clock: Clock| SlowTrackTik(TrackTik::new(clock)), None, |_, _| ())
}

fn add(world: &World<SlowTrackTik>, name: &str, host: usize) {
    let domain = format!("h{host}.staffr.net");
    world.api.add_credential_of(name, "Password", &domain);
}

/// So many at once, and when that was.
fn crowd(world: &World<SlowTrackTik>, of: usize) -> Instant {
    for number in 0..of {
        add(world, &format!("c{number:04}"), number % HOSTS);
    }
    monotonic()
}

/// What was written for each of the crowd.
fn written(world: &World<SlowTrackTik>) -> BTreeMap<String, Vec<Entry>> {
    let mut written: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in world.api.take_diary() {
        if entry.credential.starts_with("team/c") {
            written.entry(entry.credential.clone()).or_default().push(entry);
        }
    }
    written
}

/// Whether it is the announcement of a request, the token, and the status that tells of it: a first token without a word more.
fn is_a_first_token_alone(entries: &[Entry]) -> bool {
    let what: Vec<&What> = entries.iter().map(|entry| &entry.what).collect();
    let announced = |entries: &[Entry]| entries[1].at - entries[0].at <= SLOWER_BY + LOGIN + Duration::from_secs(1);
    matches!(what.as_slice(), [What::Said, What::Stored { .. }, What::Said]) && announced(entries)
}

#[tokio::test(start_paused = true)]
async fn beside_a_wrong_password_a_crowd_is_silent_until_each_has_its_token_or_has_waited_for_two_minutes() {
    let world = world();
    // Before all others: from its refusal on, a place is held for 160 s.
    add(&world, "a-wrong", 0);
    let began = crowd(&world, 1_200);
    tokio::time::sleep(PATIENT.1).await;
    let mut by_now = written(&world);
    assert_eq!(
        by_now.len(),
        1_200,
        "nobody is without a word after two minutes and a half"
    );
    tokio::time::sleep(Duration::from_mins(5)).await;
    for (name, entries) in written(&world) {
        by_now.entry(name).or_default().extend(entries);
    }
    let (mut served, mut told) = (0, BTreeMap::<u64, usize>::new());
    for (name, entries) in &by_now {
        if is_a_first_token_alone(entries) {
            served += 1;
            continue;
        }
        let first = entries[0].at - began;
        assert!(
            first > PATIENT.0 && first <= PATIENT.1,
            "{name} is told after {first:?}: {entries:?}"
        );
        // And only then once more: of the wait, the request, and the token.
        assert_eq!(entries.len(), 4, "{name}: {entries:?}");
        *told.entry(first.as_secs()).or_default() += 1;
    }
    println!("measured: {served} without a word of their wait; told in each second: {told:?}");
    assert!(served > 500, "{served}");
    let (all, most) = (told.values().sum::<usize>(), told.values().max());
    assert!(all > 200 && most < Some(&(all / 8)), "{told:?}");
    world.end().await;
}

/// They are an hour old by then, and nobody has passed over them.
#[tokio::test(start_paused = true)]
async fn a_crowd_that_came_while_no_operator_ran_is_silent_as_well() {
    let mut world = world();
    add(&world, "a-wrong", 0);
    crowd(&world, 20);
    tokio::time::sleep(Duration::from_mins(1)).await;
    world.kill().await;
    written(&world);
    for number in 0..300 {
        add(&world, &format!("calm-{number:04}"), number % HOSTS);
    }
    tokio::time::sleep(Duration::from_hours(1)).await;
    world.start();
    tokio::time::sleep(Duration::from_mins(4)).await;
    let of_the_crowd: Vec<_> = written(&world)
        .into_iter()
        .filter(|(name, _)| name.contains("calm"))
        .collect();
    assert_eq!(of_the_crowd.len(), 300);
    for (name, entries) in of_the_crowd {
        assert!(is_a_first_token_alone(&entries), "{name}: {entries:?}");
    }
    world.end().await;
}

/// The first process after that ends in the midst of it: to the next, all others were passed over, and yet they do not speak
/// in one second.
#[tokio::test(start_paused = true)]
async fn who_was_passed_over_does_not_speak_with_all_the_others() {
    let mut world = world();
    crowd(&world, 600);
    world.kill().await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    world.start();
    tokio::time::sleep(Duration::from_secs(20)).await;
    world.kill().await;
    let heard_of: BTreeSet<String> = written(&world).into_keys().collect();
    assert!(!heard_of.is_empty() && heard_of.len() < 400, "{}", heard_of.len());
    world.start();
    let started = monotonic();
    tokio::time::sleep(Duration::from_secs(40)).await;
    let mut told = BTreeMap::<u64, usize>::new();
    for (name, entries) in written(&world) {
        if !heard_of.contains(&name) && !is_a_first_token_alone(&entries) {
            *told.entry((entries[0].at - started).as_secs()).or_default() += 1;
        }
    }
    let (all, most) = (told.values().sum::<usize>(), told.values().max());
    println!("measured: of those passed over, told in each second: {told:?}");
    assert!(all > 100 && most < Some(&(all / 8)), "{told:?}");
    world.end().await;
}

/// No process lives for as long as a credential is patient.
#[tokio::test(start_paused = true)]
async fn in_a_crash_loop_nobody_is_left_without_a_word() {
    let mut world = world();
    crowd(&world, 900);
    let mut heard_of = BTreeSet::new();
    let mut after = Vec::new();
    let mut first_words_of_the_last = None;
    for _ in 0..8 {
        let started = monotonic();
        tokio::time::sleep(Duration::from_secs(50)).await;
        world.kill().await;
        let written = written(&world);
        if let Some(entries) = written.get("team/c0899") {
            let after = entries[0].at - started;
            first_words_of_the_last.get_or_insert((entries.len(), world.api.condition("c0899", "Ready"), after));
        }
        heard_of.extend(written.into_keys());
        after.push(heard_of.len());
        world.start();
    }
    println!("measured: of 900, told by the end of each process: {after:?}");
    assert!(after[0] < 400, "most wait: {after:?}");
    assert_eq!(after[7], 900, "{after:?}");
    let waits = ("False".to_owned(), "Waiting".to_owned());
    let (words, says, after) = first_words_of_the_last.unwrap();
    assert_eq!((words, says), (1, waits));
    // Two of its two and a half minutes are over when a process begins.
    assert!(after <= Duration::from_secs(32), "{after:?}");
    world.end().await;
}
