//! The custom resource as its users meet it, and the facts about the API server that the operator is built on.
//!
//! One table of objects ([`table`]) is put both to the rules alone ([`local`]) and to a real API server ([`server`]).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod api_server_facts;
mod bounds;
mod cluster;
mod definition;
mod documented;
mod field_reference;
mod gitops_guide;
mod golden;
mod kubectl;
mod local;
mod rechecked;
mod round_trip;
mod served;
mod server;
mod table;
