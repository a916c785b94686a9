//! An operator that may not list credentials in one of its namespaces: it cannot say so there, so `/readyz` does, and the
//! others run.

use std::time::Instant;

use serde_json::json;
use testbed::manifests::{apply, apply_operator_rbac};

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

/// The rights to everything but credentials themselves, which others may look after.
async fn bind_secrets_alone(scene: &Scene) {
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": scene.namespace } });
    apply(&scene.client, &namespace).await.unwrap();
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    let verbs = ["get", "list", "watch", "create", "patch", "delete"];
    scene
        .apply(json!({
            "apiVersion": version, "kind": "Role", "metadata": { "name": "secrets-alone" },
            "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": verbs }],
        }))
        .await;
    scene
        .apply(json!({
            "apiVersion": version, "kind": "RoleBinding", "metadata": { "name": "secrets-alone" },
            "roleRef": { "apiGroup": group, "kind": "Role", "name": "secrets-alone" },
            "subjects": [{ "kind": "ServiceAccount", "name": "tracktik-operator", "namespace": "tracktik-system" }],
        }))
        .await;
}

#[tokio::test]
async fn a_namespace_whose_credentials_may_not_be_listed_is_named_by_readyz_and_the_others_run() {
    let mut scene = Scene::new("no-credentials").await;
    let whole = scene.namespace.clone();
    let poor = format!("{whole}-poor");
    scene.namespace.clone_from(&poor);
    bind_secrets_alone(&scene).await;
    scene.everyday("unseen").await;
    scene.namespace.clone_from(&whole);
    let operator = scene.operator().namespaces([poor.as_str()]);
    let operator = operator.start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    scene.rotated("acme", "1", &token).await;

    let (status, text) = operator.get("/readyz").await.unwrap();
    assert_eq!(status.as_u16(), 503, "{text}");
    for part in [
        format!("credentials in namespace {poor}: "),
        "grant the operator list and watch on tracktikcredentials".to_owned(),
    ] {
        assert!(text.contains(&part), "no {part:?} in {text}");
    }
    assert_eq!(text.lines().count(), 1, "nothing else is missing: {text}");
    assert!(operator.get("/livez").await.unwrap().0.is_success());
    let warnings = operator
        .logs()
        .into_iter()
        .filter(|line| line.contains("watch failing"));
    assert_eq!(warnings.count(), 1, "told once, not at every try");
    assert_eq!(
        (scene.attempts("acme"), scene.simulator.counts().token_requests),
        (2, 2)
    );

    apply_operator_rbac(&scene.client, &[&poor]).await.unwrap();
    let began = Instant::now();
    scene.namespace.clone_from(&poor);
    eventually(PATIENCE * 2, || async {
        let status = scene.status("unseen").await;
        match status.ready() {
            "True" => Ok(()),
            _ => Err(format!("{}", status.0)),
        }
    })
    .await;
    say(&format!(
        "ready {} ms after the rights were granted",
        began.elapsed().as_millis()
    ));
    let (status, text) = operator.get("/readyz").await.unwrap();
    assert!(status.is_success(), "{text}");
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
