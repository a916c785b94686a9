//! What a GitOps tool must not find: its own labels on what the operator makes, and the operator's name on what a user
//! wrote. And what one renewal asks of the API server, by its own log.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::json;

use crate::scene::Scene;

/// A label by which Argo CD and Helm find what is theirs, and may prune what is not in Git.
const INSTANCE: &str = "app.kubernetes.io/instance";

fn managers(metadata: &ObjectMeta) -> impl Iterator<Item = &ManagedFieldsEntry> {
    let entries = metadata.managed_fields.iter().flatten();
    entries.filter(|entry| {
        entry
            .manager
            .as_deref()
            .is_some_and(|name| name.contains("tracktik-operator"))
    })
}

#[tokio::test]
async fn no_label_of_a_credential_is_copied_onto_its_secret_which_has_it_as_its_owner() {
    let scene = Scene::new("labels").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    scene
        .apply(json!({
            "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
            "metadata": {
                "name": "acme",
                "labels": { INSTANCE: "payroll", "kustomize.toolkit.fluxcd.io/name": "payroll" },
                "annotations": { "argocd.argoproj.io/tracking-id": "payroll:tracktik-operator.io/TrackTikCredential" },
            },
            "spec": { "domain": scene.simulator.domain(), "credentials": { "secretRef": { "name": "acme" } } },
        }))
        .await;
    scene.ready("acme").await;
    let secret = scene.secrets().get("acme-token").await.unwrap();
    let said = json!([secret.metadata.labels, secret.metadata.annotations]).to_string();
    for theirs in [INSTANCE, "fluxcd", "argocd", "payroll", &account.username] {
        assert!(!said.contains(theirs), "{theirs} in {said}");
    }
    let credential = scene.credentials().get("acme").await.unwrap();
    let owners = secret.metadata.owner_references.unwrap();
    assert_eq!(owners.len(), 1, "{owners:?}");
    assert_eq!(
        (Some(&owners[0].uid), owners[0].controller),
        (credential.metadata.uid.as_ref(), Some(true))
    );
}

#[tokio::test]
async fn of_a_credential_the_operator_owns_and_writes_the_status_alone() {
    let scene = Scene::new("managed").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let before = scene.token("acme").await;
    scene.rotated("acme", "1", &before).await;
    let credential = scene.credentials().get("acme").await.unwrap();
    let managed: Vec<_> = managers(&credential.metadata).collect();
    assert!(!managed.is_empty(), "{:?}", credential.metadata.managed_fields);
    for entry in managed {
        assert_eq!(entry.subresource.as_deref(), Some("status"), "{entry:?}");
        let fields = json!(entry.fields_v1);
        let owned: Vec<&String> = fields.as_object().unwrap().keys().collect();
        assert_eq!(owned, ["f:status"]);
    }
    let written = scene.written_until_now().await;
    assert!(written.len() > 4, "{written:#?}");
    let credentials = written.iter().filter(|event| event.resource == "tracktikcredentials");
    for event in credentials {
        assert_eq!(event.subresource, "status", "{event:?}");
    }
}

/// A list would wait for the API server's cache, and hold up all who renew at that time.
#[tokio::test]
async fn a_renewal_reads_one_secret_and_lists_nothing() {
    let scene = Scene::new("asked").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.everyday("other").await;
    scene.ready("other").await;
    scene.ready("acme").await;
    let before = scene.token("acme").await;
    scene.written_until_now().await;
    let asked = scene.asked_by_operator().len();
    scene.rotated("acme", "1", &before).await;
    scene.written_until_now().await;
    let mut events = scene.asked_by_operator().split_off(asked);
    events.retain(|event| event.resource != "events");
    let asked: Vec<String> = events
        .iter()
        .map(|event| {
            let rehearsal = if event.is_dry_run() { " rehearsed" } else { "" };
            let what = [event.resource.as_str(), event.subresource.as_str()].join("/");
            format!("{} {what} {}{rehearsal}", event.verb, event.name)
        })
        .collect();
    let expected = [
        "get secrets/ acme",
        "patch secrets/ acme-token rehearsed",
        "patch tracktikcredentials/status acme",
        "patch secrets/ acme-token",
        "patch tracktikcredentials/status acme",
    ];
    assert_eq!(asked, expected);
}
