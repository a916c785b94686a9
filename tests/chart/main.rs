//! The chart: what it renders and refuses to render, and what becomes of it on a real API server, where Helm installs it and the
//! operator runs as the ServiceAccount, with the arguments and exactly the rights that it renders.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

mod bench;
mod chart;
mod documented;
mod generated;
mod lifecycle;
mod linters;
mod policies;
mod release;
mod rendered;
mod rights;
mod smoke;
mod values;
