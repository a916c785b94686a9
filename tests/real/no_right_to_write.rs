//! An operator that may not write one kind of object in one of its namespaces: it finds out before a login, says so where that is
//! possible, and the others run.

use std::{cell::Cell, time::Duration};

use k8s_openapi::api::events::v1::Event;
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use serde_json::json;
use testbed::manifests::apply_operator_rbac;

use crate::{
    few_rights::{Two, take_away},
    figures::say,
    scene::{PATIENCE, Scene, eventually},
};

/// A status that was refused is written again after a minute at most, and the request that it was to announce waits for as long.
const IN_THE_END: Duration = Duration::from_mins(3);

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

/// A rotation that nobody wants any more is no reason to be out of service.
#[tokio::test]
async fn a_right_that_is_not_needed_any_more_is_not_missed() {
    let scene = Scene::new("status-unneeded").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    scene.looked_at_again("acme").await.assert_well();
    let token = scene.token("acme").await;
    take_away(&scene, "tracktikcredentials/status", "patch").await;

    let named = async |named: bool| {
        eventually(IN_THE_END, || async {
            let (_, text) = operator.get("/readyz").await.unwrap();
            let says = text.contains("grant the operator patch on tracktikcredentials/status");
            if says == named { Ok(()) } else { Err(text) }
        })
        .await;
    };
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    named(true).await;
    let nothing = json!({ "metadata": { "annotations": { "tracktik-operator.io/rotate": null } } });
    scene.patch("acme", nothing).await;
    named(false).await;
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

/// Events tell what status tells as well: nothing waits for them.
#[tokio::test]
async fn a_right_to_write_events_that_is_missing_costs_nothing_else() {
    let scene = Scene::new("no-events").await;
    take_away(&scene, "events", "create").await;
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
