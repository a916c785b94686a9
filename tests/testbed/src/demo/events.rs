//! The events about credentials, shown as they come.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher},
};
use tokio::task::JoinSet;

use super::{stage::NAMESPACE, terminal::Terminal};

/// Shows each event of a credential in one line, until the returned set is dropped.
pub(super) fn show(client: Client, terminal: Terminal) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let api: Api<Event> = Api::namespaced(client, NAMESPACE);
        let events = watcher(api, watcher::Config::default()).default_backoff();
        let mut events = pin!(events.applied_objects());
        while let Some(event) = events.next().await {
            if let Ok(event) = event {
                terminal.short_line("event", &in_words(&event));
            }
        }
    });
    tasks
}

fn in_words(event: &Event) -> String {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    format!("{} {}: {}", text(&event.type_), text(&event.reason), text(&event.note))
}
