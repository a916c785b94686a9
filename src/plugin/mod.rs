//! The commands of `kubectl tracktik`.
//!
//! ```text
//! arguments ─► one file per command ─► reach (client, rights) ─► API server
//!                    │                        login_once ──────► TrackTik, when asked for
//!                    └─► table, findings, structured ─► terminal (stdout)
//! ```
//! Whoever runs it is a person or a script with the rights of its own kubeconfig. Nothing secret is printed but by `token`,
//! which is asked for nothing else. How a command ends, [`verdict`] tells scripts.

mod arguments;
mod ask;
mod check;
mod complete_words;
mod completion;
mod connect_words;
mod create;
mod describe;
mod environment;
mod file_check;
mod findings;
mod follow;
mod how_long;
mod life_story;
mod life_text;
mod login_once;
mod manifest;
mod next_step;
mod overview;
mod overview_row;
mod reach;
mod rotate;
mod rules_check;
mod schema_check;
mod source_check;
mod structured;
mod suspension;
mod table;
mod taken_domain;
mod target_check;
mod terminal;
mod token;
mod token_facts;
mod verdict;

use std::{ffi::OsString, process::ExitCode};

use arguments::{Command, Plugin};
use reach::Reach;
use terminal::Terminal;
use verdict::{Failed, Verdict};

/// Does what the arguments ask for, and tells how that ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let terminal = Terminal::of_this_process();
    let done = arguments::read(arguments).and_then(|asked| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failed::Undone(format!("cannot start: {error}")))?
            .block_on(obey(asked, &terminal))
    });
    let end = match done {
        Ok(verdict) => verdict.code(),
        Err(failed) => {
            // Help and the version were asked for; all else is a complaint.
            if let Failed::Asked(text) = &failed {
                let _ = terminal.print(text);
            } else if let Some(why) = failed.told() {
                terminal.complain(why);
            }
            failed.code()
        }
    };
    ExitCode::from(end)
}

async fn obey(asked: Plugin, terminal: &Terminal) -> Result<Verdict, Failed> {
    let reach = Reach::new(asked.cluster);
    match asked.command {
        Command::Status(flags) => overview::run(&reach, &flags, terminal).await,
        Command::Describe(flags) => describe::run(&reach, &flags, terminal).await,
        Command::Check(flags) => check::run(&reach, &flags, terminal).await,
        Command::Rotate(flags) => rotate::run(&reach, &flags, terminal).await,
        Command::Suspend(flags) => suspension::run(&reach, &flags, true, terminal).await,
        Command::Resume(flags) => suspension::run(&reach, &flags, false, terminal).await,
        Command::Create(flags) => create::run(&reach, &flags, terminal).await,
        Command::Token(flags) => token::run(&reach, &flags, terminal).await,
        Command::Completion(flags) => completion::run(&flags, terminal),
        Command::Version(flags) => completion::version(&flags, terminal),
        Command::Complete(typed) => complete_words::run(&typed, terminal).await,
    }
}
