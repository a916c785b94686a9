//! Fuzzing of every parser of foreign bytes: real-looking seeds, mutated for as long as `FUZZ_SECONDS` says (20 by default),
//! against what must hold for any input. A finding prints the bytes that belong into `corpus/`.
//!
//! On the stable toolchain, by a fuzzer of our own of a few hundred lines: of what is kept well, bolero 0.13 replays a corpus
//! there but does not mutate it, and its own random bytes hardly ever are JSON; the engines behind it that do, libFuzzer and
//! AFL, need a tool to be installed and a build of their own. So would counters of coverage. Instead a parser tells in a few
//! words what it made of an input, its *behaviour*, and an input with a new one is mutated further.
//!
//! `make test` throws the same dice each time, so that it fails for a change only; `make fuzz` throws new ones, and `FUZZ_SEED`
//! throws those of one run again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; figures are what these tests are also for; and whoever runs them has two switches"
)]

mod canary;
mod corpus;
mod engine;
mod engine_tests;
mod finding;
mod growth;
mod mutation;
mod parsers;
mod pieces;
mod plain_reading;
mod verdict;
