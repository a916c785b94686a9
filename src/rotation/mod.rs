//! When and how to renew: pure functions of what was observed and of the time that is handed in.
//!
//! No Kubernetes client, HTTP, clock, randomness or async may enter; a test holds that.
//!
//! - [`observation`]: everything that a decision may depend on.
//! - [`decide`]: the next step; [`step`]: its words.
//! - [`cause`]: why a token is wanted before its schedule asks for one, and how often that may be.
//! - [`schedule`]: when a token renews; [`backoff`]: how long to wait after a failure.
//! - [`failure_record`]: the memory of token requests that outlives a restart; [`failure_wait`]: until when it asks to wait.
//! - [`recollection`]: what one process knows of its token requests; [`merging`]: what becomes of that where somebody else
//!   writes into status.
//! - [`gate`]: which credentials may request a token at the same time, and in what order.
//! - [`next_request`]: when the next token is requested, for status.
//! - [`obstacle`]: what stands in the way, in the words of status; [`readiness`]: what status says of all that;
//!   [`patience`]: and from when on of a wait.

pub mod anchor;
pub mod attempt;
pub mod backoff;
pub mod cause;
pub mod decide;
pub mod failure_record;
pub mod failure_wait;
pub mod fingerprint;
pub mod gate;
pub mod merging;
pub mod next_request;
pub mod observation;
pub mod obstacle;
pub mod patience;
pub mod readiness;
pub mod recollection;
pub mod schedule;
pub mod session;
pub mod standing;
pub mod step;

pub use decide::decide;
pub use next_request::next_request;
pub use observation::Observation;
pub use step::{Because, Decision, Step};
