//! What an operator costs that has nothing to do: ten minutes over a hundred fresh credentials, and a restart.
//!
//! `cargo bench --bench idle`, or `cargo bench --bench idle -- 60` for another number of seconds. It fails where anything
//! was written or TrackTik was asked for anything.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for the developers of the operator, which prints its figures and may look at a clock"
)]

mod common;
#[path = "../tests/real/crowd.rs"]
mod crowd;

use std::{process::ExitCode, time::Duration};

use testbed::operator::Operator;

use crate::{
    common::{figures, length, scene, scene::Scene},
    crowd::HUNDRED,
};

/// What the operator has done so far, and what it has cost.
struct Figures {
    writes: usize,
    watches: usize,
    other_requests: usize,
    token_requests: u64,
    cpu: Duration,
}

impl Figures {
    fn of(scene: &Scene, operator: Option<&Operator>) -> Self {
        let asked = scene.asked_by_operator();
        let watches = asked.iter().filter(|event| event.verb == "watch").count();
        Self {
            writes: scene.written_by_operator().len(),
            watches,
            other_requests: asked.len() - watches,
            token_requests: scene.simulator.counts().token_requests,
            cpu: operator.map(cpu).unwrap_or_default(),
        }
    }

    /// Prints what has happened since `before`; answers whether nothing was written and nobody logged in.
    fn print_since(&self, before: &Self, what: &str) -> bool {
        let (writes, tokens) = (self.writes - before.writes, self.token_requests - before.token_requests);
        let (watches, others) = (
            self.watches - before.watches,
            self.other_requests - before.other_requests,
        );
        let cpu = self.cpu.saturating_sub(before.cpu).as_millis();
        println!(
            "{what}: writes={writes} token_requests={tokens} watches={watches} other_requests={others} cpu_ms={cpu}"
        );
        writes == 0 && tokens == 0
    }
}

/// User and system time of the process, in steps of 10 ms as Linux counts them.
fn cpu(operator: &Operator) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", operator.pid())).unwrap_or_default();
    // The name in parentheses may hold anything; the two times are the 12th and 13th field behind it.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory in MiB.
fn memory(operator: &Operator) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", operator.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

#[tokio::main]
async fn main() -> ExitCode {
    let length = length(Duration::from_mins(10));
    let scene = Scene::new("idle").await;
    println!("issuing {HUNDRED} tokens");
    scene.hundred_fresh().await;
    let operator = scene.settled(HUNDRED).await;
    let before = Figures::of(&scene, Some(&operator));
    println!("looking for {} s", length.as_secs());
    tokio::time::sleep(length).await;
    let after = Figures::of(&scene, Some(&operator));
    let idle = after.print_since(&before, &format!("idle for {} s", length.as_secs()));
    println!("resident memory: {:.1} MiB", memory(&operator));

    operator.terminate().await.expect("it can be ended");
    let again = scene.settled(HUNDRED).await;
    let restarted = Figures::of(&scene, None).print_since(
        &Figures {
            cpu: Duration::ZERO,
            ..after
        },
        "restarted",
    );
    again.terminate().await.expect("it can be ended");
    if idle && restarted {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
