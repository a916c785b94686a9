//! Reading, writing and watching one Lease.

use std::time::Duration;

use futures::{StreamExt, stream::BoxStream};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams, WatchEvent, WatchParams},
};

use super::{
    deadline::{deadline_of, object_of},
    error::ClusterError,
    lease_object::{Lease, Record},
};
use crate::{
    api::annotations::OPERATOR_NAME,
    clock::{self, Instant},
};

/// Load balancers cut flows that are idle for 240 s, and a follower's may be idle: nothing happens to a Lease that
/// nobody holds.
const WATCH_SECONDS: u32 = 200;

/// One Lease. Each call has a deadline of its own, since a slow answer must not cost the leadership.
#[derive(Clone, Debug)]
pub(super) struct LeaseCalls {
    api: Api<Lease>,
    name: String,
}

impl LeaseCalls {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
        }
    }

    /// As it stands; `None` where there is none.
    pub(super) async fn read(&self, limit: Duration) -> Result<Option<Lease>, ClusterError> {
        match deadline_of(limit, self.api.get(&self.name)).await {
            Ok(lease) => self.ours(lease).map(Some),
            Err(ClusterError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes this record: in place of exactly the Lease that was seen, or into a new one where none was.
    ///
    /// Never as a patch, which is carried out whatever has happened since. uid and resourceVersion of what was seen go
    /// with it; without the uid the API server would create a Lease anew that was deleted meanwhile.
    pub(super) async fn write(
        &self,
        seen: Option<&Lease>,
        record: Record,
        limit: Duration,
    ) -> Result<Lease, ClusterError> {
        let params = PostParams {
            field_manager: Some(OPERATOR_NAME.to_owned()),
            ..PostParams::default()
        };
        let metadata = match seen {
            Some(seen) => seen.metadata.clone(),
            None => ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
        };
        let lease = Lease { metadata, record };
        let written = if seen.is_some() {
            deadline_of(limit, self.api.replace(&self.name, &params, &lease)).await?
        } else {
            deadline_of(limit, self.api.create(&params, &lease)).await?
        };
        self.ours(written)
    }

    fn ours(&self, answer: Lease) -> Result<Lease, ClusterError> {
        object_of(&self.name, answer, |lease| &lease.metadata)
    }
}

/// What a watch tells.
#[derive(Debug)]
pub(super) enum Change {
    /// It stands like this now.
    Stands(Box<Lease>),
    /// It was deleted.
    Gone,
    /// There is no telling: it has to be read.
    Unknown,
}

/// Follows one Lease, so that a hand-over is noticed at once.
///
/// Never trusted alone: it may break without a word. Whoever uses it also looks when the time is up, and writes with a
/// resourceVersion.
pub(super) struct LeaseWatch {
    calls: LeaseCalls,
    /// The shortest time between two watches, so that one that is refused becomes a poll.
    retry: Duration,
    limit: Duration,
    begun: Option<Instant>,
    changes: Option<BoxStream<'static, kube::Result<WatchEvent<Lease>>>>,
}

impl LeaseWatch {
    pub(super) fn new(calls: LeaseCalls, retry: Duration, limit: Duration) -> Self {
        Self {
            calls,
            retry,
            limit,
            begun: None,
            changes: None,
        }
    }

    /// The next change, after `version` where a watch has to be begun; without a version there is nothing to begin from,
    /// and the answer is [`Change::Unknown`] once per retry period. May be dropped half-way.
    pub(super) async fn next(&mut self, version: Option<&str>) -> Change {
        if self.changes.is_none() {
            if let Some(begun) = self.begun {
                tokio::time::sleep_until(begun + self.retry).await;
            }
            self.begun = Some(clock::monotonic());
            if !self.begin(version).await {
                return Change::Unknown;
            }
        }
        while let Some(changes) = &mut self.changes {
            match changes.next().await {
                Some(Ok(WatchEvent::Added(lease) | WatchEvent::Modified(lease))) => {
                    return Change::Stands(Box::new(lease));
                }
                Some(Ok(WatchEvent::Deleted(_))) => return Change::Gone,
                Some(Ok(WatchEvent::Bookmark(_))) => {}
                // It has lasted its time, the connection broke, or the version is too old.
                None | Some(Ok(WatchEvent::Error(_)) | Err(_)) => self.changes = None,
            }
        }
        Change::Unknown
    }

    async fn begin(&mut self, version: Option<&str>) -> bool {
        let Some(version) = version else { return false };
        // With this selector the right to watch one name suffices.
        let params = WatchParams::default()
            .fields(&format!("metadata.name={}", self.calls.name))
            .timeout(WATCH_SECONDS)
            .disable_bookmarks();
        match deadline_of(self.limit, self.calls.api.watch(&params, version)).await {
            Ok(changes) => self.changes = Some(changes.boxed()),
            Err(error) => tracing::debug!(%error, "the Lease cannot be watched and is read instead"),
        }
        self.changes.is_some()
    }

    /// Forgets the changes on their way: what was read is newer.
    pub(super) fn start_over(&mut self) {
        self.changes = None;
    }
}
