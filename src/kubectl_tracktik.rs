//! `kubectl tracktik`: what people ask of the operator's credentials, and by their own rights only.
//!
//! A program of its own beside the operator. It shares the operator's rules (`api`, `secrets`, `oauth`, `rotation`) and
//! nothing of its work: no watch stores, no leader, no renewal is in here.

mod plugin;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything can speak TLS: with no provider chosen rustls panics at the first connection. It fails only where
    // one has been installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    plugin::run(std::env::args_os())
}
