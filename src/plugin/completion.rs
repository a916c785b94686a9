//! `completion` and `version`.

use clap::{Args, ValueEnum};
use clap_complete::{Shell, generate};
use serde_json::json;

use super::{
    arguments::definition,
    structured::{self, Format},
    terminal::Terminal,
    verdict::{Failed, Verdict},
};

/// kubectl looks for a program of this name on the PATH, and asks it with what has been typed behind `kubectl tracktik`.
const FOR_KUBECTL: &str = "#!/bin/sh
# Save this as kubectl_complete-tracktik on your PATH and make it executable.
exec kubectl-tracktik __complete -- \"$@\"
";

/// Who is to complete.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Completer {
    /// `kubectl tracktik …` in every shell that kubectl itself completes in
    Kubectl,
    /// `kubectl-tracktik …` in bash
    Bash,
    /// `kubectl-tracktik …` in zsh
    Zsh,
    /// `kubectl-tracktik …` in fish
    Fish,
}

/// For whom.
#[derive(Args, Debug)]
pub struct CompletionFlags {
    /// Who is to complete
    #[arg(value_enum, value_name = "FOR")]
    completer: Completer,
}

/// Prints the script.
pub fn run(flags: &CompletionFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let shell = match flags.completer {
        Completer::Kubectl => {
            terminal.print(FOR_KUBECTL)?;
            return Ok(Verdict::Well);
        }
        Completer::Bash => Shell::Bash,
        Completer::Zsh => Shell::Zsh,
        Completer::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(
        shell,
        &mut definition().bin_name("kubectl-tracktik"),
        "kubectl-tracktik",
        &mut script,
    );
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Well)
}

/// How the version is written.
#[derive(Args, Debug)]
pub struct VersionFlags {
    /// For programs
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// Prints the version.
pub fn version(flags: &VersionFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let version = env!("CARGO_PKG_VERSION");
    match flags.output {
        Some(format) => structured::print(&json!({ "version": version }), format, terminal)?,
        None => terminal.print(&format!("kubectl-tracktik {version}\n"))?,
    }
    Ok(Verdict::Well)
}
