//! Kubernetes events: one per transition, sent in the background and dropped rather than waited for.

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, Resource, api::PostParams};
use tokio::sync::mpsc;

use super::{CredentialView, deadline::deadline};
use crate::{
    api::{Moment, Reason, TrackTikCredential, annotations::OPERATOR_NAME},
    random_id::random_id,
};

/// Longest note that events.k8s.io/v1 takes, in bytes.
const LONGEST_NOTE: usize = 1_024;

/// Events waiting to be sent; more are dropped, since status tells the same.
const QUEUE: usize = 256;

/// Where transitions are told.
#[derive(Clone, Debug)]
pub struct Events(mpsc::Sender<Event>);

impl Events {
    /// The sender, and the task that sends until every sender is gone.
    pub fn new(client: Client) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), send(client, receiver))
    }

    /// Tells of a transition.
    pub fn publish(&self, about: &CredentialView, warning: bool, reason: Reason, note: &str, now: Moment) {
        let event = event(about, warning, reason, note, now);
        if self.0.try_send(event).is_err() {
            tracing::debug!(
                namespace = about.key.namespace,
                name = about.key.name,
                "event dropped: too many at once"
            );
        }
    }
}

async fn send(client: Client, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        if let Err(error) = deadline(api.create(&PostParams::default(), &event)).await {
            tracing::warn!(namespace, %error, "event not recorded");
        }
    }
}

fn event(about: &CredentialView, warning: bool, reason: Reason, note: &str, now: Moment) -> Event {
    let mut note = note.to_owned();
    while note.len() > LONGEST_NOTE {
        note.pop();
    }
    Event {
        action: Some("Reconcile".to_owned()),
        event_time: Some(MicroTime(now.to_time().0)),
        metadata: ObjectMeta {
            namespace: Some(about.key.namespace.clone()),
            // The convention is the object's name, a dot, and something unique; generateName takes no dot at its end.
            name: Some(event_name(&about.key.name)),
            ..ObjectMeta::default()
        },
        note: Some(note),
        reason: Some(reason.as_str().to_owned()),
        regarding: Some(ObjectReference {
            api_version: Some(TrackTikCredential::api_version(&()).into_owned()),
            kind: Some(TrackTikCredential::kind(&()).into_owned()),
            name: Some(about.key.name.clone()),
            namespace: Some(about.key.namespace.clone()),
            uid: Some(about.uid.clone()),
            ..ObjectReference::default()
        }),
        reporting_controller: Some(format!("tracktik-operator.io/{OPERATOR_NAME}")),
        reporting_instance: Some(OPERATOR_NAME.to_owned()),
        type_: Some(if warning { "Warning" } else { "Normal" }.to_owned()),
        ..Event::default()
    }
}

fn event_name(about: &str) -> String {
    let start: String = about.chars().take(200).collect();
    format!("{}.{}", start.trim_end_matches(['.', '-']), random_id())
}
