//! Commands as people type them, with what they print, for `docs/tour.md`. What differs from run to run is left out, so that
//! the page can be compared.

use std::{
    env, fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use k8s_openapi::jiff::Timestamp;

use crate::{
    node::run,
    outcome::{Outcome, Problem},
    stage::USERS,
};

/// The page so far.
#[derive(Debug, Default)]
pub struct Tour {
    page: Mutex<String>,
}

impl Tour {
    /// A paragraph.
    pub fn says(&self, text: &str) {
        self.add(&format!("{text}\n\n"));
    }

    /// A command of kubectl, and what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub async fn kubectl(&self, arguments: &str) -> Outcome<String> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let printed = run("kubectl", &words, None).await?;
        self.shows(&format!("kubectl {arguments}"), &printed);
        Ok(printed)
    }

    /// Applies a file, which the page names as it is typed.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn applies(&self, file: &Path, typed: &str) -> Outcome {
        let path = file.display().to_string();
        let printed = run("kubectl", &["-n", USERS, "apply", "-f", &path], None).await?;
        self.shows(&format!("kubectl -n {USERS} apply -f {typed}"), &printed);
        Ok(())
    }

    /// A command of Helm, given as it is typed in the root of the repository beside the file `ca.crt`.
    ///
    /// # Errors
    /// When it fails.
    pub async fn helm(&self, arguments: &str, chart: &Path, folder: &Path) -> Outcome {
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

    fn shows(&self, command: &str, printed: &str) {
        let text = steady(printed);
        self.add(&format!("```console\n$ {command}\n{}\n```\n\n", text.trim_end()));
    }

    fn add(&self, text: &str) {
        self.page.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    /// Compares the page with what is committed, or writes it if `UPDATE_GOLDEN` is set.
    ///
    /// # Errors
    /// When they differ.
    pub fn is_as_committed(&self, file: &Path) -> Outcome {
        let page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let page = format!("{}\n", page.trim_end());
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

/// What is printed, without what another run would have otherwise: ages, times, the random ends of names. The columns of a
/// table get their places anew.
fn steady(printed: &str) -> String {
    let is_table = printed
        .lines()
        .next()
        .is_some_and(|head| head.contains("AGE") || head.contains("READY"));
    if !is_table {
        return printed.lines().map(steady_line).collect::<Vec<_>>().join("\n");
    }
    let rows: Vec<Vec<String>> = printed
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .map(steady_word)
                .collect()
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .enumerate()
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn steady_line(line: &str) -> String {
    match line.split_once("LAST DEPLOYED:") {
        Some((head, _time)) => format!("{head}LAST DEPLOYED: …"),
        None => line.split(' ').map(steady_word).collect::<Vec<_>>().join(" "),
    }
}

fn steady_word(word: &str) -> String {
    let is_age = word.ends_with(['s', 'm', 'h'])
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "smh".contains(c));
    if is_age || word.parse::<Timestamp>().is_ok() {
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
    use super::{Tour, steady};

    #[test]
    fn another_page_than_the_committed_one_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tour.md");
        let tour = Tour::default();
        tour.says("A tour");
        assert!(tour.is_as_committed(&file).is_err(), "there is none");
        std::fs::write(&file, "A tour\n").unwrap();
        assert!(tour.is_as_committed(&file).is_ok());
        tour.says("with one paragraph more");
        assert!(tour.is_as_committed(&file).is_err());
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        let table = "NAME                                 READY   STATUS    RESTARTS   AGE\n\
                     tracktik-operator-5d8c7f9b64-x2x9k   1/1     Running   0          12s";
        let without = "NAME                  READY   STATUS    RESTARTS   AGE\n\
                       tracktik-operator-…   1/1     Running   0          …";
        assert_eq!(steady(table), without);
        let table = "NAME   EXPIRES                AGE\nacme   2026-11-27T18:41:10Z   2m3s";
        assert_eq!(steady(table), "NAME   EXPIRES   AGE\nacme   …         …");
        assert_eq!(steady("LAST DEPLOYED: Fri Nov 27 18:00:00 2026"), "LAST DEPLOYED: …");
        assert_eq!(steady("acme condition met"), "acme condition met");
        assert_eq!(steady("good until 2026-11-27T18:41:10Z"), "good until …");
    }
}
