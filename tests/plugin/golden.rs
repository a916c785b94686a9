//! Golden files, and what is taken out of a text before it is compared with one.

use std::{fs, path::Path};

/// Compares with a file that is kept in the repository; `UPDATE_GOLDEN=1` writes it instead.
#[track_caller]
pub fn assert_golden(path: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, now).expect("the golden file can be written");
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == now,
        "{path} is not what the code gives now; run UPDATE_GOLDEN=1 cargo test --test plugin\n---\n{now}"
    );
}

/// The text with `TIME` and `SPAN` for what depends on the clock, and single spaces, since the widths of columns do too.
pub fn without_times(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let words: Vec<String> = line.split_whitespace().map(masked_word).collect();
        let indent = line.len() - line.trim_start().len();
        masked.push_str(&" ".repeat(indent.min(4)));
        masked.push_str(&words.join(" "));
        masked.push('\n');
    }
    masked
}

fn masked_word(word: &str) -> String {
    let inner = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_time = inner.len() == 20 && inner.ends_with('Z') && inner.contains('T') && inner.starts_with("20");
    let is_span = inner.starts_with(|c: char| c.is_ascii_digit())
        && inner.ends_with(['s', 'm', 'h', 'd'])
        && inner.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c));
    if is_time {
        word.replace(inner, "TIME")
    } else if is_span {
        word.replace(inner, "SPAN")
    } else {
        word.to_owned()
    }
}
