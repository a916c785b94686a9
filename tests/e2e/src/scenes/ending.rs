//! What all scenes together must have shown, and what was measured.

use std::{env, fs, path::Path, time::Duration};

use super::crowd::Crowd;
use crate::{
    figures::Figures,
    manifests::TOKEN_SECONDS,
    outcome::{Outcome, hold, until},
    say,
    stage::{PATIENCE, Stage},
};

/// Rotations at least, beside each credential's first token.
const ROTATIONS: usize = 50;
/// The kubelet looks at a pod every 60 to 90 s, and that is the most that a file may be late.
const LATE_AT_MOST_SECONDS: f64 = 91.0;
/// The least time that a token in a Secret is good for, by the operator's promise: what a file may be late.
const FLOOR_SECONDS: f64 = 120.0;
/// The page with the figures, which the documents point to.
const PAGE: &str = "\
# How late a token is in a pod

A kubelet looks at what is mounted into a pod once in 60 to 90 s, and only then brings a changed Secret into the pod. Between the
write of the Secret and the new file in a mounted folder passed, for {count} tokens on a node with the kubelet's defaults
(`make e2e`):

| | |
|---|---|
{rows}
The kubelet's own bound is 90 s: `syncFrequency`, 60 s by default, and up to half of that on top. So a workload that reads the file
at each request has a usable token whenever the token in the Secret is good for at least that long. The operator keeps it so for
120 s at least, whatever `renewBeforeSeconds` says, and the least that this may say is 300. Where kubelets are set to a longer
`syncFrequency`, `renewBeforeSeconds` must be more than one and a half times that, and half a minute for the renewal itself.
";
/// With fifty credentials.
const MILLICORES: f64 = 20.0;
const CREDENTIALS: usize = 50;

/// Until there have been fifty rotations, the first tokens have expired, and the time is over.
pub async fn time_passes(crowd: &Crowd, figures: &Figures, stage: &Stage, time: Duration) -> Outcome {
    let expired = Duration::from_secs(u64::from(TOKEN_SECONDS)) + PATIENCE;
    until("fifty rotations", time.max(expired) + PATIENCE, || async {
        crowd.nothing_failed(stage).await?;
        let (_, over) = figures.millicores();
        let rotations = figures.written().saturating_sub(CREDENTIALS);
        hold(over >= time.max(expired) && rotations >= ROTATIONS, || {
            format!("{rotations} in {over:?}")
        })
    })
    .await
}

/// The promises in figures.
pub async fn figures_are_as_promised(crowd: &Crowd, figures: &Figures, stage: &Stage, repository: &Path) -> Outcome {
    crowd.logs_are_read(figures).await?;
    crowd.nothing_failed(stage).await?;
    let counts = stage.counts().await?;
    for (name, reader) in &counts.by_reader {
        say(&format!(
            "{name}: {} requests, {} with a token that was no longer good",
            reader.requests, reader.failures
        ));
    }
    let failures = |name: &str| counts.by_reader.get(name).map_or(0, |reader| reader.failures);
    // Expected to go stale: with subPath the file stays as it was when the container started.
    hold(failures("subpath") > 10, || {
        format!("a file of subPath that was renewed? {counts:?}")
    })?;
    // One request each time that a token has expired.
    hold((1..=5).contains(&failures("cached")), || {
        format!("{} of the cached", failures("cached"))
    })?;
    hold(failures("environment") == 0, || {
        format!("{} of the environment", failures("environment"))
    })?;

    let (millicores, over) = figures.millicores();
    let (memory, at_the_limit) = figures.memory();
    let late = figures.propagation(&crowd.mounted);
    let written = figures.written();
    say(&format!("{written} tokens written in {} s", over.as_secs()));
    say(&format!(
        "the operator took {millicores:.1} millicores over {} s",
        over.as_secs()
    ));
    say(&format!("its pod had {:.1} MiB at most", mebibytes(memory)));
    let (Some(first), Some(last)) = (late.first(), late.last()) else {
        return hold(false, || "no reader has seen a new token".to_owned());
    };
    let middle = late[late.len() / 2];
    let ninth = late[late.len() * 9 / 10];
    say(&format!(
        "from the Secret into a pod, of {}: {first:.1} s at least, {middle:.1} s in the middle, {ninth:.1} s for nine of ten, {last:.1} s at most",
        late.len()
    ));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let page = page(late.len(), [*first, middle, ninth, *last]);
        fs::write(repository.join("docs/propagation.md"), page)?;
    }
    stage.tour.says(
        "All the while, eleven workloads that read the mounted file before each request, and one with a projected volume,\n\
         have made ten requests a second each. TrackTik has refused none of them.",
    );
    // Else nothing was read, as of a kernel that does not tell.
    hold(millicores > 0.0 && mebibytes(memory) > 1.0, || {
        format!("{millicores:.3} millicores, {memory} bytes")
    })?;
    hold(millicores < MILLICORES, || format!("{millicores:.1} millicores"))?;
    hold(at_the_limit == 0, || {
        format!("the limit of memory was met {at_the_limit} times")
    })?;
    hold(
        *last <= LATE_AT_MOST_SECONDS && LATE_AT_MOST_SECONDS < FLOOR_SECONDS,
        || format!("{last} s late"),
    )
}

/// The page, with figures in seconds: the least, the median, what nine of ten stay below, the most.
fn page(count: usize, seconds: [f64; 4]) -> String {
    let names = ["least", "median", "nine of ten within", "most"];
    let rows = names.iter().zip(seconds);
    let rows: Vec<String> = rows
        .map(|(name, seconds)| format!("| {name} | {seconds:.1} s |\n"))
        .collect();
    PAGE.replace("{count}", &count.to_string())
        .replace("{rows}", &rows.concat())
}

#[expect(clippy::cast_precision_loss, reason = "of a few megabytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::page;

    /// What was measured differs from run to run, so the page is compared without its numbers.
    #[test]
    fn the_page_of_propagation_is_the_one_that_is_written() {
        let committed = include_str!("../../../../docs/propagation.md");
        let without_numbers = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        assert_eq!(without_numbers(committed), without_numbers(&page(1, [0.0; 4])));
    }
}
