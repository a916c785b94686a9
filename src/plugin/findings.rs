//! What `check` found: one line for each thing that was looked at.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    structured::{self, Format},
    terminal::{Shade, Terminal, shown},
    verdict::{Failed, Verdict},
};

/// How it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// As it should be.
    Ok,
    /// Not as it should be: somebody must act.
    Wrong,
    /// It could not be told.
    Untold,
    /// It was not looked at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub check: String,
    /// How it was found.
    pub result: Found,
    /// What is wrong, where, and what to do; or what is well.
    pub message: String,
}

/// All that was found of one credential.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// The credential; none for an account of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In the order in which it was looked at.
    pub findings: Vec<Finding>,
}

impl Findings {
    /// None yet.
    pub fn of(name: Option<String>) -> Self {
        Self {
            name,
            findings: Vec::new(),
        }
    }

    /// Adds one.
    pub fn add(&mut self, check: impl Into<String>, result: Found, message: impl Into<String>) {
        self.findings.push(Finding {
            check: check.into(),
            result,
            message: message.into(),
        });
    }

    /// Whether nothing was found wrong so far.
    pub fn nothing_wrong(&self) -> bool {
        self.findings.iter().all(|finding| finding.result != Found::Wrong)
    }

    /// How the check ends.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().fold(Verdict::Well, |verdict, finding| {
            verdict.and(match finding.result {
                Found::Ok | Found::Skipped => Verdict::Well,
                Found::Wrong => Verdict::NotWell,
                Found::Untold => Verdict::Untold,
            })
        })
    }

    fn text(&self, terminal: &Terminal) -> String {
        let mut text = self.name.as_ref().map(|name| format!("{name}:\n")).unwrap_or_default();
        let width = self
            .findings
            .iter()
            .map(|finding| finding.check.len())
            .max()
            .unwrap_or(0);
        for finding in &self.findings {
            let (word, shade) = match finding.result {
                Found::Ok => ("ok", Shade::Good),
                Found::Wrong => ("wrong", Shade::Bad),
                Found::Untold => ("unknown", Shade::Doubtful),
                Found::Skipped => ("skipped", Shade::Plain),
            };
            let gap = " ".repeat(9_usize.saturating_sub(word.len()));
            let word = terminal.shaded(word, shade);
            // Writing into a String does not fail.
            let message = shown(&finding.message);
            let _ = writeln!(text, "  {word}{gap}{:<width$}  {message}", finding.check);
        }
        text
    }
}

/// Prints the findings of all that was checked.
///
/// # Errors
/// Nobody listens.
pub fn print(all: &[Findings], format: Option<Format>, terminal: &Terminal) -> Result<Verdict, Failed> {
    if let Some(format) = format {
        structured::print(&serde_json::json!({ "items": all }), format, terminal)?;
    } else {
        let texts: Vec<String> = all.iter().map(|findings| findings.text(terminal)).collect();
        terminal.print(&texts.join("\n"))?;
    }
    Ok(all
        .iter()
        .fold(Verdict::Well, |verdict, findings| verdict.and(findings.verdict())))
}
