//! What the operator promises, shown on a real kube-apiserver by the operator as the process that ships, under its own
//! ServiceAccount and exactly the RBAC that ships.
//!
//! One control plane for all tests of this binary; a namespace, a TrackTik and an operator for each.

mod admission;
mod bad_answers;
mod bad_sources;
mod bad_targets;
mod closed_port;
mod conflicts;
mod created_again;
mod drift;
mod figures;
mod first_token;
mod many;
mod missing_rights;
mod network;
mod outage;
mod process;
mod rejected;
mod restarts;
mod rotation;
mod scene;
