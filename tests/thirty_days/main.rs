//! Rotation on a paused clock, over weeks or to the millisecond: the real loop, decisions and writes, against a small API
//! server and a token endpoint that live in this process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod alerts;
mod announcements;
mod api_server;
mod clock_jumps;
mod crowd;
mod eyes;
mod held;
mod lagging;
mod leaks;
mod log;
mod other_clocks;
mod outage;
mod overwritten;
mod recall;
mod renames;
mod repairs;
mod restarts;
mod shutdown;
mod soak;
mod tracktik;
mod unreadable_sources;
mod weeks;
mod world;
mod write_ahead;
