//! When something became true of each credential, as a watch tells it: no figure is rounded up to an interval of asking.

use std::{
    collections::HashMap,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::Outcome;

type Times = HashMap<String, Instant>;

/// A watch of the credentials of a namespace. It ends with this handle.
pub struct CredentialWatch {
    seen: watch::Receiver<Times>,
    _task: AbortOnDropHandle<()>,
}

impl CredentialWatch {
    /// Begins, and returns when its list is there. Those that `holds` is true of in the list were seen now.
    pub async fn begin(
        client: &Client,
        namespace: &str,
        holds: impl Fn(&DynamicObject) -> bool + Send + Sync + 'static,
    ) -> Outcome<Self> {
        let kind = GroupVersionKind::gvk("tracktik-operator.io", "v1alpha1", "TrackTikCredential");
        let resource = ApiResource::from_gvk_with_plural(&kind, "tracktikcredentials");
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let (tell, seen) = watch::channel(Times::new());
        let (listed, mut is_listed) = watch::channel(false);
        let holds = Arc::new(holds);
        let task = tokio::spawn(async move {
            let mut events = pin!(watcher::watcher(api, watcher::Config::default()).default_backoff());
            while let Some(event) = events.next().await {
                match event {
                    Ok(Event::InitDone) => {
                        listed.send_replace(true);
                    }
                    Ok(Event::InitApply(object) | Event::Apply(object)) if holds(&object) => {
                        let name = object.metadata.name.unwrap_or_default();
                        tell.send_if_modified(|times| {
                            let before = times.len();
                            times.entry(name).or_insert_with(Instant::now);
                            times.len() > before
                        });
                    }
                    _ => {}
                }
            }
        });
        is_listed.wait_for(|listed| *listed).await?;
        Ok(Self {
            seen,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Waits until it was true of so many, and tells when of each.
    pub async fn all(&self, count: usize, patience: Duration) -> Outcome<Times> {
        let mut seen = self.seen.clone();
        let awaited = seen.wait_for(|times| times.len() >= count);
        match tokio::time::timeout(patience, awaited).await {
            Ok(times) => Ok(times?.clone()),
            Err(_) => Err(format!("{} of {count} credentials after {patience:?}", self.so_far().len()).into()),
        }
    }

    /// Of whom it was true so far, and since when.
    pub fn so_far(&self) -> Times {
        self.seen.borrow().clone()
    }
}

/// Whether the condition Ready is True.
pub fn is_ready(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}
