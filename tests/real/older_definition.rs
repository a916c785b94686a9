//! A cluster whose definition has no rules, as an older or edited one may have: what must not pass is refused all the same.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, api::PostParams};
use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene, eventually, own_plane};

fn without_rules(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("x-kubernetes-validations");
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(without_rules),
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        _ => {}
    }
}

#[tokio::test]
async fn without_the_definitions_rules_no_password_gets_into_status_and_no_other_namespace_is_read() {
    // Of its own, since its definition is.
    let plane = own_plane().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(plane.client().await.unwrap());
    let name = "tracktikcredentials.tracktik-operator.io";
    let mut definition = json!(definitions.get(name).await.unwrap());
    without_rules(&mut definition);
    let definition = serde_json::from_value(definition).unwrap();
    definitions
        .replace(name, &PostParams::default(), &definition)
        .await
        .unwrap();

    let scene = Scene::on(plane, "older", Duration::from_hours(1)).await;
    let operator = scene.start().await;
    let elsewhere = json!({ "secretRef": { "name": "../../elsewhere/secrets/acme" } });
    for (name, spec, field) in [
        (
            "domain",
            json!({ "domain": "user:hunter2@acme.staffr.net" }),
            "spec.domain",
        ),
        (
            "source",
            json!({ "credentials": elsewhere }),
            "spec.credentials.secretRef.name",
        ),
        (
            "label",
            json!({ "tokenSecret": { "metadata": { "labels": { "argocd.argoproj.io/instance": "any" } } } }),
            "spec.tokenSecret.metadata.labels",
        ),
    ] {
        scene.account(name).await;
        // The API server goes by the old definition for a moment.
        eventually(PATIENCE, || async {
            let accepted = scene.try_credential(name, spec.clone()).await;
            accepted.map_err(|error| error.to_string())
        })
        .await;
        let status = scene.not_ready(name, "SpecInvalid").await;
        assert!(status.message("Ready").starts_with(field), "{}", status.0);
        let told = format!("{} {}", status.0, operator.logs().join("\n"));
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert_eq!(scene.simulator.counts().token_requests, 0);
}
