//! The operator is killed at its work, at random points, or stands still past its lease, on real parts: a real
//! kube-apiserver, two real OAuth servers, of which one ends a session whose refresh token comes twice, and the simulator.
//! What that cost is counted by their own records.
//!
//! Thirty kills, or as many as `CHAOS_ROUNDS` says (`make chaos`); `CHAOS_SEED` repeats the dice of an earlier run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

#[path = "../real/canaries.rs"]
#[expect(dead_code, reason = "shared with the tests of promises")]
mod canaries;
#[path = "../real/encodings.rs"]
mod encodings;
#[path = "../real/figures.rs"]
#[expect(dead_code, reason = "shared with the tests of promises")]
mod figures;
#[path = "../real/leak_scan.rs"]
mod leak_scan;
#[path = "../real/scene/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of promises")]
mod scene;
#[path = "../real/traces.rs"]
#[expect(dead_code, reason = "shared with the tests of promises")]
mod traces;

mod crew;
mod dice;
mod fate;
mod judge;
mod kill_rounds;
mod landing;
mod leaks;
mod reckoning;
mod replicas;
mod round;
mod servers;
mod sight;
mod subject;
mod tally;
mod thawed;
mod work;
