//! The simulator of TrackTik, tried in virtual time and over real TLS.

#![expect(clippy::expect_used, reason = "in a test a panic is the report")]

mod ban;
mod client;
mod faults_in_words;
mod faults_on_the_wire;
mod grants;
mod program;
mod tls;
