//! The rounds of a run, some of them at once, and what must hold of all.

use std::iter::repeat_n;

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use crate::{
    crew::Blow,
    dice::Dice,
    fate::Played,
    figures::{recorded_until_now, say},
    judge::Judge,
    round::play,
    scene::plane,
    servers::Servers,
    tally::Tally,
    work::Work,
};

/// So many with a kill in `cargo test`.
const ROUNDS: usize = 30;

/// From so many on there is time to wait until an operator has grown old.
const MANY: usize = 100;

/// Most of a round is waiting, but not all of it.
const AT_ONCE: usize = 40;
const BUSY: usize = 2;

/// How often a person who waits is told.
const SAID_EVERY: usize = 10;

/// After so many the API server's record is read, of which it keeps only the latest 128 to 256 MB.
const BATCH: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_is_killed_at_its_work_recovers_by_itself_and_repeats_nothing() {
    let kills = number("CHAOS_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    let seed = number("CHAOS_SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    say(&format!("CHAOS_SEED={seed}"));
    let servers = Servers::start().await;
    let mut judge = Judge::default();
    let mut tally = Tally::default();
    for first in (0..kills).step_by(BATCH) {
        let plan = plan(BATCH.min(kills - first));
        let played = play_all(&servers, seed, tally.rounds, plan).await;
        tally.add(judge.judge(&played, &recorded_until_now(plane().await).await));
        tally.rounds += played.len();
        for round in played {
            tally.repeated_to_simulators += round.repeated_refresh_tokens;
            tally.leaks.extend(round.leaks);
        }
        tally.repeated_to_servers = servers.repeated_refresh_tokens().await;
        say(&tally.text());
    }
    assert_eq!(tally.repeated(), 0, "CHAOS_SEED={seed}");
    assert!(tally.foreign_writes.is_empty(), "{:#?}", tally.foreign_writes);
    assert!(tally.leaks.is_empty(), "{:#?}", tally.leaks);
    assert!(tally.violations.is_empty(), "CHAOS_SEED={seed} {:#?}", tally.violations);
    assert!(tally.in_flight() > 0, "no kill fell where it could hurt");
}

/// Which rounds are played together for so many kills. What takes longest comes first.
fn plan(kills: usize) -> Vec<(Work, Blow)> {
    let tenth = kills.div_ceil(10);
    let slow = if kills < MANY { Work::Due } else { Work::DueLater };
    let parts = [
        (slow, Blow::Kill),
        (Work::Due, Blow::Kill),
        (Work::Asked, Blow::FreezeLeader),
        (Work::Asked, Blow::KillLeader),
        (Work::First, Blow::Kill),
    ];
    let mut plan: Vec<_> = parts.into_iter().flat_map(|part| repeat_n(part, tenth)).collect();
    // No freeze is a kill.
    plan.resize((kills + tenth).max(plan.len()), (Work::Asked, Blow::Kill));
    plan
}

/// Plays the rounds of a plan, which are numbered from this one on.
async fn play_all(servers: &Servers, seed: u64, first: usize, plan: Vec<(Work, Blow)>) -> Vec<Played> {
    let busy = Semaphore::new(BUSY);
    let round = |(index, kind)| {
        let number = first + index;
        play(servers, Dice::of_round(seed, number), number, kind, &busy)
    };
    let mut playing = stream::iter(plan.into_iter().enumerate())
        .map(round)
        .buffer_unordered(AT_ONCE);
    let mut played = Vec::new();
    while let Some(round) = playing.next().await {
        played.push(round);
        if played.len() % SAID_EVERY == 0 {
            say(&format!("{} rounds have ended", first + played.len()));
        }
    }
    played
}

/// A number from the environment, which is how `make` hands one over.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
