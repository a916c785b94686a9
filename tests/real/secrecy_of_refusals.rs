//! A policy of the cluster may quote the object that it refuses, tokens included; what it says goes no further.

use serde_json::{Value, json};
use testbed::manifests::apply;

use crate::{
    admission::{policy, remove},
    canaries::Login,
    scene::{PATIENCE, Scene, eventually},
    secrets::Secrets,
};

/// Refuses the writes that this file provokes, and quotes as much as fits: the beginning of a token, which no filter for
/// long words would take out, and all data.
async fn policy_that_quotes(scene: &Scene) {
    let quoting = |object: &str| {
        format!(
            "'token ' + string(dyn({object}.data['access_token'])).substring(0, 20) + ' of ' + string(dyn({object}.data['access_token']))"
        )
    };
    let named = |object: &str, name: &str| format!("{object}.metadata.name == '{name}'");
    let update = format!("request.operation == 'UPDATE' && {}", named("object", "updated-token"));
    let create = format!(
        "request.operation == 'CREATE' && {} && !request.dryRun",
        named("object", "created-token")
    );
    let delete = format!("request.operation == 'DELETE' && {}", named("oldObject", "moved-token"));
    let probe = format!("request.operation != 'DELETE' && {}", named("object", "probe"));
    let spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": scene.namespace } },
            "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["secrets"] }],
        },
        "validations": [
            { "expression": format!("!({probe})"), "message": "in force" },
            { "expression": format!("!({update})"), "messageExpression": quoting("oldObject") },
            { "expression": format!("!({create})"), "messageExpression": quoting("object") },
            { "expression": format!("!({delete})"), "messageExpression": quoting("oldObject") },
        ],
    });
    policy(
        scene,
        "ValidatingAdmissionPolicy",
        &scene.namespace,
        spec,
        json!(["Deny"]),
    )
    .await;
    let probe =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "probe", "namespace": scene.namespace } });
    eventually(PATIENCE, || async {
        match apply(&scene.client, &probe).await {
            Ok(_) => Err("the policy is not in force".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
}

/// The facts on a token Secret, as if its token had expired years ago.
async fn expired_facts(scene: &Scene, secret: &str) -> String {
    let found = scene.secrets().get(secret).await.unwrap();
    let facts = &found.metadata.annotations.unwrap()["tracktik-operator.io/issue"];
    let mut facts: Value = serde_json::from_str(facts).unwrap();
    facts["issuedAt"] = json!("2020-01-01T00:00:00Z");
    facts["expiresAt"] = json!("2020-01-01T01:00:00Z");
    facts.to_string()
}

#[tokio::test]
async fn what_a_policy_quotes_is_not_repeated() {
    let scene = Scene::new("secrecy-refusals").await;
    policy_that_quotes(&scene).await;
    let operator = scene.operator_at("trace").start(scene.plane).await.unwrap();
    let mut secrets = Secrets::default();
    let domain = scene.simulator.domain();
    for name in ["updated", "created", "moved", "frozen", "foreign"] {
        let login = Login::new(name);
        scene.simulator.add_account(login.account());
        if name == "foreign" {
            scene.secret("foreign-token", &login.data()).await;
        }
        secrets.credential(&scene, name, &login, &domain).await;
    }

    // The old object of an update holds the token that is in use, and so does that of its rehearsal.
    scene.ready("updated").await;
    secrets.tokens(&scene, "updated").await;
    scene.annotate("updated", "tracktik-operator.io/rotate", "1").await;
    let status = scene
        .status_that("updated", "refused", |status| {
            status.reason("Renewed") == "TargetNotWritable"
        })
        .await;
    assert!(
        status.message("Renewed").contains("ValidatingAdmissionPolicy"),
        "{}",
        status.0
    );

    // Here the rehearsal passes, and the new object holds the token that was just granted.
    let status = scene.not_ready("created", "TargetNotWritable").await;
    assert!(
        status.message("Ready").contains("ValidatingAdmissionPolicy"),
        "{}",
        status.0
    );

    // A deletion shows the old object as well.
    scene.ready("moved").await;
    secrets.tokens(&scene, "moved").await;
    scene
        .patch("moved", json!({ "spec": { "tokenSecret": { "name": "elsewhere" } } }))
        .await;
    scene
        .status_that("moved", "moved", |status| {
            status.0["tokenSecret"]["name"] == "elsewhere"
        })
        .await;
    let long_expired = expired_facts(&scene, "moved-token").await;
    scene
        .patch_secret(
            "moved-token",
            json!({ "metadata": { "annotations": { "tracktik-operator.io/issue": long_expired } } }),
        )
        .await;
    operator
        .log_line("an old token Secret could not be deleted", PATIENCE)
        .await
        .unwrap();

    scene.ready("frozen").await;
    secrets.tokens(&scene, "frozen").await;
    scene.patch_secret("frozen-token", json!({ "immutable": true })).await;
    scene.annotate("frozen", "tracktik-operator.io/rotate", "1").await;
    scene
        .status_that("frozen", "refused", |status| {
            status.message("Renewed").contains("immutable")
        })
        .await;
    scene.not_ready("foreign", "TargetConflict").await;

    remove(&scene, "validatingadmissionpolicy", &scene.namespace).await;
    scene.ready("created").await;
    let created = secrets.tokens(&scene, "created").await;
    let username = Login::new("created").username;
    assert_eq!(scene.simulator.owner_of(&created).as_ref(), Some(&username));
    assert_eq!(
        scene.simulator.counts().by_username[&username].attempts,
        1,
        "the write is tried again, not the login"
    );
    secrets.are_nowhere(&scene, &operator).await;
}
