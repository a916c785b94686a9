//! The rounds of a run, some of them at once, and what must hold of all.

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use crate::{
    figures::{recorded_until_now, say},
    judge::judge,
    round::{Played, play},
    scene::plane,
    servers::Servers,
    tally::Tally,
    work::Work,
};

/// So many in `cargo test`.
const ROUNDS: usize = 30;

/// Most of a round is waiting, but not all of it.
const AT_ONCE: usize = 40;
const BUSY: usize = 2;

/// How often a person who waits is told.
const SAID_EVERY: usize = 10;

/// After so many the API server's record is read, of which it keeps only the latest 128 to 256 MB.
const BATCH: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_is_killed_at_its_work_recovers_by_itself_and_repeats_nothing() {
    let rounds = number("CHAOS_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    let seed = number("CHAOS_SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    say(&format!("CHAOS_SEED={seed}"));
    let servers = Servers::start().await;
    let mut tally = Tally::default();
    for first in (0..rounds).step_by(BATCH) {
        let played = play_some(&servers, seed, first, BATCH.min(rounds - first)).await;
        tally.add(judge(&played, &recorded_until_now(plane().await).await));
        tally.rounds += played.len();
        for round in played {
            tally.repeated_refresh_tokens += round.repeated_refresh_tokens;
            tally.leaks.extend(round.leaks);
        }
    }
    tally.repeated_refresh_tokens += servers.repeated_refresh_tokens().await;
    say(&tally.text());
    assert_eq!(tally.repeated_refresh_tokens, 0, "CHAOS_SEED={seed}");
    assert!(tally.foreign_writes.is_empty(), "{:#?}", tally.foreign_writes);
    assert!(tally.leaks.is_empty(), "{:#?}", tally.leaks);
    assert!(tally.violations.is_empty(), "CHAOS_SEED={seed} {:#?}", tally.violations);
    assert!(tally.in_flight() > 0, "no kill fell where it could hurt");
}

/// Plays so many rounds from this one on.
async fn play_some(servers: &Servers, seed: u64, first: usize, rounds: usize) -> Vec<Played> {
    let busy = Semaphore::new(BUSY);
    let round = |index| play(servers, seed, first + index, Work::of(index, rounds), &busy);
    let mut playing = stream::iter(0..rounds).map(round).buffer_unordered(AT_ONCE);
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
