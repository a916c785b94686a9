//! What the operator promises, shown on a real kube-apiserver by the operator as the process that ships, under its own
//! ServiceAccount and exactly the RBAC that ships.
//!
//! One control plane for all tests of this binary; a namespace, a TrackTik and an operator for each.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

mod admission;
mod api_answers;
mod api_proxy;
mod api_trouble;
mod bad_answer_rows;
mod bad_answers;
mod bad_sources;
mod bad_targets;
mod beyond_time;
mod canaries;
mod closed_port;
mod conflicts;
mod copies;
mod created_again;
mod crowd;
mod drift;
mod echo_server;
mod echoes;
mod encodings;
mod events;
mod few_rights;
mod figures;
mod first_token;
mod foreign_answers;
mod gitops;
mod gitops_words;
mod hanging_host;
mod held;
mod large_metadata;
mod layouts;
mod leak_scan;
mod leaving_namespace;
mod left_behind;
mod lists;
mod log_lines;
mod lost_answers;
mod lost_logins;
mod lost_writes;
mod many;
mod missing_credential_rights;
mod missing_rights;
mod network;
mod no_right_to_write;
mod observed;
mod older_definition;
mod one_account;
mod outage;
mod panics;
mod process;
mod real_servers;
mod real_sessions;
mod refresh_backups;
mod refresh_changes;
mod refresh_crashes;
mod refresh_failures;
mod refresh_marks;
mod refreshing;
mod rejected;
mod remembered;
mod restarts;
mod rotated_identity;
mod rotation;
mod scene;
mod secrecy;
mod secrecy_of_refreshes;
mod secrecy_of_refusals;
mod secrets;
mod server_proxy;
mod server_stage;
mod side_by_side;
mod silence;
mod tar_pit;
mod told_by_status;
mod traces;
mod upstream;
mod watches;
mod wrong_certificate;
