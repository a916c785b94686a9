//! What the demo shows: short lines, each with the time since the start and who acts. Nothing here knows the story.

use std::{
    io::{self, IsTerminal, Write},
    time::Instant,
};

/// No line is longer, so that it fits a terminal and a page.
const WIDTH: usize = 96;
/// Where the text of a line begins, behind time and actor.
const INDENT: usize = 20;

/// Standard output, and when the demo began. A line that cannot be written is left out: whoever closed the pipe does
/// not read it, and what was started must still be stopped.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    began: Instant,
}

impl Terminal {
    /// The time of all lines counts from now on.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// One thing that happened, and who did it; a long text goes on in the next line.
    pub fn line(&self, who: &str, text: &str) {
        let mut margin = format!("{:6.1}s  {who:<11}", self.seconds());
        let mut lines = wrapped(text, WIDTH - INDENT);
        for line in &mut lines {
            line.insert_str(0, &margin);
            margin = " ".repeat(INDENT);
        }
        print(&lines);
    }

    /// As [`Self::line`], but what does not fit on a terminal is cut off; who keeps it in a file wants all of it.
    pub fn short_line(&self, who: &str, text: &str) {
        let room = WIDTH - INDENT;
        if text.chars().count() <= room || !io::stdout().is_terminal() {
            return self.line(who, text);
        }
        let start: String = text.chars().take(room - 1).collect();
        self.line(who, &format!("{}…", start.trim_end()));
    }

    /// A new part of the story begins.
    pub fn heading(text: &str) {
        let rule = "-".repeat(WIDTH.saturating_sub(text.len() + 5));
        print(&[String::new(), format!("--- {text} {rule}")]);
    }

    /// A command as the user would type it, and what it prints.
    pub fn command(command: &str, output: &str) {
        let margin = " ".repeat(INDENT);
        let mut lines = vec![format!("{margin}$ {command}")];
        lines.extend(output.lines().map(|line| format!("{margin}{line}")));
        print(&lines);
    }

    /// A line as it is, with nothing before it: scripts read some of these.
    pub fn plain(text: &str) {
        print(&[text.to_owned()]);
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// In one write, so that two who tell something at once do not mix their lines.
fn print(lines: &[String]) {
    let mut stdout = io::stdout().lock();
    let text = lines.join("\n") + "\n";
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// The text in lines of at most `width` characters, broken between words. A longer word stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_long_text_is_broken_between_words_and_a_long_word_stays_whole() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrapped("https://long.example.com is", 5),
            ["https://long.example.com", "is"]
        );
        assert_eq!(wrapped("", 5), [""]);
    }
}
