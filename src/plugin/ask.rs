//! Values that are not on the command line: from a file, from stdin, or typed by a person, unseen where they are secret.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::Path,
};

use tracktik_operator::secrets::{sensitive::Sensitive, source_value::checked};
use zeroize::Zeroizing;

use super::verdict::Failed;

/// More than any value has; the rest of a wrong file is not read.
const LARGEST: u64 = 64 * 1_024;

/// Asks for a value that may be seen. `flag` says it without a person.
///
/// # Errors
/// There is nobody to ask, or the answer cannot be used.
pub fn for_text(what: &str, flag: &str) -> Result<String, Failed> {
    if !io::stdin().is_terminal() {
        return Err(Failed::Usage(format!(
            "{what} is missing, and there is no terminal to ask on: give {flag}"
        )));
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{what}: ").and_then(|()| io::stderr().flush());
    asked
        .and_then(|()| io::stdin().lock().read_line(&mut answer))
        .map_err(|error| Failed::Undone(format!("{what} cannot be asked for: {error}")))?;
    fit(what, answer.trim_end_matches(['\r', '\n']).as_bytes()).map(|value| value.expose().to_owned())
}

/// Asks for a secret: what is typed does not show.
///
/// # Errors
/// As [`for_text`].
pub fn for_secret(what: &str, flag: &str) -> Result<Sensitive, Failed> {
    // It asks on the terminal itself, whatever stdin is.
    let answer = rpassword::prompt_password(format!("{what} (is not shown): "))
        .map(Zeroizing::new)
        .map_err(|_| {
            Failed::Usage(format!(
                "{what} is missing, and there is no terminal to ask on: give {flag}"
            ))
        })?;
    fit(what, answer.as_bytes())
}

/// A secret from a file, or from stdin where the file is `-`; without the newline that an editor puts at its end.
///
/// # Errors
/// It cannot be read, or used.
pub fn from_file(what: &str, file: &Path) -> Result<Sensitive, Failed> {
    // Room at once: a buffer that grows leaves copies of a password in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LARGEST).unwrap_or(0)));
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failed::Undone(format!("{what}: {} cannot be read: {error}", file.display())))?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    fit(what, line.strip_suffix(b"\r").unwrap_or(line))
}

/// By the rules that the operator reads source Secrets by.
///
/// # Errors
/// It cannot be one of the four values.
pub fn fit(what: &str, bytes: &[u8]) -> Result<Sensitive, Failed> {
    checked(bytes).map_err(|why| Failed::Usage(format!("{what} {why}")))
}
