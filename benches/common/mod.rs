//! What the programs here share with each other, and with the tests: a namespace on a real control plane with a simulated
//! TrackTik, what is counted there, and how long to look.

#[path = "../../tests/real/figures.rs"]
#[expect(dead_code, reason = "shared with the tests")]
pub mod figures;
#[path = "../../tests/real/scene/mod.rs"]
#[expect(dead_code, reason = "shared with the tests")]
pub mod scene;

use std::time::Duration;

/// How long to look, from the command line in seconds; cargo's own `--bench` aside.
pub fn length(otherwise: Duration) -> Duration {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    seconds.map_or(otherwise, Duration::from_secs)
}
