//! A message of the API server in a form that may be shown: short, one line, and without anything that looks like a token.

/// The longest message that is kept, in characters.
pub const LONGEST_MESSAGE: usize = 300;

/// One line of at most [`LONGEST_MESSAGE`] characters, in which nothing looks like a token.
pub fn cleaned(message: &str) -> String {
    let words = message
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = words.map(without_tokens).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_MESSAGE {
        return line;
    }
    line.chars().take(LONGEST_MESSAGE - 1).chain(['…']).collect()
}

/// A last net, for a policy that quotes what it refuses: a long run of the letters of base64 and of URLs that mixes
/// cases or digits in as names in Kubernetes do not.
fn without_tokens(word: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !of_token(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let mixed = run.chars().any(|c| c.is_ascii_uppercase()) && run.chars().any(|c| c.is_ascii_digit());
        out.push_str(if run.len() >= 24 && mixed { "<removed>" } else { run });
        let next = tail.chars().next().map_or(0, char::len_utf8);
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    out
}
