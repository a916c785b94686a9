//! The book of `docs/`: that it is whole and its links lead somewhere, and that the programs it shows do what it says of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod built;
mod links;
mod mounted_secret;
mod pages;
mod reader_api;
mod readers;
mod running;
mod scenes;
mod shell;
