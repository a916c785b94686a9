//! An API server that goes away for a while, a network that does, and rights: the operator goes on by itself once they are
//! back.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use k8s_openapi::api::{core::v1::ServiceAccount, rbac::v1::RoleBinding};
use kube::{Api, api::DeleteParams};
use serde_json::json;
use testbed::{manifests::apply_operator_rbac, operator::Operator};

use crate::{
    figures::say,
    left_behind::leaves_nothing,
    missing_rights::bind_too_little,
    network::Network,
    scene::{PATIENCE, Scene, eventually, own_plane},
};

/// Waits until the probe says that all is well, or that it is not.
async fn readyz(operator: &Operator, ok: bool) -> String {
    eventually(PATIENCE, || async {
        let (status, text) = operator.get("/readyz").await.unwrap();
        if status.is_success() == ok { Ok(text) } else { Err(text) }
    })
    .await
}

#[tokio::test]
async fn an_outage_of_the_api_server_is_over_for_the_operator_once_it_is_over() {
    // Of its own, since the other tests need theirs.
    let plane = own_plane().await;
    let scene = Scene::on(plane, "api-server-away", Duration::from_hours(1)).await;
    // As it ships: its Lease is away as well.
    let operator = scene.replica().start(plane).await.unwrap();
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    readyz(&operator, true).await;
    plane.stop_api_server().await.unwrap();
    operator.log_line("watch failing", PATIENCE).await.unwrap();
    plane.start_api_server().await.unwrap();
    // Nothing happens in the namespace that could remind it.
    readyz(&operator, true).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    scene.token_after("acme", &token).await;
    assert_eq!(scene.simulator.counts().token_requests, 2);
    leaves_nothing(&scene, &operator).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_network_that_was_cut_leaves_the_operator_ready_and_at_work() {
    let scene = Scene::new("network-is-cut").await;
    let network = Network::to(scene.plane.server()).await;
    let operator = scene.start_over(&network, scene.operator()).await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    readyz(&operator, true).await;
    network.cut();
    operator.log_line("watch failing", PATIENCE).await.unwrap();
    network.mend();
    // Nothing happens in the namespace that could remind it.
    readyz(&operator, true).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "now").await;
    scene.token_after("acme", &token).await;
    assert_eq!(scene.simulator.counts().token_requests, 2);
    leaves_nothing(&scene, &operator).await;
}

#[tokio::test]
async fn rights_that_are_taken_away_show_and_count_again_once_they_are_back() {
    let scene = Scene::new("taken-away").await;
    let network = Network::to(scene.plane.server()).await;
    let operator = scene.start_over(&network, scene.operator()).await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    bind_too_little(&scene, &[]).await;
    let bindings: Api<RoleBinding> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let all_rights = "tracktik-operator";
    bindings.delete(all_rights, &DeleteParams::default()).await.unwrap();
    // A watch that is under way is not asked for its rights again; the next one is.
    network.cut();
    network.mend();
    let status = scene.renewal_off("acme", "AccessDenied").await;
    assert_eq!((status.ready(), status.reason("Ready")), ("True", "TokenValid"));
    let missing = readyz(&operator, false).await;
    assert!(
        missing.contains(&format!("Secrets in namespace {}", scene.namespace)),
        "{missing}"
    );

    apply_operator_rbac(&scene.client, &[&scene.namespace]).await.unwrap();
    let began = Instant::now();
    scene.renewed("acme").await;
    say(&format!(
        "renewals go on {} ms after the rights were back",
        began.elapsed().as_millis()
    ));
    readyz(&operator, true).await;
    assert_eq!(scene.simulator.counts().token_requests, 1);
    leaves_nothing(&scene, &operator).await;
}

#[tokio::test]
async fn an_operator_whose_own_account_is_gone_says_so() {
    let scene = Scene::new("disowned").await;
    // Of its own, since the other tests need theirs.
    scene
        .apply(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "short-lived" } }))
        .await;
    scene
        .apply(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "short-lived" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "tracktik-operator" },
            "subjects": [{ "kind": "ServiceAccount", "name": "short-lived", "namespace": scene.namespace }],
        }))
        .await;
    let network = Network::to(scene.plane.server()).await;
    let operator = scene
        .start_over_as(&network, scene.operator(), &scene.namespace, "short-lived")
        .await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    readyz(&operator, true).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(scene.client.clone(), &scene.namespace);
    accounts.delete("short-lived", &DeleteParams::default()).await.unwrap();
    // The API server remembers for some seconds whom it let in; a watch that is under way then goes on.
    let cut_at = Cell::new(None::<Instant>);
    let missing = eventually(PATIENCE, || async {
        if cut_at.get().is_none_or(|at| at.elapsed() > Duration::from_secs(3)) {
            network.cut();
            network.mend();
            cut_at.set(Some(Instant::now()));
        }
        let (status, text) = operator.get("/readyz").await.unwrap();
        if status.is_success() { Err(text) } else { Ok(text) }
    })
    .await;
    assert!(
        missing.contains("does not accept the operator's own credentials"),
        "{missing}"
    );
    assert!(missing.contains("see that its ServiceAccount exists"), "{missing}");
    let status = scene.status("acme").await;
    assert_eq!(status.ready(), "True", "what is in place is good: {}", status.0);
}
