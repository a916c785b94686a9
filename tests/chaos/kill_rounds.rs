//! The rounds of a run, some of them at once, and what must hold of all.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, channel::mpsc::unbounded, future::join, stream};
use testbed::audit_log::AuditEvent;
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

use crate::{
    crew::Blow,
    dice::Dice,
    figures::{all_is_recorded, say},
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
const AT_ONCE: usize = 60;
const BUSY: usize = 2;

/// What a round takes of two processors that have something else to do as well, and what the last of them are waited for:
/// measured, to tell what to expect.
const ROUND: Duration = Duration::from_millis(2_900);
const LAST: Duration = Duration::from_secs(110);

/// How often a person who waits is told.
const SAID_EVERY: usize = 10;

/// After so many the API server's record is read, of which it keeps only the latest 128 to 256 MB.
const BATCH: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_is_killed_at_its_work_recovers_by_itself_and_repeats_nothing() {
    let kills = number("CHAOS_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    let seed = number("CHAOS_SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    let plan = plan(kills);
    let expected = ROUND * u32::try_from(plan.len()).unwrap() + LAST;
    say(&format!(
        "CHAOS_SEED={seed}, {} rounds, {} minutes or less on two processors",
        plan.len(),
        expected.as_secs().div_ceil(60)
    ));
    let began = Instant::now();
    let servers = Servers::start().await;
    let busy = Semaphore::new(BUSY);
    let rounds = stream::iter(plan.into_iter().enumerate()).map(|(number, kind)| {
        let playing = play(&servers, Dice::of_round(seed, number), number, kind, &busy);
        // What a round cannot do without ends that round alone, and the figures are of all.
        let playing = AssertUnwindSafe(playing).catch_unwind();
        playing.map(move |played| played.map_err(|_| format!("round {number}, {kind:?}, was not played to its end")))
    });
    let (ended, to_judge) = unbounded();
    let playing = rounds
        .buffer_unordered(AT_ONCE)
        .enumerate()
        .for_each(async |(before, round)| {
            ended.unbounded_send(round).unwrap();
            if (before + 1) % SAID_EVERY == 0 {
                say(&format!(
                    "{} rounds have ended after {} s",
                    before + 1,
                    began.elapsed().as_secs()
                ));
            }
        });
    let playing = playing.inspect(|()| ended.close_channel());
    let mut tally = Tally::default();
    let judging = async {
        let mut judge = Judge::default();
        let mut to_judge = to_judge.chunks(BATCH);
        while let Some(ended) = to_judge.next().await {
            let (mut played, mut broken_off) = (Vec::new(), Vec::new());
            for round in ended {
                match round {
                    Ok(round) => played.push(round),
                    Err(why) => broken_off.push(why),
                }
            }
            tally.add(judge.judge(&played, &recorded().await));
            tally.violations.extend(broken_off);
            tally.play(played);
            tally.repeated_to_servers = servers.repeated_refresh_tokens().await;
            say(&format!("after {} s: {}", began.elapsed().as_secs(), tally.text()));
        }
    };
    join(playing, judging).await;
    assert_eq!(tally.repeated(), 0, "CHAOS_SEED={seed}");
    assert!(tally.foreign_writes.is_empty(), "{:#?}", tally.foreign_writes);
    assert!(tally.leaks.is_empty(), "{:#?}", tally.leaks);
    assert!(tally.violations.is_empty(), "CHAOS_SEED={seed} {:#?}", tally.violations);
    assert!(tally.in_flight() > 0, "no kill fell where it could hurt");
}

/// Which rounds are played for so many kills, in which order.
fn plan(kills: usize) -> Vec<(Work, Blow)> {
    let tenth = kills.div_ceil(10);
    let slow = if kills < MANY { Work::Due } else { Work::DueLater };
    // No freeze is a kill.
    let others = (0..tenth * 10).map(|number| match number % 10 {
        0 => (Work::Due, Blow::Kill),
        1 => (Work::Asked, Blow::FreezeLeader),
        2 => (Work::Asked, Blow::KillLeader),
        3 => (Work::First, Blow::Kill),
        _ => (Work::Asked, Blow::Kill),
    });
    let mut plan: Vec<_> = others.collect();
    // The longest are through before the end, and not all at once.
    for slow_one in 0..tenth {
        plan.insert(slow_one * 6, (slow, Blow::Kill));
    }
    plan
}

/// The API server's record until now. It takes a while, in which the rounds go on.
async fn recorded() -> Vec<AuditEvent> {
    let runtime = Handle::current();
    let read = move || {
        runtime.block_on(async {
            let plane = plane().await;
            all_is_recorded(plane).await;
            plane.audit_events().unwrap()
        })
    };
    spawn_blocking(read).await.unwrap()
}

/// A number from the environment, which is how `make` hands one over.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
