//! The command line of `kubectl tracktik`. What each command takes stands in the file of that command.

use std::ffi::OsString;

use clap::{
    CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    check::CheckFlags,
    complete_words::WordsToComplete,
    completion::{CompletionFlags, VersionFlags},
    create::CreateFlags,
    describe::DescribeFlags,
    overview::StatusFlags,
    reach::ClusterFlags,
    rotate::RotateFlags,
    suspension::NamedFlags,
    token::TokenFlags,
    verdict::{EXIT_CODES, Failed},
};

/// All that can be asked for.
#[derive(Parser)]
#[command(
    name = "kubectl-tracktik",
    bin_name = "kubectl tracktik",
    version,
    about = "Looks after TrackTikCredentials: what they are doing, why, and what comes next.",
    after_help = EXIT_CODES,
    disable_help_subcommand = true
)]
pub struct Plugin {
    /// Where to look.
    #[command(flatten)]
    pub cluster: ClusterFlags,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// List credentials: whether each is ready and why, when its token expires and is renewed, what failed last
    Status(StatusFlags),
    /// Tell the life of one credential: its sources, its token, what happens next, its events
    Describe(DescribeFlags),
    /// Check a credential before or after it is applied: its fields, its source Secrets, its domain; with --login also
    /// the account itself
    Check(CheckFlags),
    /// Ask for new tokens now
    Rotate(RotateFlags),
    /// Request no tokens for these credentials until they are resumed
    Suspend(NamedFlags),
    /// Go on requesting tokens for these credentials
    Resume(NamedFlags),
    /// Create a credential, and the Secret with its service account
    Create(CreateFlags),
    /// Print the access token of a credential, and nothing else
    Token(TokenFlags),
    /// Print a script that completes commands, flags and names
    Completion(CompletionFlags),
    /// Print the version
    Version(VersionFlags),
    /// What kubectl asks for while somebody types
    #[command(name = "__complete", hide = true)]
    Complete(WordsToComplete),
}

/// The command line as clap knows it.
pub fn definition() -> clap::Command {
    Plugin::command()
}

/// What these arguments ask for.
///
/// # Errors
/// Help was asked for, or something is wrong.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Plugin, Failed> {
    Plugin::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Failed::Asked(error.render().to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Failed::Usage(format!("which command?\n\n{}", error.render().to_string().trim_end()))
        }
        ErrorKind::InvalidSubcommand => Failed::Usage(format!("no such command: the commands are {}", commands())),
        _ => Failed::Usage(mistake(&error)),
    })
}

/// Those that are for people.
fn commands() -> String {
    let line = definition();
    let shown = line.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(clap::Command::get_name).collect::<Vec<_>>().join(", ")
}

/// clap's words, without what it quotes of a stray argument: that may be a password, which somebody thought would go there.
fn mistake(error: &clap::Error) -> String {
    let mut text = error.render().to_string();
    for (kind, given) in error.context() {
        let quoted = matches!(kind, ContextKind::InvalidArg | ContextKind::InvalidValue);
        if let ContextValue::String(given) = given
            && quoted
            && !given.starts_with(['-', '<'])
            && !given.is_empty()
        {
            text = text.replace(given.as_str(), "<removed>");
        }
    }
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}
