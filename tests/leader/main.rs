//! Of several candidates exactly one leads: on a real kube-apiserver, under exactly the rights that ship.
//!
//! One control plane for all tests of this program, and a namespace for each. Candidates within the test have the times
//! that ship, divided by five; operators as processes (`replicas`) have them as they are.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

#[path = "../real/canaries.rs"]
#[expect(dead_code, reason = "shared with the tests of what the operator promises")]
mod canaries;
mod candidate;
#[path = "../real/encodings.rs"]
mod encodings;
#[path = "../real/figures.rs"]
#[expect(dead_code, reason = "shared with the tests of what the operator promises")]
mod figures;
mod followers;
mod hand_over;
mod handed_on;
mod handshake;
#[path = "../real/leak_scan.rs"]
mod leak_scan;
#[path = "../real/left_behind.rs"]
mod left_behind;
mod lookout;
mod outage;
mod paused;
mod quiet;
mod records;
mod replicas;
#[path = "../real/scene/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of what the operator promises")]
mod scene;
#[path = "../real/secrets.rs"]
#[expect(dead_code, reason = "shared with the tests of what the operator promises")]
mod secrets;
mod stage;
#[path = "../real/traces.rs"]
mod traces;
