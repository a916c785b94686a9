//! What all scenes together must have shown, and what was measured.

use std::{env, fs, path::Path, time::Duration};

use super::{crowd::Crowd, others::nobody_tries_for_who_has_left, restless};
use crate::{
    figures::Figures,
    manifests::TOKEN_SECONDS,
    outcome::{Outcome, hold, until},
    say,
    stage::{PATIENCE, Stage},
};

/// Rotations at least of what readers have mounted, beside the first token of each.
const ROTATIONS: usize = 50;
/// The kubelet looks at a pod every 60 to 90 s, and that is the most that a file may be late; with what a busy node takes.
const LATE_AT_MOST_SECONDS: f64 = 95.0;
/// The least time that a token in a Secret is good for, by the operator's promise: what a file may be late.
const FLOOR_SECONDS: f64 = 120.0;
/// Fewer old tokens, or files, are no distribution.
const SAMPLES: usize = 20;
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
120 s at least, whatever `renewBeforeSeconds` says, and the least that this may say is 300. Of {olds} tokens that were replaced in the
same run, each had {left} s left at least when the next was in the Secret: they live six minutes, so that they are renewed after
half of that, as late as the operator renews any. Where kubelets are set to a longer `syncFrequency`, `renewBeforeSeconds` must be
more than one and a half times that, and half a minute for the renewal itself.
";
/// With fifty credentials.
const MILLICORES: f64 = 20.0;

/// Until there have been fifty rotations of what readers have mounted, the first tokens have expired, and the time is over.
pub async fn time_passes(crowd: &Crowd, figures: &Figures, stage: &Stage, time: Duration) -> Outcome {
    let time = time.max(Duration::from_secs(u64::from(TOKEN_SECONDS)) + PATIENCE);
    let (_, over) = figures.millicores();
    let rest = time.saturating_sub(over).max(restless::AT_LEAST);
    restless::one_credential_all_the_time(stage, rest).await?;
    let mounted = crowd.all_mounted();
    until("fifty rotations", PATIENCE * 3, || async {
        let (_, rotations) = figures.written(&mounted);
        hold(rotations >= ROTATIONS, || format!("{rotations}"))
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
    // None is expected of the one that is restarted either: each renewal is long before the old token's end.
    let (begun, rest) = figures.restarted();
    hold(begun >= 3 && rest.is_empty(), || {
        format!("begun {begun} times, {rest:?}")
    })?;
    nobody_tries_for_who_has_left(stage).await?;

    let (millicores, over) = figures.millicores();
    let (memory, at_the_limit) = figures.memory();
    let late = figures.propagation(&crowd.mounted);
    let left = figures.left();
    let (written, rotations) = figures.written(&crowd.all_mounted());
    say(&format!(
        "{written} tokens written in {} s; {rotations} rotations of what is mounted",
        over.as_secs()
    ));
    say(&format!(
        "the operator took {millicores:.1} millicores over {} s",
        over.as_secs()
    ));
    say(&format!("its pod had {:.1} MiB at most", mebibytes(memory)));
    let (Some(first), Some(last)) = (late.first(), late.last()) else {
        return hold(false, || "no reader has seen a new token".to_owned());
    };
    let least_left = left.first().copied().unwrap_or_default();
    say(&format!(
        "{} old tokens had {least_left:.1} s left at least when the next was written",
        left.len()
    ));
    let middle = late[late.len() / 2];
    let ninth = late[late.len() * 9 / 10];
    say(&format!(
        "from the Secret into a pod, of {}: {first:.1} s at least, {middle:.1} s in the middle, {ninth:.1} s for nine of ten, {last:.1} s at most",
        late.len()
    ));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let page = page(late.len(), [*first, middle, ninth, *last], left.len(), least_left);
        fs::write(repository.join("docs/propagation.md"), page)?;
    }
    stage.tour.says(
        "All the while, workloads that read the mounted file before each request, one of them with a projected volume, have made\n\
         ten requests a second each. TrackTik has refused none of them.",
    );
    // Else nothing was read, as of a kernel that does not tell.
    hold(millicores > 0.0 && mebibytes(memory) > 1.0, || {
        format!("{millicores:.3} millicores, {memory} bytes")
    })?;
    hold(millicores < MILLICORES, || format!("{millicores:.1} millicores"))?;
    hold(at_the_limit == 0, || {
        format!("the limit of memory was met {at_the_limit} times")
    })?;
    hold(left.len() >= SAMPLES && late.len() >= SAMPLES, || {
        format!("{} old tokens, {} files", left.len(), late.len())
    })?;
    hold(*last <= LATE_AT_MOST_SECONDS, || format!("{last} s late"))?;
    hold(least_left >= FLOOR_SECONDS && least_left > *last, || {
        format!("{least_left} s left of a token, with files up to {last} s late")
    })
}

/// The page, with figures in seconds: the least, the median, what nine of ten stay below, the most; and of so many old tokens the
/// least that was left.
fn page(count: usize, seconds: [f64; 4], olds: usize, left: f64) -> String {
    let names = ["least", "median", "nine of ten within", "most"];
    let rows = names.iter().zip(seconds);
    let rows: Vec<String> = rows
        .map(|(name, seconds)| format!("| {name} | {seconds:.1} s |\n"))
        .collect();
    PAGE.replace("{count}", &count.to_string())
        .replace("{rows}", &rows.concat())
        .replace("{olds}", &olds.to_string())
        .replace("{left}", &format!("{:.0}", left.floor()))
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
        assert_eq!(without_numbers(committed), without_numbers(&page(1, [0.0; 4], 1, 0.0)));
    }
}
