//! Kubernetes events: one per transition, sent in the background and dropped rather than waited for.

use std::time::Duration;

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, Resource, api::PostParams};
use tokio::sync::mpsc;

use super::{CredentialView, deadline::deadline};
use crate::{
    api::{Moment, Reason, TrackTikCredential, annotations::OPERATOR_NAME},
    clock,
    random_id::random_id,
};

/// Longest note that events.k8s.io/v1 takes, in bytes.
const LONGEST_NOTE: usize = 1_024;

/// Events waiting to be sent; more are dropped, since status tells the same.
const QUEUE: usize = 256;

/// So many are sent at once, …
const BURST: u32 = 50;

/// … and then one after this time: thousands of first tokens at once are not to wait for the API server to take in what status
/// tells as well. The pace at which client-go's users have their events sent by default: 20 a second.
const GAP: Duration = Duration::from_millis(50);

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
    // When the next would be sent if there had been no burst.
    let mut due = clock::monotonic();
    while let Some(event) = events.recv().await {
        due = due.max(clock::monotonic()) + GAP;
        // The last ones are not waited for: the process ends.
        if !events.is_closed() {
            tokio::time::sleep_until(due - GAP * BURST).await;
        }
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        if let Err(error) = deadline(api.create(&PostParams::default(), &event)).await {
            let name = event.regarding.as_ref().and_then(|about| about.name.as_deref());
            tracing::warn!(namespace, name, %error, "event not recorded");
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

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use kube::client::Body;

    use super::*;
    use crate::cluster::CredentialObject;

    #[tokio::test(start_paused = true)]
    async fn many_at_once_are_sent_at_a_pace_and_the_last_ones_at_once() {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let service = tower::service_fn(move |_: http::Request<Body>| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, Infallible>(http::Response::new(Body::from(b"{}".to_vec()))) }
        });
        let (events, sending) = Events::new(Client::new(service, "default"));
        let sending = tokio::spawn(sending);
        let object = serde_json::json!({ "metadata": { "namespace": "team", "name": "acme", "uid": "u" } });
        let acme = serde_json::from_value::<CredentialObject>(object).unwrap().into();
        let publish = |count: usize| {
            for _ in 0..count {
                events.publish(&acme, false, Reason::TokenValid, "n", Moment::from_seconds(1));
            }
        };
        publish(150);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(sent.load(Ordering::Relaxed), 50);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(sent.load(Ordering::Relaxed), 70);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(sent.load(Ordering::Relaxed), 150);
        publish(100);
        drop(events);
        tokio::time::timeout(Duration::from_millis(100), sending)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(sent.load(Ordering::Relaxed), 250);
    }

    #[test]
    fn an_event_is_one_that_the_api_server_takes() {
        let object = serde_json::json!({ "metadata": { "namespace": "team", "name": "acme", "uid": "u" } });
        let object: CredentialObject = serde_json::from_value(object).unwrap();
        let told = event(
            &object.into(),
            true,
            Reason::SourceInvalid,
            &"ä".repeat(1_000),
            Moment::from_seconds(1),
        );
        let note = told.note.unwrap();
        assert!(note.len() <= 1_024 && note.len() > 1_020, "{}", note.len());
        assert!(note.chars().all(|letter| letter == 'ä'), "none is cut in two");
        assert_eq!(told.reason.as_deref(), Some("SourceInvalid"));
        assert_eq!(told.type_.as_deref(), Some("Warning"));
        assert_eq!(told.metadata.namespace.as_deref(), Some("team"));
        assert!(told.metadata.name.unwrap().starts_with("acme."));
        // What the API server wants of each: who tells, as what, and what was done.
        assert_eq!(
            told.reporting_controller.as_deref(),
            Some("tracktik-operator.io/tracktik-operator")
        );
        assert!(
            told.reporting_instance
                .is_some_and(|name| !name.is_empty() && name.len() <= 128)
        );
        assert!(told.action.is_some() && told.event_time.is_some());
    }
}
