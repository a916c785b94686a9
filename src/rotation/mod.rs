//! When and how to renew: pure functions of what was observed and of the time that is handed in.
//!
//! No Kubernetes client, HTTP, clock, randomness or async may enter; a test holds that.
//!
//! - [`observation`]: everything that a decision may depend on.
//! - [`decide`]: the next step.
//! - [`schedule`]: when a token renews; [`backoff`]: how long to wait after a failure.
//! - [`failure_record`]: the memory of token requests that outlives a restart.
//! - [`readiness`]: what status says of all that.

pub mod backoff;
pub mod decide;
pub mod failure_record;
pub mod observation;
pub mod readiness;
pub mod schedule;

pub use decide::{Because, Decision, Step, decide};
pub use observation::Observation;
