//! Fifty credentials, and the workloads that use the tokens of some at every moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    time::Instant,
};

use serde_json::Value;
use testbed::simulator::{Counts, ReaderCounts};

use super::restless;
use crate::{
    figures::Figures,
    manifests::{Kind, reader},
    node::{apply, kubectl, restarts},
    outcome::{Outcome, hold, until},
    scene,
    stage::{ACME, PATIENCE, Stage, USERS},
    watching::RESTARTED,
};

/// Readers of a mounted folder, beside the very first; each has a credential of its own.
const MOUNTED: usize = 14;
/// Credentials that nobody reads, so that it is fifty with the first, and those of the other kinds of readers.
pub const UNREAD: usize = 50 - 1 - MOUNTED - 2;
/// What a reader asks at least: of the ten requests a second that it means to make, some are late on a busy machine (7.7 were
/// seen with three builds beside it, 9.8 without).
const REQUESTS_A_SECOND: f64 = 6.0;
/// What it may be short of that in a scene of any length: the first second of a pod in place of another.
const SHORT_OF: f64 = REQUESTS_A_SECOND;

/// Who is there, besides the operator.
pub struct Crowd {
    /// The Secret that each reader of a mounted folder reads, by the reader's name.
    pub mounted: BTreeMap<String, String>,
    /// Those whose requests must never fail: they read what is mounted at each request.
    unharmed: Vec<String>,
}

/// What readers had done at some time.
struct Look {
    at: Instant,
    counts: Counts,
    restarts: BTreeMap<(String, String), u64>,
}

impl Look {
    async fn take(stage: &Stage) -> Outcome<Self> {
        let (restarts, counts) = (restarts(USERS).await?, stage.counts().await?);
        let at = Instant::now();
        Ok(Self { at, counts, restarts })
    }

    fn requests(&self, reader: &str) -> u64 {
        self.counts.by_reader.get(reader).map_or(0, |reader| reader.requests)
    }
}

impl Crowd {
    /// Makes all of it, and waits until every reader has asked.
    pub async fn comes(stage: &Stage) -> Outcome<Self> {
        let mounted: Vec<String> = (0..MOUNTED).map(|number| format!("mounted-{number}")).collect();
        let unread = (0..UNREAD).map(|number| format!("unread-{number}"));
        let others = ["projected", RESTARTED].map(str::to_owned);
        let credentials: Vec<String> = mounted.iter().cloned().chain(others).chain(unread).collect();
        stage.credentials(USERS, ACME, &credentials).await?;
        kubectl(&format!(
            "-n {USERS} wait --for=condition=Ready ttc --all --timeout=60s"
        ))
        .await?;

        let reader = |name: &str, kind| reader(USERS, name, name, ACME, kind);
        let mut pods: Vec<Value> = mounted.iter().map(|name| reader(name, Kind::Mounted)).collect();
        pods.extend([
            reader("projected", Kind::Projected),
            reader(RESTARTED, Kind::Environment),
        ]);
        apply(&pods).await?;
        let mut secrets: BTreeMap<String, String> = mounted
            .iter()
            .map(|name| (name.clone(), format!("{name}-token")))
            .collect();
        secrets.insert("first".to_owned(), "acme-token".to_owned());
        let mut unharmed: Vec<String> = secrets.keys().cloned().collect();
        unharmed.push("projected".to_owned());
        let crowd = Self {
            mounted: secrets,
            unharmed,
        };
        crowd.asks(stage).await?;
        Ok(crowd)
    }

    /// The Secrets that some reader has mounted, and reads again.
    pub fn all_mounted(&self) -> BTreeSet<String> {
        let others = ["projected", restless::NAME].map(|name| format!("{name}-token"));
        self.mounted.values().cloned().chain(others).collect()
    }

    /// Until every reader has asked once more than now.
    async fn asks(&self, stage: &Stage) -> Outcome {
        let before = Look::take(stage).await?;
        until("a request of each reader", PATIENCE, || async {
            let now = Look::take(stage).await?;
            let mut names = self.unharmed.iter().map(String::as_str).chain([RESTARTED]);
            let silent = names.find(|name| now.requests(name) <= before.requests(name));
            hold(silent.is_none(), || format!("{silent:?} asks nothing"))
        })
        .await
    }

    /// A scene that costs no re-reading reader a request, while all of them ask on, from one process each.
    pub async fn unharmed<T>(&self, stage: &Stage, name: &str, played: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        scene(name, async {
            let before = Look::take(stage).await?;
            let value = played.await?;
            self.asks(stage).await?;
            let after = Look::take(stage).await?;
            self.nothing_failed(stage).await?;
            self.all_were_there(&before, &after).await?;
            Ok(value)
        })
        .await
    }

    /// A reader that asks nothing is refused nothing, and one that ends at an error asks again once it is restarted.
    async fn all_were_there(&self, before: &Look, after: &Look) -> Outcome {
        let seconds = (after.at - before.at).as_secs_f64();
        for name in &self.unharmed {
            let made = after.requests(name) - before.requests(name);
            enough(name, made, seconds)?;
            let of_reader = |look: &Look| -> Vec<_> {
                let pods = look.restarts.iter().filter(|((pod, _), _)| pod == name);
                pods.map(|(pod, count)| (pod.clone(), *count)).collect()
            };
            let (then, now) = (of_reader(before), of_reader(after));
            if then != now {
                let last_words = kubectl(&format!("-n {USERS} logs --previous {name}")).await;
                return hold(false, || {
                    format!("{name} was started again, {then:?} {now:?}: {last_words:?}")
                });
            }
        }
        Ok(())
    }

    /// By the simulator's counts.
    pub async fn nothing_failed(&self, stage: &Stage) -> Outcome {
        let counts = stage.counts().await?;
        for name in &self.unharmed {
            let reader = counts.by_reader.get(name).cloned().unwrap_or_default();
            hold(reader.failures == 0, || format!("{name}: {reader:?}"))?;
        }
        let restarted = counts
            .by_reader
            .get(RESTARTED)
            .map(|reader: &ReaderCounts| reader.failures);
        hold(restarted == Some(0), || format!("{restarted:?} of the restarted one"))
    }

    /// What the re-reading readers have printed so far; none has remained without an answer.
    pub async fn logs_are_read(&self, figures: &Figures) -> Outcome {
        let failed = figures.read_logs(&self.unharmed, "").await?;
        hold(failed.is_empty(), || failed.join("\n"))
    }

    /// What those have printed that were there before the ones now.
    pub async fn last_words_are_read(&self, figures: &Figures) -> Outcome {
        let failed = figures.read_logs(&self.unharmed, "--previous").await?;
        hold(failed.is_empty(), || failed.join("\n"))
    }
}

/// Whether a reader has asked as often as one does that is there all the time.
pub fn enough(name: &str, requests: u64, seconds: f64) -> Outcome {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let made = requests as f64;
    hold(made >= REQUESTS_A_SECOND * seconds - SHORT_OF, || {
        format!("{name} has made {requests} requests in {seconds:.1} s")
    })
}

#[cfg(test)]
mod tests {
    use super::enough;

    #[test]
    fn a_reader_that_was_away_is_noticed() {
        assert!(enough("reader", 190, 30.0).is_ok());
        assert!(enough("reader", 173, 30.0).is_err());
        assert!(enough("reader", 0, 2.0).is_err());
    }
}
