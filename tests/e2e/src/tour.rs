//! Commands as people type them, with what they print, for `docs/tour.md`. What differs from run to run is left out, so that
//! the page can be compared.

use std::{env, fs, path::Path};

use crate::{
    node::run,
    outcome::{Outcome, Problem},
};

/// The page so far.
#[derive(Debug, Default)]
pub struct Tour {
    page: String,
}

impl Tour {
    /// A paragraph.
    pub fn says(&mut self, text: &str) {
        self.page.push_str(&format!("{text}\n\n"));
    }

    /// A command of kubectl, and what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub async fn kubectl(&mut self, arguments: &str) -> Outcome<String> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let printed = run("kubectl", &words, None).await?;
        self.shows(&format!("kubectl {arguments}"), &printed);
        Ok(printed)
    }

    /// A command of Helm, given as it is typed in the root of the repository beside the file `ca.crt`.
    ///
    /// # Errors
    /// When it fails.
    pub async fn helm(&mut self, arguments: &str, chart: &Path, folder: &Path) -> Outcome {
        let (chart, ca) = (
            chart.display().to_string(),
            format!("caBundle.pem={}/ca.crt", folder.display()),
        );
        let words = arguments.split_whitespace().map(|word| match word {
            "charts/tracktik-operator" => chart.clone(),
            "caBundle.pem=ca.crt" => ca.clone(),
            word => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = run("helm", &words, None).await?;
        // What follows is the same at each command.
        let head = printed.split("NOTES:").next().unwrap_or_default();
        self.shows(&format!("helm {arguments}"), head);
        Ok(())
    }

    fn shows(&mut self, command: &str, printed: &str) {
        let printed: Vec<String> = printed.lines().map(steady).collect();
        let text = printed.join("\n");
        self.page
            .push_str(&format!("```console\n$ {command}\n{}\n```\n\n", text.trim_end()));
    }

    /// Compares the page with what is committed, or writes it if `UPDATE_GOLDEN` is set.
    ///
    /// # Errors
    /// When they differ.
    pub fn is_as_committed(&self, file: &Path) -> Outcome {
        let page = format!("{}\n", self.page.trim_end());
        if env::var_os("UPDATE_GOLDEN").is_some() {
            return Ok(fs::write(file, page)?);
        }
        let committed = fs::read_to_string(file).unwrap_or_default();
        if committed == page {
            return Ok(());
        }
        let differs = page.lines().zip(committed.lines()).find(|(now, then)| now != then);
        Err(Problem(format!(
            "{} is not what this run has shown; UPDATE_GOLDEN=1 make e2e writes it anew. The first difference: {differs:?}",
            file.display()
        )))
    }
}

/// A line without what another run would have otherwise: ages, times, the random ends of names.
fn steady(line: &str) -> String {
    let mut out = String::new();
    for (blank, word) in words(line) {
        let kept = steady_word(word);
        // Columns keep their place where there is room.
        let lost = word.len().saturating_sub(kept.len());
        out.push_str(blank);
        out.push_str(&kept);
        out.push_str(&" ".repeat(lost));
    }
    let out = out.trim_end();
    match out.split_once("LAST DEPLOYED:") {
        Some((head, _time)) => format!("{head}LAST DEPLOYED: …"),
        None => out.to_owned(),
    }
}

/// Each word with the blanks before it.
fn words(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c != ' ').unwrap_or(rest.len());
        let end = rest[word..].find(' ').map_or(rest.len(), |end| word + end);
        found.push((&rest[..word], &rest[word..end]));
        rest = &rest[end..];
    }
    found
}

fn steady_word(word: &str) -> String {
    let is_age = word.ends_with(['s', 'm', 'h'])
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "smh".contains(c));
    if is_age {
        return "…".to_owned();
    }
    // <deployment>-<hash>-<five characters>
    let parts: Vec<&str> = word.rsplitn(3, '-').collect();
    if let [end, hash, name] = parts[..]
        && end.len() == 5
        && (8..=10).contains(&hash.len())
        && hash.chars().all(|c| c.is_ascii_alphanumeric())
        && hash.chars().any(|c| c.is_ascii_digit())
    {
        return format!("{name}-…");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::steady;

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        let line = "tracktik-operator-5d8c7f9b64-x2x9k   1/1     Running   0          12s";
        assert_eq!(
            steady(line),
            "tracktik-operator-…                  1/1     Running   0          …"
        );
        assert_eq!(steady("LAST DEPLOYED: Fri Nov 27 18:00:00 2026"), "LAST DEPLOYED: …");
        assert_eq!(steady("acme   True    TokenValid"), "acme   True    TokenValid");
    }
}
