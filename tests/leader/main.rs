//! Of several candidates exactly one leads: on a real kube-apiserver, under exactly the rights that ship.
//!
//! One control plane for all tests of this program, and a namespace for each. The times are those that ship, divided by
//! five.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

mod candidate;
mod hand_over;
mod lookout;
mod outage;
mod quiet;
mod records;
mod stage;
