//! Where the plugin writes: stdout, with colours only if a person looks at it, and stderr for complaints.

use std::io::{ErrorKind, IsTerminal, Stderr, Stdout, Write, stderr, stdout};

use super::{environment, verdict::Failed};

/// How a word is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// As it is.
    Plain,
    /// All is well.
    Good,
    /// Something passes by itself, or is not known.
    Doubtful,
    /// Somebody must act.
    Bad,
}

/// The text without what a terminal would obey: notes and messages are written by whoever may write to the cluster.
pub fn shown(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// The output of this process.
#[derive(Debug)]
pub struct Terminal {
    out: Stdout,
    err: Stderr,
    colours: bool,
}

impl Terminal {
    /// Colours if stdout is a terminal and the environment does not forbid them.
    pub fn of_this_process() -> Self {
        let out = stdout();
        let person = out.is_terminal();
        Self {
            out,
            err: stderr(),
            colours: person && !environment::no_colours(),
        }
    }

    /// The text in its shade.
    pub fn shaded(&self, text: &str, shade: Shade) -> String {
        let code = match shade {
            _ if !self.colours || text.is_empty() => return text.to_owned(),
            Shade::Plain => return text.to_owned(),
            Shade::Good => 32,
            Shade::Doubtful => 33,
            Shade::Bad => 31,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Writes to stdout, at once: whoever watches waits for it.
    ///
    /// # Errors
    /// [`Failed::NobodyListens`], or stdout cannot be written to.
    pub fn print(&self, text: &str) -> Result<(), Failed> {
        let mut out = self.out.lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failed::NobodyListens,
            _ => Failed::Undone(format!("cannot write to stdout: {error}")),
        })
    }

    /// A complaint, as kubectl makes one. Where stderr is closed there is nobody to tell.
    pub fn complain(&self, why: &str) {
        let _ = writeln!(self.err.lock(), "error: {why}");
    }

    /// Something that is no complaint, and not what was asked for either.
    pub fn remark(&self, what: &str) {
        let _ = writeln!(self.err.lock(), "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        assert_eq!(shown("all\u{1b}[2J is\r\nwell\u{9b}31m é"), "all [2J is  well 31m é");
    }
}
