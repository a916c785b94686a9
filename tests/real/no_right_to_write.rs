//! An operator that may read a namespace's Secrets and not write them: it finds out before a login.

use std::cell::Cell;

use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, api::DeleteParams};
use serde_json::{Value, json};
use testbed::manifests::apply_operator_rbac;

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

const RBAC: &str = "rbac.authorization.k8s.io";

/// All that ships in this namespace, but for writing Secrets.
async fn bind_without_writing(scene: &Scene) {
    let rule = |group: &str, resource: &str, verbs: &[&str]| -> Value {
        json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs })
    };
    let version = format!("{RBAC}/v1");
    scene
        .apply(json!({
            "apiVersion": version, "kind": "Role", "metadata": { "name": "reads-only" },
            "rules": [
                rule("tracktik-operator.io", "tracktikcredentials", &["get", "list", "watch"]),
                rule("tracktik-operator.io", "tracktikcredentials/status", &["patch"]),
                rule("", "secrets", &["get", "list", "watch"]),
                rule("events.k8s.io", "events", &["create", "patch"]),
            ],
        }))
        .await;
    scene
        .apply(json!({
            "apiVersion": version, "kind": "RoleBinding", "metadata": { "name": "reads-only" },
            "roleRef": { "apiGroup": RBAC, "kind": "Role", "name": "reads-only" },
            "subjects": [{ "kind": "ServiceAccount", "name": "tracktik-operator", "namespace": "tracktik-system" }],
        }))
        .await;
    let bindings: Api<RoleBinding> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let all_rights = "tracktik-operator";
    bindings.delete(all_rights, &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn a_right_to_write_secrets_that_is_missing_is_found_out_before_a_login() {
    let scene = Scene::new("reads-only").await;
    bind_without_writing(&scene).await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    let status = scene.not_ready("acme", "AccessDenied").await;
    assert_eq!(status.is("Reconciling"), "True", "{}", status.0);
    for part in ["secrets", "Next attempt at"] {
        assert!(status.message("Ready").contains(part), "no {part:?} in {}", status.0);
    }
    assert_eq!(scene.simulator.counts().token_requests, 0);

    // Once the right is there the next attempt, or any change of the source, makes use of it.
    apply_operator_rbac(&scene.client, &[&scene.namespace]).await.unwrap();
    let round = Cell::new(0);
    eventually(PATIENCE, || async {
        round.set(round.get() + 1);
        let touched = json!({ "metadata": { "labels": { "round": round.get().to_string() } } });
        scene.patch_secret("acme", touched).await;
        match scene.looked_at_again("acme").await {
            status if status.ready() == "True" => Ok(()),
            status => Err(status.0.to_string()),
        }
    })
    .await;
    say(&format!("ready after {} edits of the source", round.get()));
    assert_eq!(scene.simulator.counts().token_requests, 1);
}
