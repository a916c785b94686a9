//! The program: reads the command line and does what it asks for.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use tracktik_operator::{
    api::definition,
    run::run,
    settings::{self, NotRun, Request},
};

/// What clap, and most programs, end with when they are called wrongly.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Before anything can speak TLS: with no provider chosen rustls panics at the first connection. It fails only where
    // one has been installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let done = match settings::parse(std::env::args_os()) {
        Ok(Request::Run(settings)) => runtime()
            .map_err(|error| format!("cannot start: {error}"))
            .and_then(|runtime| {
                let done = runtime.block_on(run(*settings)).map_err(|error| error.to_string());
                // A task that does not end must not keep the process.
                runtime.shutdown_background();
                done
            }),
        Ok(Request::Crd) => definition::as_yaml()
            .map_err(|error| format!("the definition cannot be written: {error}"))
            .and_then(|yaml| print(&yaml)),
        Err(NotRun::Asked(text)) => print(&text),
        Err(NotRun::Mistake(mistake)) => {
            complain(&mistake);
            return ExitCode::from(USAGE);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// One thread: the work is waiting for answers, and what there is to compute takes a quarter of a core at the rate that an
/// API server bears (`docs/performance.md`). Of two, each waits for the other at every allocation; more cost memory as well.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to stdout: {error}"))
}

/// The reason for a failure, in one line. Where stderr is closed there is nobody to tell.
fn complain(why: &str) {
    let line = why.replace(['\n', '\r'], " ");
    let _ = writeln!(io::stderr(), "tracktik-operator: {line}");
}
