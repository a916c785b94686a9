//! Fuzzing of every parser of foreign bytes: real-looking seeds, mutated for as long as `FUZZ_SECONDS` says (20 by default),
//! against what must hold for any input. A finding prints the bytes that belong into `corpus/`.
//!
//! On the stable toolchain, by a fuzzer of our own of a few hundred lines: of what is kept well, bolero 0.13 replays a corpus
//! there but does not mutate it (its own random bytes hardly ever are JSON), and the engines that do, libFuzzer and AFL, need
//! a tool to be installed and a build of their own. Nobody has counters of coverage on stable, so a parser tells what it
//! made of an input in words, its *behaviour*; an input with a new one is mutated further.

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
mod verdict;
