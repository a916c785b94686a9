//! A namespace that is being deleted takes no new Secret: what needs one there is found out before a login, and the rest goes on.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use serde_json::json;
use testbed::manifests::{apply, apply_operator_rbac};

use crate::{
    admission::{policy, remove},
    few_rights::goes_on,
    scene::{PATIENCE, Scene, eventually},
};

/// What the controller of namespaces takes until it tries again to empty one that resisted.
const GONE_BY_THEN: Duration = Duration::from_mins(3);

/// Nothing in this namespace can be deleted, so that it stays in the middle of its end for as long as the test looks.
async fn hold_up_the_end(scene: &Scene) {
    let namespace = &scene.namespace;
    let spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "resourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["DELETE"], "resources": ["*"], "scope": "Namespaced" }],
        },
        "validations": [{ "expression": "false", "message": "all of it stays for now" }],
    });
    policy(scene, "ValidatingAdmissionPolicy", namespace, spec, json!(["Deny"])).await;
    let probe: Secret = serde_json::from_value(json!({ "metadata": { "name": "probe" } })).unwrap();
    eventually(PATIENCE, || async {
        // There already where it could not be deleted.
        drop(scene.secrets().create(&PostParams::default(), &probe).await);
        match scene.secrets().delete("probe", &DeleteParams::default()).await {
            Err(refused) if refused.to_string().contains("all of it stays") => Ok(()),
            other => Err(format!("the policy is not in force: {other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_costs_no_login_and_disturbs_no_other() {
    let mut scene = Scene::new("leaving").await;
    let staying = scene.namespace.clone();
    let leaving = format!("{staying}-gone");
    let namespaces: Api<Namespace> = Api::all(scene.client.clone());
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": leaving } });
    apply(&scene.client, &object).await.unwrap();
    apply_operator_rbac(&scene.client, &[&leaving]).await.unwrap();
    let operator = scene.operator().namespaces([leaving.as_str()]);
    let operator = operator.start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;

    scene.namespace.clone_from(&leaving);
    scene.account("acme").await;
    scene.credential("acme", json!({ "suspend": true })).await;
    scene.not_ready("acme", "Suspended").await;
    hold_up_the_end(&scene).await;
    namespaces.delete(&leaving, &DeleteParams::default()).await.unwrap();
    scene.patch("acme", json!({ "spec": { "suspend": false } })).await;
    let status = scene.not_ready("acme", "TargetNotWritable").await;
    let message = status.message("Ready");
    for part in [
        "Secret \"acme-token\"",
        "because it is being terminated",
        "Next attempt at",
    ] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    // It is tried again at a pace, and each time before anything is requested.
    let rehearsals = || {
        let asked = scene.asked_by_operator();
        let rehearsed = asked.iter().filter(|event| event.is_dry_run() && event.code == 403);
        rehearsed.count()
    };
    eventually(PATIENCE * 2, || async {
        match rehearsals() {
            2.. => Ok(()),
            few => Err(format!("rehearsed {few} times")),
        }
    })
    .await;
    assert!(rehearsals() <= 4, "{}", rehearsals());
    assert_eq!(scene.attempts("acme"), 0);
    let (code, text) = operator.get("/readyz").await.unwrap();
    assert!(code.is_success(), "{text}");

    remove(&scene, "validatingadmissionpolicy", &leaving).await;
    eventually(GONE_BY_THEN, || async {
        match namespaces.get_opt(&leaving).await.unwrap() {
            None => Ok(()),
            Some(namespace) => Err(format!("{:?}", namespace.status)),
        }
    })
    .await;
    assert_eq!(scene.attempts("acme"), 0);
    scene.namespace.clone_from(&staying);
    goes_on(&scene).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
