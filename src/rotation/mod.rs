//! When and how to renew: pure functions of what was observed and of the time that is handed in.
//!
//! No Kubernetes client, HTTP, clock, randomness or async may enter; a test holds that.

pub mod backoff;
