//! An operator that may not list Secrets in one namespace: it says so there, and the others run.

use std::time::Instant;

use serde_json::{Value, json};
use testbed::{
    manifests::{apply, apply_operator_rbac},
    operator::Operator,
};

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

/// What the operator ships with in this namespace, but of list and watch on Secrets only these.
pub async fn bind_too_little(scene: &Scene, some: &[&str]) {
    let namespace = &scene.namespace;
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
    apply(&scene.client, &namespace).await.unwrap();
    let rule = |group: &str, resource: &str, verbs: &[&str]| -> Value {
        json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs })
    };
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    scene
        .apply(json!({
            "apiVersion": version, "kind": "Role", "metadata": { "name": "too-little" },
            "rules": [
                rule("tracktik-operator.io", "tracktikcredentials", &["get", "list", "watch"]),
                rule("tracktik-operator.io", "tracktikcredentials/status", &["patch"]),
                rule("tracktik-operator.io", "tracktikcredentials/finalizers", &["update"]),
                rule("", "secrets", &[&["get", "create", "patch", "delete"], some].concat()),
                rule("events.k8s.io", "events", &["create", "patch"]),
            ],
        }))
        .await;
    scene
        .apply(json!({
            "apiVersion": version, "kind": "RoleBinding", "metadata": { "name": "too-little" },
            "roleRef": { "apiGroup": group, "kind": "Role", "name": "too-little" },
            "subjects": [{ "kind": "ServiceAccount", "name": "tracktik-operator", "namespace": "tracktik-system" }],
        }))
        .await;
}

#[tokio::test]
async fn a_namespace_whose_secrets_may_not_be_listed_is_named_and_the_others_run() {
    let mut scene = Scene::new("rights").await;
    let whole = scene.namespace.clone();
    let poor = format!("{whole}-poor");
    scene.namespace.clone_from(&poor);
    bind_too_little(&scene, &[]).await;
    scene.everyday("acme").await;
    scene.namespace.clone_from(&whole);
    let operator = scene
        .operator()
        .namespaces([poor.as_str()])
        .start(scene.plane)
        .await
        .unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;

    scene.namespace.clone_from(&poor);
    let status = scene.not_ready("acme", "AccessDenied").await;
    assert_eq!(
        (status.is("Renewed"), status.is("Reconciling"), status.is("Stalled")),
        ("False", "True", "")
    );
    let says = [
        format!("namespace {poor:?}"),
        "cannot list resource".to_owned(),
        "grant the operator list and watch on secrets".to_owned(),
    ];
    for part in &says {
        assert!(status.message("Ready").contains(part), "no {part:?} in {}", status.0);
    }

    // For as long as it lasts, however often it is tried again: not ready, and not a write for each try.
    let refused = || {
        let asked = scene.asked_by_operator();
        asked
            .iter()
            .filter(|event| event.verb == "list" && event.code == 403)
            .count()
    };
    eventually(PATIENCE, || async {
        let (status, text) = operator.get("/readyz").await.unwrap();
        assert_eq!(status.as_u16(), 503, "{text}");
        assert!(text.contains(&format!("Secrets in namespace {poor}: ")), "{text}");
        assert!(text.contains("grant the operator list and watch on secrets"), "{text}");
        assert!(!text.contains(&format!("namespace {whole}:")), "{text}");
        if refused() >= 4 {
            Ok(())
        } else {
            Err("the list was not tried again".to_owned())
        }
    })
    .await;
    let writes = scene.written_by_operator();
    assert!(writes.len() <= 3, "{writes:#?}");
    let later = scene.looked_at_again("acme").await;
    assert_eq!(later.0["conditions"], status.0["conditions"], "nothing has changed");
    let warnings = operator
        .logs()
        .iter()
        .filter(|line| line.contains("watch failing"))
        .count();
    assert_eq!(warnings, 1, "told once, not at every try");
    assert_eq!(scene.attempts("acme"), 0);
    assert!(operator.get("/livez").await.unwrap().0.is_success());

    apply_operator_rbac(&scene.client, &[&poor]).await.unwrap();
    let began = Instant::now();
    scene.ready("acme").await;
    say(&format!(
        "ready {} ms after the rights were granted",
        began.elapsed().as_millis()
    ));
    let (status, text) = operator.get("/readyz").await.unwrap();
    assert!(status.is_success(), "{text}");
}

#[tokio::test]
async fn a_namespace_whose_secrets_may_be_listed_and_not_watched_is_not_fine_and_refused_in_turns() {
    let mut scene = Scene::new("no-watch").await;
    scene.namespace.push_str("-poor");
    bind_too_little(&scene, &["list"]).await;
    let operator = Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"));
    let operator = operator
        .namespaces([scene.namespace.as_str()])
        .arg("--leader-elect=false");
    let operator = operator.start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    scene.not_ready("acme", "AccessDenied").await;
    let before = scene.looked_at_again("acme").await;
    let written = scene.written_until_now().await.len();
    eventually(PATIENCE, || async {
        let (status, text) = operator.get("/readyz").await.unwrap();
        assert_eq!(status.as_u16(), 503, "{text}");
        let asked = scene.asked_by_operator();
        let refused = asked.iter().filter(|event| event.verb == "watch" && event.code == 403);
        match refused.count() {
            count if count >= 5 => Ok(()),
            count => Err(format!("refused {count} times")),
        }
    })
    .await;
    let writes = scene.written_by_operator().split_off(written);
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(scene.status("acme").await.0, before.0);
}
