//! What GitOps tools say of credentials as they stand on the API server, in each state that can be brought about: kstatus,
//! by which Flux and Helm 4 wait, and Argo CD with the health script of ours.

use std::{path::Path, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use testbed::{
    gitops_tools::{argo_health, kstatus},
    simulator::{Fault, Target},
};

use crate::{
    missing_rights::bind_too_little,
    scene::{Scene, Status},
};

const SCRIPT: &str = "gitops/argocd/resource_customizations/tracktik-operator.io/TrackTikCredential/health.lua";

impl Scene {
    async fn assert_words(&self, expected: &[(&str, &str, &str)]) {
        let found = self.credentials().list(&ListParams::default()).await.unwrap();
        let objects: Vec<Value> = found
            .items
            .iter()
            .map(|credential| {
                let mut object = serde_json::to_value(credential).unwrap();
                // As each of a list, but not as it is read alone, they have no type.
                object["apiVersion"] = json!("tracktik-operator.io/v1alpha1");
                object["kind"] = json!("TrackTikCredential");
                object
            })
            .collect();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCRIPT);
        let health = argo_health(&script, &objects).await.unwrap();
        let kstatus = kstatus(&objects).await.unwrap();
        let said: Vec<_> = objects
            .iter()
            .zip(kstatus.iter().zip(&health))
            .map(|(object, (kstatus, health))| {
                let name = object["metadata"]["name"].as_str().unwrap();
                (name, kstatus.status.as_str(), health.status.as_str())
            })
            .collect();
        assert_eq!(said, expected, "{objects:#?}");
    }
}

/// In the order of their names, as they are listed.
const STATES: [(&str, &str, &str); 14] = [
    ("conflict", "Failed", "Degraded"),
    ("deleted", "Terminating", "Progressing"),
    ("domain", "Failed", "Degraded"),
    ("fails-to-renew", "Current", "Healthy"),
    ("first-of-host", "InProgress", "Progressing"),
    ("immutable", "Failed", "Degraded"),
    ("no-source", "Failed", "Degraded"),
    ("paused", "Failed", "Suspended"),
    ("paused-with-a-token", "Current", "Healthy"),
    ("rejected", "Failed", "Degraded"),
    ("source-gone", "Current", "Healthy"),
    ("unavailable", "InProgress", "Progressing"),
    ("waits", "InProgress", "Progressing"),
    ("well", "Current", "Healthy"),
];

#[tokio::test]
async fn kstatus_and_argo_cd_call_each_state_by_the_word_that_is_meant() {
    let scene = Scene::new("words").await;
    let silent = format!("localhost:{}", scene.simulator.port());
    let operator = scene.operator().args(["--allowed-domain", &silent]);
    let operator = operator.start(scene.plane).await.unwrap();
    let with_a_token = [
        "deleted",
        "fails-to-renew",
        "immutable",
        "paused-with-a-token",
        "source-gone",
        "well",
    ];
    let mut accounts = Vec::new();
    for name in with_a_token {
        accounts.push(scene.everyday(name).await);
    }
    for name in with_a_token {
        scene.ready(name).await;
    }

    // Two on a host that takes a request and says nothing: the second waits for the first.
    let silence = Fault::Silence { after_effect: false };
    scene
        .simulator
        .set_fault(Target::Host("localhost".to_owned()), silence, None);
    scene.account("first-of-host").await;
    scene.credential("first-of-host", json!({ "domain": silent })).await;
    scene.in_flight().await;
    scene.not_ready("first-of-host", "Issuing").await;
    scene.account("waits").await;
    scene.credential("waits", json!({ "domain": silent })).await;

    scene.secret("conflict-token", &[("theirs", "precious")]).await;
    scene.everyday("conflict").await;
    scene.account("domain").await;
    scene
        .credential("domain", json!({ "domain": "somewhere.example" }))
        .await;
    scene.credential("no-source", json!({})).await;
    scene.account("paused").await;
    scene.credential("paused", json!({ "suspend": true })).await;
    scene.with_password("rejected", "wrong").await;
    let unavailable = scene.account("unavailable").await;
    let fault = Fault::Status {
        status: 503,
        after_effect: false,
    };
    let of = Target::Username(unavailable.username);
    scene.simulator.set_fault(of, fault, None);
    scene.credential("unavailable", json!({})).await;

    assert!(scene.simulator.change_password(&accounts[1].username, "another"));
    scene
        .annotate("fails-to-renew", "tracktik-operator.io/rotate", "now")
        .await;
    scene.delete_secret("source-gone").await;
    let suspend = json!({ "spec": { "suspend": true } });
    scene.patch("paused-with-a-token", suspend).await;
    let clear = json!({ "clientId": { "value": accounts[2].client_id } });
    let another_identity = json!({ "spec": { "credentials": clear } });
    scene
        .patch_secret("immutable-token", json!({ "immutable": true }))
        .await;
    scene.patch("immutable", another_identity).await;
    let finalizers = json!({ "metadata": { "finalizers": ["example.com/kept"] } });
    scene.patch("deleted", finalizers).await;
    let delete = DeleteParams::default();
    scene.credentials().delete("deleted", &delete).await.unwrap();

    for (name, reason) in [
        ("waits", "Waiting"),
        ("conflict", "TargetConflict"),
        ("domain", "DomainNotAllowed"),
        ("no-source", "SourceNotFound"),
        ("paused", "Suspended"),
        ("rejected", "CredentialsRejected"),
        ("unavailable", "EndpointUnavailable"),
        ("immutable", "TargetNotWritable"),
    ] {
        scene.not_ready(name, reason).await;
    }
    scene.renewal_off("fails-to-renew", "CredentialsRejected").await;
    scene.renewal_off("source-gone", "SourceNotFound").await;
    let paused = |status: &Status| status.message("Ready").contains("suspend");
    scene.status_that("paused-with-a-token", "paused", paused).await;
    scene.assert_words(&STATES).await;

    // Nobody has looked at the new spec, nor at a new credential: neither says anything yet.
    operator.kill().await.unwrap();
    let another = json!({ "spec": { "renewal": { "renewBeforeSeconds": 600 } } });
    let mut states = STATES;
    for (name, kstatus, health) in &mut states {
        if *name != "deleted" {
            scene.patch(name, another.clone()).await;
            (*kstatus, *health) = ("InProgress", "Progressing");
        }
    }
    scene.everyday("zero").await;
    let mut states = states.to_vec();
    states.push(("zero", "InProgress", "Progressing"));
    scene.assert_words(&states).await;
    scene
        .patch("deleted", json!({ "metadata": { "finalizers": null } }))
        .await;
}

#[tokio::test]
async fn an_expired_token_is_in_progress_as_long_as_another_may_come() {
    let scene = Scene::with_token_life("words-expired", Duration::from_secs(31)).await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    let expires = scene.ready("acme").await.0["expirationTime"].clone();
    scene.assert_words(&[("acme", "Current", "Healthy")]).await;
    operator.kill().await.unwrap();
    let silence = Fault::Silence { after_effect: false };
    scene
        .simulator
        .set_fault(Target::Host("127.0.0.1".to_owned()), silence, None);
    let expires: Timestamp = expires.as_str().unwrap().parse().unwrap();
    let left = expires.duration_since(Timestamp::now());
    tokio::time::sleep(left.try_into().unwrap_or_default()).await;
    let _operator = scene.start().await;
    let status = scene.not_ready("acme", "TokenExpired").await;
    assert_eq!(status.is("Reconciling"), "True", "{}", status.0);
    scene.assert_words(&[("acme", "InProgress", "Progressing")]).await;
}

#[tokio::test]
async fn what_only_an_administrator_can_allow_is_in_progress() {
    let mut scene = Scene::new("words-rights").await;
    let poor = format!("{}-poor", scene.namespace);
    scene.namespace.clone_from(&poor);
    bind_too_little(&scene, &[]).await;
    scene.everyday("acme").await;
    let _operator = scene.start().await;
    scene.not_ready("acme", "AccessDenied").await;
    scene.assert_words(&[("acme", "InProgress", "Progressing")]).await;
}
