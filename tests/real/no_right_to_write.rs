//! An operator that may not write one kind of object in one of its namespaces: it finds out before a login, says so where that is
//! possible, and the others run.

use std::{cell::Cell, time::Duration};

use k8s_openapi::api::{events::v1::Event, rbac::v1::RoleBinding};
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use serde_json::{Value, json};
use testbed::{
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE, apply, apply_operator_rbac, documents},
    operator::Operator,
};

use crate::{
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

/// A status that was refused is written again after a minute at most, and the request that it was to announce waits for as long.
const IN_THE_END: Duration = Duration::from_mins(3);

/// Two namespaces of one operator: a whole one, and one where it lacks a right.
struct Two {
    scene: Scene,
    whole: String,
    poor: String,
    operator: Operator,
}

impl Two {
    /// In the poor one the operator has all that ships, but for these verbs on this resource.
    async fn without(name: &str, resource: &str, verbs: &[&str]) -> Self {
        let mut scene = Scene::new(name).await;
        let whole = scene.namespace.clone();
        let poor = format!("{whole}-poor");
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": poor } });
        apply(&scene.client, &namespace).await.unwrap();
        scene.namespace.clone_from(&poor);
        bind_without(&scene, resource, verbs).await;
        scene.namespace.clone_from(&whole);
        let operator = scene.operator().namespaces([poor.as_str()]);
        let operator = operator.start(scene.plane).await.unwrap();
        let mut two = Self {
            scene,
            whole,
            poor,
            operator,
        };
        two.in_the_whole().everyday("acme").await;
        two.scene.ready("acme").await;
        two
    }

    fn in_the_whole(&mut self) -> &Scene {
        self.scene.namespace.clone_from(&self.whole);
        &self.scene
    }

    fn in_the_poor(&mut self) -> &Scene {
        self.scene.namespace.clone_from(&self.poor);
        &self.scene
    }

    /// The whole namespace goes on, and `/readyz` names the poor one and nothing else, with these words.
    async fn the_lack_is_named_and_the_rest_goes_on(&mut self, words: &[&str]) {
        let (operator, poor) = (&self.operator, &self.poor);
        eventually(PATIENCE, || async {
            let (code, text) = operator.get("/readyz").await.unwrap();
            let named = text.starts_with(&format!("rights in namespace {poor}: "));
            let all = words.iter().all(|word| text.contains(word));
            if code.as_u16() == 503 && named && all && text.lines().count() == 1 {
                Ok(())
            } else {
                Err(format!("{code}: {text}"))
            }
        })
        .await;
        assert!(operator.get("/livez").await.unwrap().0.is_success());
        let scene = self.in_the_whole();
        let token = scene.token("acme").await;
        scene.rotated("acme", "1", &token).await;
        scene.looked_at_again("acme").await.assert_well();
        assert_eq!(
            (scene.attempts("acme"), scene.simulator.counts().token_requests),
            (2, 2)
        );
    }

    /// What ships is given to it in the poor one as well.
    async fn give_all_rights(&self) {
        apply_operator_rbac(&self.scene.client, &[&self.poor]).await.unwrap();
    }

    async fn nothing_is_missing_in_the_end(&self) {
        eventually(PATIENCE, || async {
            match self.operator.get("/readyz").await.unwrap() {
                (code, _) if code.is_success() => Ok(()),
                (_, text) => Err(text),
            }
        })
        .await;
    }
}

/// All that ships in this namespace, but for these verbs.
async fn bind_without(scene: &Scene, resource: &str, verbs: &[&str]) {
    let shipped = documents("deploy/rbac.yaml").unwrap();
    let role = shipped.iter().find(|object| object["kind"] == "ClusterRole").unwrap();
    let mut rules = role["rules"].as_array().unwrap().clone();
    let rule = rules.iter_mut().find(|rule| rule["resources"] == json!([resource]));
    let left = rule.unwrap()["verbs"].as_array_mut().unwrap();
    let before = left.len();
    left.retain(|verb| !verbs.contains(&verb.as_str().unwrap()));
    assert_eq!(
        left.len() + verbs.len(),
        before,
        "it ships with {verbs:?} on {resource}"
    );
    rules.retain(|rule| rule["verbs"] != json!([]));

    let group = "rbac.authorization.k8s.io";
    let object = |kind: &str, rest: Value| {
        let mut object =
            json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": { "name": "too-little" } });
        object
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        object
    };
    scene.apply(object("Role", json!({ "rules": rules }))).await;
    let operator = json!({ "kind": "ServiceAccount", "name": OPERATOR_NAME, "namespace": OPERATOR_NAMESPACE });
    let bound = json!({ "apiGroup": group, "kind": "Role", "name": "too-little" });
    scene
        .apply(object(
            "RoleBinding",
            json!({ "roleRef": bound, "subjects": [operator] }),
        ))
        .await;
}

#[tokio::test]
async fn a_right_to_write_secrets_that_is_missing_is_found_out_before_a_login() {
    let mut two = Two::without("reads-only", "secrets", &["create", "patch", "delete"]).await;
    let poor = two.in_the_poor();
    poor.everyday("acme").await;
    let status = poor.not_ready("acme", "AccessDenied").await;
    assert_eq!(status.is("Reconciling"), "True", "{}", status.0);
    for part in ["secrets", "Next attempt at"] {
        assert!(status.message("Ready").contains(part), "no {part:?} in {}", status.0);
    }
    two.the_lack_is_named_and_the_rest_goes_on(&["Secret \"acme-token\"", "cannot patch resource \"secrets\""])
        .await;
    assert_eq!(two.in_the_poor().attempts("acme"), 0);

    // Once the right is there the next attempt, or any change of the source, makes use of it.
    two.give_all_rights().await;
    let poor = two.in_the_poor();
    let round = Cell::new(0);
    eventually(PATIENCE, || async {
        round.set(round.get() + 1);
        let touched = json!({ "metadata": { "labels": { "round": round.get().to_string() } } });
        poor.patch_secret("acme", touched).await;
        match poor.looked_at_again("acme").await {
            status if status.ready() == "True" => Ok(()),
            status => Err(status.0.to_string()),
        }
    })
    .await;
    say(&format!("ready after {} edits of the source", round.get()));
    assert_eq!(poor.attempts("acme"), 1);
    two.nothing_is_missing_in_the_end().await;
}

/// Where nothing can be announced nothing is requested, and the credential itself can say nothing of it.
#[tokio::test]
async fn a_right_to_write_status_that_is_missing_is_named_by_readyz_and_costs_no_login() {
    let mut two = Two::without("no-status", "tracktikcredentials/status", &["patch"]).await;
    let poor = two.in_the_poor();
    poor.everyday("acme").await;
    // For as long as it lasts, however often it is tried again.
    eventually(PATIENCE, || async {
        let asked = poor.asked_by_operator();
        let refused = asked
            .iter()
            .filter(|event| event.subresource == "status" && event.code == 403);
        match refused.count() {
            3.. => Ok(()),
            count => Err(format!("refused {count} times")),
        }
    })
    .await;
    let untouched = json!({ "observedGeneration": -1 });
    assert_eq!(poor.status("acme").await.0, untouched);
    assert_eq!(poor.value("acme-token", "access_token").await, None);
    two.the_lack_is_named_and_the_rest_goes_on(&[
        "cannot patch resource \"tracktikcredentials/status\"",
        "grant the operator patch on tracktikcredentials/status",
    ])
    .await;
    let told = |line: &String| line.contains("status could not be written") && line.contains(&two.poor);
    assert!(two.operator.logs().iter().any(told));
    let poor = two.in_the_poor();
    assert_eq!(poor.status("acme").await.0, untouched);
    assert_eq!(poor.attempts("acme"), 0);

    two.give_all_rights().await;
    let poor = two.in_the_poor();
    eventually(IN_THE_END, || async {
        match poor.status("acme").await {
            status if status.ready() == "True" => Ok(()),
            status => Err(status.0.to_string()),
        }
    })
    .await;
    assert_eq!(poor.attempts("acme"), 1);
    two.nothing_is_missing_in_the_end().await;
}

/// A credential that goes takes along what it could not say.
#[tokio::test]
async fn a_namespace_without_credentials_lacks_no_right() {
    let mut two = Two::without("status-gone", "tracktikcredentials/status", &["patch"]).await;
    two.in_the_poor().everyday("acme").await;
    two.the_lack_is_named_and_the_rest_goes_on(&["grant the operator patch on tracktikcredentials/status"])
        .await;
    let credentials = two.in_the_poor().credentials();
    credentials.delete("acme", &DeleteParams::default()).await.unwrap();
    two.nothing_is_missing_in_the_end().await;
}

/// Events tell what status tells as well: nothing waits for them.
#[tokio::test]
async fn a_right_to_write_events_that_is_missing_costs_nothing_else() {
    let scene = Scene::new("no-events").await;
    bind_without(&scene, "events", &["create"]).await;
    let bindings: Api<RoleBinding> = Api::namespaced(scene.client.clone(), &scene.namespace);
    bindings.delete(OPERATOR_NAME, &DeleteParams::default()).await.unwrap();
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let line = operator.log_line("event not recorded", PATIENCE).await.unwrap();
    for part in [&scene.namespace, "cannot create resource", "events"] {
        assert!(line.contains(part), "no {part:?} in {line}");
    }
    scene.looked_at_again("acme").await.assert_well();
    assert!(operator.get("/readyz").await.unwrap().0.is_success());
    assert_eq!(scene.simulator.counts().token_requests, 1);
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let recorded = events.list(&ListParams::default()).await.unwrap().items;
    assert!(recorded.is_empty(), "{recorded:#?}");

    // What is told from then on is recorded.
    apply_operator_rbac(&scene.client, &[&scene.namespace]).await.unwrap();
    let absent = json!({ "spec": { "credentials": { "secretRef": { "name": "absent" } } } });
    scene.patch("acme", absent).await;
    let told = |event: &Event| event.reason.as_deref() == Some("SourceNotFound");
    eventually(PATIENCE, || async {
        let recorded = events.list(&ListParams::default()).await.unwrap().items;
        if recorded.iter().any(told) {
            Ok(())
        } else {
            Err(format!("{recorded:#?}"))
        }
    })
    .await;
    assert_eq!(scene.simulator.counts().token_requests, 1);
}
