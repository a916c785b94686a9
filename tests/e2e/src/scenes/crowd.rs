//! Fifty credentials, and the workloads that use the tokens of some, in each of the ways in which users write them.

use std::{collections::BTreeMap, future::Future};

use serde_json::Value;

use crate::{
    figures::Figures,
    manifests::{Kind, reader},
    node::{apply, kubectl},
    outcome::{Outcome, hold, until},
    scene,
    stage::{PATIENCE, Stage, USERS},
};

/// Readers of a mounted folder, beside the very first; each has a credential of its own.
const MOUNTED: usize = 10;
/// Credentials that nobody reads, so that it is fifty with the first, and those of the other kinds of readers.
const UNREAD: usize = 50 - 1 - MOUNTED - 2;

/// Who is there, besides the operator.
pub struct Crowd {
    /// The Secret that each reader of a mounted folder reads, by the reader's name.
    pub mounted: BTreeMap<String, String>,
    /// Those whose requests must never fail: they read what is mounted at each request.
    unharmed: Vec<String>,
}

impl Crowd {
    /// Makes all of it, and waits until every reader has asked.
    pub async fn comes(stage: &Stage) -> Outcome<Self> {
        let mounted: Vec<String> = (0..MOUNTED).map(|number| format!("mounted-{number}")).collect();
        let unread = (0..UNREAD).map(|number| format!("unread-{number}"));
        let others = ["various", "environment"].map(str::to_owned);
        let credentials: Vec<String> = mounted.iter().cloned().chain(others).chain(unread).collect();
        stage.credentials(USERS, &credentials).await?;
        kubectl(&format!(
            "-n {USERS} wait --for=condition=Ready ttc --all --timeout=60s"
        ))
        .await?;

        let mut pods: Vec<Value> = mounted
            .iter()
            .map(|name| reader(USERS, name, name, Kind::Mounted))
            .collect();
        pods.extend([
            reader(USERS, "cached", "various", Kind::Cached),
            reader(USERS, "projected", "various", Kind::Projected),
            reader(USERS, "subpath", "various", Kind::SubPath),
            reader(USERS, "environment", "environment", Kind::Environment),
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

    /// Until every reader has asked once more than now.
    pub async fn asks(&self, stage: &Stage) -> Outcome {
        let before = stage.counts().await?.by_reader;
        let names = self
            .unharmed
            .iter()
            .map(String::as_str)
            .chain(["cached", "subpath", "environment"]);
        for name in names {
            let requests = |counts: &BTreeMap<String, _>| {
                counts
                    .get(name)
                    .map_or(0, |reader: &testbed::simulator::ReaderCounts| reader.requests)
            };
            until(&format!("a request of {name}"), PATIENCE, || async {
                let now = stage.counts().await?.by_reader;
                hold(requests(&now) > requests(&before), || {
                    format!("still {}", requests(&before))
                })
            })
            .await?;
        }
        Ok(())
    }

    /// A scene that costs no re-reading reader a request, while all of them ask on.
    pub async fn unharmed<T>(&self, stage: &Stage, name: &str, played: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        scene(name, async {
            let value = played.await?;
            self.asks(stage).await?;
            self.nothing_failed(stage).await?;
            Ok(value)
        })
        .await
    }

    /// By the simulator's counts.
    pub async fn nothing_failed(&self, stage: &Stage) -> Outcome {
        let counts = stage.counts().await?;
        for name in &self.unharmed {
            let reader = counts.by_reader.get(name).cloned().unwrap_or_default();
            hold(reader.failures == 0, || format!("{name}: {reader:?}"))?;
        }
        Ok(())
    }

    /// What the re-reading readers have printed so far; none has remained without an answer.
    pub async fn logs_are_read(&self, figures: &Figures) -> Outcome {
        let failed = figures.read_logs(&self.unharmed).await?;
        hold(failed.is_empty(), || failed.join("\n"))
    }
}
