//! One credential whose token is renewed as often as the operator does it at all, and the workloads that use it: those that
//! read the file again, and those that do not.
//!
//! Fifty tokens of one credential take longer than all scenes together may: the operator's own limits are one renewal in 30 s,
//! and six others in ten minutes (`rotation/schedule.rs`, `rotation/cause.rs`).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::Value;
use testbed::simulator::ReaderCounts;

use super::{changes::comes_to, crowd::enough};
use crate::{
    manifests::{Kind, reader},
    node::{apply, get, kubectl},
    outcome::{Outcome, hold, until},
    say,
    stage::{INITECH, PATIENCE, SHORT_SECONDS, Stage, USERS},
};

/// Its name, and that of the reader which reads it again.
pub const NAME: &str = "restless";
/// Longer than a token lives, so that who keeps one is refused.
pub const AT_LEAST: Duration = Duration::from_secs(SHORT_SECONDS as u64 * 2);
/// How often the kubelet is made to look: by itself it does so once in the life of such a token.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// The most that the operator lets people ask for in ten minutes, beside the first token.
const ROTATIONS_ON_REQUEST: u32 = 5;
/// From one scheduled renewal to the next at the most, with a second or two for the way to it.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(33);

/// For so long. It ends early at what should not be.
pub async fn one_credential_all_the_time(stage: &Stage, time: Duration) -> Outcome {
    stage.credentials(USERS, INITECH, &[NAME.to_owned()]).await?;
    comes_to(USERS, NAME, "Ready", "True TokenValid").await?;
    let kinds = [
        (NAME, Kind::Mounted),
        ("cached", Kind::Cached),
        ("subpath", Kind::SubPath),
    ];
    let readers: Vec<Value> = kinds
        .iter()
        .map(|(name, kind)| reader(USERS, name, NAME, INITECH, *kind))
        .collect();
    apply(&readers).await?;
    until("a request of each", PATIENCE, || async {
        for (name, _) in kinds {
            hold(asked(stage, name).await?.requests > 0, || name.to_owned())?;
        }
        Ok(())
    })
    .await?;
    let (begun, before) = (Instant::now(), asked(stage, NAME).await?.requests);
    let issues = issues(stage, time).await?;

    let seconds = begun.elapsed();
    let (restless, cached, subpath) = (
        asked(stage, NAME).await?,
        asked(stage, "cached").await?,
        asked(stage, "subpath").await?,
    );
    say(&format!(
        "{issues} tokens of one credential in {} s; cached: {cached:?}, subpath: {subpath:?}",
        seconds.as_secs()
    ));
    enough(NAME, restless.requests - before, seconds.as_secs_f64())?;
    let least = seconds.as_secs() / BETWEEN_RENEWALS.as_secs();
    hold(issues as u64 >= least, || format!("{issues} tokens, not {least}"))?;
    // With subPath the file stays as it was when the container started: refused ever since that token has expired.
    hold(subpath.failures > subpath.requests / 4, || {
        format!("a file of subPath that was renewed? {subpath:?}")
    })?;
    // One request each time that a token which it keeps has expired; what it finds then has a third of its life before it at least.
    let most = seconds.as_secs() * 3 / u64::from(SHORT_SECONDS) + 1;
    hold((1..=most).contains(&cached.failures), || {
        format!("{cached:?}, with {most} at most")
    })
}

/// How many tokens were in the Secret meanwhile.
async fn issues(stage: &Stage, time: Duration) -> Outcome<usize> {
    let begun = Instant::now();
    let mut issues = BTreeSet::new();
    let mut looks = 0;
    while begun.elapsed() < time {
        looks += 1;
        kubectl(&format!(
            "-n {USERS} annotate --overwrite pod {NAME} cached subpath look={looks}"
        ))
        .await?;
        if looks <= ROTATIONS_ON_REQUEST {
            let rotate = format!("tracktik-operator.io/rotate={looks}");
            kubectl(&format!("-n {USERS} annotate --overwrite ttc {NAME} {rotate}")).await?;
        }
        let secret = get(&format!("-n {USERS} secret {NAME}-token")).await?;
        issues.insert(secret["data"]["access_token"].to_string());
        let read = asked(stage, NAME).await?;
        hold(read.failures == 0, || format!("{read:?} after {} tokens", issues.len()))?;
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(issues.len())
}

async fn asked(stage: &Stage, reader: &str) -> Outcome<ReaderCounts> {
    let counts = stage.counts_of(INITECH).await?;
    Ok(counts.by_reader.get(reader).cloned().unwrap_or_default())
}
