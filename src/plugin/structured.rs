//! `-o json` and `-o yaml`: the same facts for programs, with times as they are.

use clap::ValueEnum;
use serde::Serialize;

use super::{terminal::Terminal, verdict::Failed};

/// How facts are written for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Yaml,
}

/// The text in this format, a newline at its end.
///
/// # Errors
/// When serialisation fails, which no value of ours makes it do.
pub fn text<T: Serialize>(value: &T, format: Format) -> Result<String, Failed> {
    let unwritable = |why: String| Failed::Undone(format!("the output cannot be written: {why}"));
    match format {
        Format::Json => serde_json::to_string_pretty(value)
            .map(|text| text + "\n")
            .map_err(|error| unwritable(error.to_string())),
        Format::Yaml => serde_saphyr::to_string(value).map_err(|error| unwritable(error.to_string())),
    }
}

/// Prints it in this format.
///
/// # Errors
/// As [`text`] and [`Terminal::print`].
pub fn print<T: Serialize>(value: &T, format: Format, terminal: &Terminal) -> Result<(), Failed> {
    terminal.print(&text(value, format)?)
}
