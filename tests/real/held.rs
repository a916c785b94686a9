//! A token that was granted and cannot be stored yet.

use kube::api::DeleteParams;
use serde_json::json;
use testbed::{
    manifests::apply,
    simulator::{Fault, Target},
};

use crate::{
    admission::{policy, remove},
    scene::{PATIENCE, Scene, eventually},
};

/// A workload sends the token to the domain that stands beside it: that must be the one that granted it.
#[tokio::test]
async fn a_token_that_waits_to_be_stored_keeps_the_domain_that_granted_it() {
    let scene = Scene::new("held-domain").await;
    let granted_by = scene.simulator.domain();
    let other = format!("localhost:{}", scene.simulator.port());
    let operator = scene.operator().args(["--allowed-domain", &other]);
    let _operator = operator.start(scene.plane).await.unwrap();
    // Whatever is rehearsed is let through, and nothing for good.
    let spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": scene.namespace } },
            "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"] }],
        },
        "validations": [{ "expression": "request.dryRun || !object.metadata.name.endsWith('-token')" }],
    });
    policy(
        &scene,
        "ValidatingAdmissionPolicy",
        &scene.namespace,
        spec,
        json!(["Deny"]),
    )
    .await;
    let probe = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "probe-token", "namespace": scene.namespace } });
    eventually(PATIENCE, || async {
        // Once it was let through it is no creation any more.
        let _ = scene.secrets().delete("probe-token", &DeleteParams::default()).await;
        match apply(&scene.client, &probe).await {
            Ok(_) => Err("the policy is not in force".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;

    let account = scene.everyday("acme").await;
    scene.not_ready("acme", "TargetNotWritable").await;
    assert_eq!(scene.simulator.counts().logins, 1);

    // The other domain knows no such account, so that the first token is all that there will be.
    scene.simulator.set_fault(
        Target::Host("localhost".to_owned()),
        Fault::refusal(400, "invalid_grant"),
        None,
    );
    scene.patch("acme", json!({ "spec": { "domain": other } })).await;
    remove(&scene, "validatingadmissionpolicy", &scene.namespace).await;
    scene.not_ready("acme", "CredentialsRejected").await;
    let token = scene.token("acme").await;
    assert_eq!(scene.simulator.owner_of(&token), Some(account.username));
    assert_eq!(scene.value("acme-token", "domain").await, Some(granted_by));
    assert_eq!(scene.simulator.counts().logins, 1);
}
