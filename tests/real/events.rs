//! What `kubectl describe` and `kubectl events` tell of a credential.

use k8s_openapi::api::events::v1::Event;
use kube::{
    Api,
    api::{ListParams, ObjectList},
};
use serde_json::json;

use crate::scene::{PATIENCE, Scene, eventually};

/// Waits until there are events that are as wanted.
async fn events_that(scene: &Scene, what: &str, hold: impl Fn(&[Event]) -> bool) -> Vec<Event> {
    let api: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    eventually(PATIENCE, || async {
        let ObjectList { items, .. } = api.list(&ListParams::default()).await.unwrap();
        if hold(&items) {
            Ok(items)
        } else {
            Err(format!("no {what} in {items:#?}"))
        }
    })
    .await
}

fn about(name: &str, reason: &str) -> impl Fn(&Event) -> bool {
    move |event| {
        let regarding = event.regarding.as_ref().and_then(|object| object.name.as_deref());
        regarding == Some(name) && event.reason.as_deref() == Some(reason)
    }
}

#[tokio::test]
async fn a_transition_is_told_once_and_names_its_credential() {
    let scene = Scene::new("events").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    // A dot at the place where a long name is cut must not make the event's own name invalid.
    let dotted = format!("{}.{}", "a".repeat(199), "b".repeat(20));
    for name in ["acme", dotted.as_str()] {
        scene
            .credential(name, json!({ "credentials": { "secretRef": { "name": "late" } } }))
            .await;
        let status = scene.not_ready(name, "SourceNotFound").await;
        let events = events_that(&scene, "event", |events| {
            events.iter().any(about(name, "SourceNotFound"))
        })
        .await;
        let told: Vec<_> = events
            .iter()
            .filter(|event| about(name, "SourceNotFound")(event))
            .collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert_eq!(told[0].type_.as_deref(), Some("Warning"));
        assert_eq!(told[0].note.as_deref(), Some(status.message("Ready")));
        let regarding = told[0].regarding.as_ref().unwrap();
        assert_eq!(regarding.uid, scene.credentials().get(name).await.unwrap().metadata.uid);
        assert_eq!(regarding.kind.as_deref(), Some("TrackTikCredential"));
    }
    scene
        .patch(
            "acme",
            json!({ "spec": { "credentials": { "secretRef": { "name": "acme" } } } }),
        )
        .await;
    scene.ready("acme").await;
    let events = events_that(&scene, "event", |events| events.iter().any(about("acme", "TokenValid"))).await;
    let normal = events.iter().find(|event| about("acme", "TokenValid")(event)).unwrap();
    assert_eq!(normal.type_.as_deref(), Some("Normal"));
}
