//! An operator that waits for its turn: what it asks for, what it says of itself, and how it ends.

use std::time::{Duration, Instant};

use crate::{
    figures::soon,
    replicas::{ELECT, Replicas, WITHIN_THE_LEASE, WORK, assert_idle, leads},
    scene::eventually,
};

#[tokio::test]
async fn a_follower_ends_at_once_and_leaves_the_lease_alone() {
    let replicas = Replicas::new("follower-ends").await;
    let first = replicas.leader().await;
    let second = replicas.follower().await;
    let before = replicas.stage.lease().await.record.lease_transitions;
    let began = Instant::now();
    assert_eq!(second.terminate().await.unwrap().code(), Some(0));
    soon("a follower has ended", began);
    assert_eq!(replicas.stage.lease().await.record.lease_transitions, before);
    leads(&first, true).await;
}

#[tokio::test]
async fn a_follower_asks_for_nothing_but_the_lease_once_it_has_tried_the_lists() {
    let replicas = Replicas::new("quiet").await;
    let scene = &replicas.scene;
    let _first = replicas.leader().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    replicas.lets("second", &[ELECT, WORK]).await;
    let second = replicas.follower_as("second").await;
    second.ready(WITHIN_THE_LEASE).await.unwrap();
    let user = format!("system:serviceaccount:{}:second", scene.namespace);
    // What is shown is that nothing happens, and that has no end to wait for.
    tokio::time::sleep(Duration::from_secs(12)).await;
    scene.written_until_now().await;
    let mut asked = scene.plane.audit_events().unwrap();
    asked.retain(|event| event.user == user && !event.resource.is_empty());
    assert!(asked.iter().all(|event| !event.is_write()), "{asked:#?}");
    let (leases, others): (Vec<_>, Vec<_>) = asked.iter().partition(|event| event.resource == "leases");
    assert!(!leases.is_empty());
    let mut tried: Vec<_> = others
        .iter()
        .map(|event| (event.verb.as_str(), event.resource.as_str()))
        .collect();
    tried.sort_unstable();
    assert_eq!(tried, [("list", "secrets"), ("list", "tracktikcredentials")]);
    assert!(
        others.iter().all(|event| event.request_uri.contains("limit=1")),
        "{others:#?}"
    );
    assert_idle(&second).await;
}

#[tokio::test]
async fn a_follower_that_could_not_do_the_work_is_not_ready_and_leads_where_nobody_else_does() {
    let replicas = Replicas::new("poor").await;
    let scene = &replicas.scene;
    let first = replicas.leader().await;
    replicas.lets("poor", &[ELECT]).await;
    let poor = replicas.follower_as("poor").await;
    let refused = || async {
        let (status, missing) = poor.get("/readyz").await.unwrap();
        let named = ["credentials", "Secrets"].map(|kind| format!("{kind} in namespace {}: refused", scene.namespace));
        if status.as_u16() == 503 && named.iter().all(|item| missing.contains(item)) {
            Ok(missing)
        } else {
            Err(missing)
        }
    };
    let missing = eventually(WITHIN_THE_LEASE, refused).await;
    assert!(!missing.contains("leader election"), "{missing}");
    assert!(
        missing.contains("grant the operator list and watch on secrets"),
        "{missing}"
    );
    // The rights come, and no restart is needed.
    replicas.lets("poor", &[WORK]).await;
    poor.ready(WITHIN_THE_LEASE).await.unwrap();
    assert_eq!(first.terminate().await.unwrap().code(), Some(0));
    leads(&poor, true).await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
}

#[tokio::test]
async fn an_operator_that_may_not_use_the_lease_says_so_and_does_nothing() {
    let replicas = Replicas::new("no-lease").await;
    let scene = &replicas.scene;
    replicas.lets("stranger", &[WORK]).await;
    let operator = replicas.builder().service_account(&scene.namespace, "stranger");
    let operator = operator.start(scene.plane).await.unwrap();
    scene.everyday("acme").await;
    let refused = || async {
        let (status, missing) = operator.get("/readyz").await.unwrap();
        let named = missing.contains(r#"leader election: the Lease "tracktik-operator" cannot be read: refused"#);
        // All the rest is in place.
        if status.as_u16() == 503 && named && missing.lines().count() == 1 {
            Ok(())
        } else {
            Err(missing)
        }
    };
    eventually(WITHIN_THE_LEASE, refused).await;
    assert!(operator.get("/livez").await.unwrap().0.is_success());
    assert_idle(&operator).await;
    assert_eq!(scene.simulator.counts().token_requests, 0);
    // The right comes, and no restart is needed.
    replicas.lets("stranger", &[ELECT]).await;
    leads(&operator, true).await;
    scene.ready("acme").await;
    operator.ready(WITHIN_THE_LEASE).await.unwrap();
}
