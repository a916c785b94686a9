//! A pod that mounts the token Secret, without a kubelet: a folder that is synced every five seconds, and the reader
//! in it. A real kubelet takes up to 90 s, for which tokens of two minutes would be too short.

use std::{path::PathBuf, time::Duration};

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use super::{
    Outcome, Problem,
    mounted_secret::{Data, MountedSecret},
    reader::{Reader, ReaderConfig, ReaderCounts},
    terminal::Terminal,
};

/// How often the folder is brought up to date.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(5);
/// A sync is late if it takes longer than this, at the latest.
const SYNC_LIMIT: Duration = Duration::from_secs(10);
/// What examples/workload.yaml mounts: not the refresh token.
const ITEMS: [&str; 2] = ["access_token", "expires_at"];

/// The latest sync.
#[derive(Debug, Clone, Default)]
struct Synced {
    number: u64,
    token: Option<String>,
}

/// A running pod. Dropping it ends it.
#[derive(Debug)]
pub struct Pod {
    synced: watch::Receiver<Synced>,
    reader: Reader,
    /// The sync, aborted when dropped.
    _syncing: JoinSet<()>,
}

impl Pod {
    /// Mounts the Secret, which must exist as for any pod, and starts the reader in it.
    ///
    /// # Errors
    /// When there is no such Secret, or the folder cannot be written.
    pub async fn start(
        secrets: Api<Secret>,
        name: &'static str,
        config: ReaderConfig,
        terminal: Terminal,
    ) -> Result<Self, Problem> {
        let mut mount = Mount {
            secrets,
            name,
            mounted: MountedSecret::new(PathBuf::from(&config.folder))?,
        };
        let token = mount.sync().await?.1;
        let reader = Reader::start(config, terminal)?;
        let (sender, synced) = watch::channel(Synced { number: 1, token });
        let mut syncing = JoinSet::new();
        syncing.spawn(keep_synced(mount, sender, terminal));
        Ok(Self {
            synced,
            reader,
            _syncing: syncing,
        })
    }

    /// Waits for the next sync.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn next_sync(&self) -> Outcome {
        let last = self.synced.borrow().number;
        self.sync_that("the next sync", |synced| synced.number > last).await
    }

    /// Waits until the folder holds this access token.
    ///
    /// # Errors
    /// When it does not within two syncs.
    pub async fn holds(&self, token: &str) -> Outcome {
        let has = |synced: &Synced| synced.token.as_deref() == Some(token);
        self.sync_that("the new token in the pod's folder", has).await
    }

    async fn sync_that(&self, awaited: &str, holds: impl Fn(&Synced) -> bool) -> Outcome {
        let mut synced = self.synced.clone();
        let found = tokio::time::timeout(SYNC_LIMIT, synced.wait_for(holds)).await;
        match found {
            Ok(Ok(_)) => Ok(()),
            _ => Err(format!("{awaited} did not come within {SYNC_LIMIT:?}").into()),
        }
    }

    /// What the reader counted so far.
    #[must_use]
    pub fn counts(&self) -> ReaderCounts {
        self.reader.counts()
    }

    /// Ends the reader after the request that is under way, and then the sync.
    pub async fn stop(self) -> ReaderCounts {
        self.reader.stop().await
    }
}

struct Mount {
    secrets: Api<Secret>,
    name: &'static str,
    mounted: MountedSecret,
}

impl Mount {
    /// Whether anything changed, and the access token that is now in the folder.
    async fn sync(&mut self) -> Result<(bool, Option<String>), Problem> {
        let mut all = self.secrets.get(self.name).await?.data.unwrap_or_default();
        let items = ITEMS
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), all.remove(key)?.0)));
        let data: Data = items.collect();
        let token = data
            .get("access_token")
            .map(|token| String::from_utf8_lossy(token).into_owned());
        Ok((self.mounted.sync(data)?, token))
    }
}

async fn keep_synced(mut mount: Mount, sender: watch::Sender<Synced>, terminal: Terminal) {
    let mut ticks = interval_at(Instant::now() + SYNC_INTERVAL, SYNC_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match mount.sync().await {
            Ok((changed, token)) => {
                if changed {
                    let what = if token.is_some() {
                        "the new token is mounted"
                    } else {
                        "the folder has no token"
                    };
                    terminal.line("pod", what);
                }
                sender.send_modify(|synced| {
                    synced.number += 1;
                    synced.token = token;
                });
            }
            // As a kubelet does: what is mounted stays, and the next sync tries again.
            Err(error) => terminal.line("pod", &format!("sync failed: {error}")),
        }
    }
}
