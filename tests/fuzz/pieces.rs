//! The pieces of a text by which it is mutated: words, quoted strings, and what stands between brackets. No grammar: the
//! same for JSON, headers, domains, templates and times.

use std::ops::Range;

/// Every piece, also within others. Each is a word (letters, digits and what stands in numbers and names), a string with
/// its quotes and without, or a bracket with all up to the one that closes it.
pub fn pieces(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut quote: Option<usize> = None;
    let mut word: Option<usize> = None;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        let in_word = byte.is_ascii_alphanumeric() || b"_-+".contains(byte);
        match word {
            Some(start) if !in_word => {
                found.push(start..at);
                word = None;
            }
            None if in_word => word = Some(at),
            _ => {}
        }
        match byte {
            _ if escaped => {}
            b'"' => match quote.take() {
                Some(start) => found.extend([start..at + 1, start + 1..at]),
                None => quote = Some(at),
            },
            b'{' | b'[' | b'(' if quote.is_none() => open.push(at),
            b'}' | b']' | b')' if quote.is_none() => found.extend(open.pop().map(|start| start..at + 1)),
            _ => {}
        }
        escaped = *byte == b'\\' && !escaped;
    }
    found.extend(word.map(|start| start..text.len()));
    found
}

#[test]
fn words_strings_and_brackets_are_pieces() {
    let text = r#"{"a": [1.5, "b\"c"], x"#;
    let found: Vec<&str> = pieces(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
    assert_eq!(
        found,
        [
            "a",
            "\"a\"",
            "a",
            "1",
            "5",
            "b",
            "c",
            r#""b\"c""#,
            r#"b\"c"#,
            r#"[1.5, "b\"c"]"#,
            "x"
        ]
    );
}
