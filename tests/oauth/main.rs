//! The token endpoint as a stranger sees it: what is sent, what each answer means, and that nothing of it leaks.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod connections;
mod domains;
mod failures;
mod leaks;
mod pauses;
mod server;
mod tokens;
mod trust;
mod unsent;
