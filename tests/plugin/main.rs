//! `kubectl tracktik` as the program that people run, by the rights of an ordinary user of a namespace, on a real
//! kube-apiserver, and where it needs one, beside the operator as the process that ships.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else; a test may look at a clock"
)]

mod check;
mod create;
mod describe;
mod from_env;
mod golden;
mod names;
mod reference;
mod rights;
mod rotate;
#[expect(
    dead_code,
    unused_imports,
    reason = "the scene of tests/real, of which this needs a part"
)]
#[path = "../real/scene/mod.rs"]
mod scene;
mod secrecy;
mod status;
mod suspension;
mod taken_domain;
mod token;
mod typist;
mod user;
mod watch;
