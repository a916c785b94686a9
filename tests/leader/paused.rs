//! A leader that stands still for longer than its lease, or cannot reach the API server: what it may do afterwards.

use std::time::Duration;

use testbed::simulator::{Fault, Target};

use crate::{
    figures::say,
    left_behind::leaves_nothing,
    replicas::{ELECT, Replicas, WITHIN_THE_LEASE, WORK, leads},
    scene::{eventually, own_plane},
};

/// After an outage a watch is begun again with a pause of up to half a minute.
const WATCHES_ARE_BACK: Duration = Duration::from_secs(70);

#[tokio::test]
async fn a_leader_that_was_paused_past_its_lease_sends_and_writes_nothing_more() {
    let (replicas, first, second, token) = Replicas::at_work("paused-leader").await;
    let scene = &replicas.scene;
    first.signal("STOP").await.unwrap();
    // It will find this in its watches when it goes on: something to do.
    scene.rotated("acme", "while it stands still", &token).await;
    leads(&second, true).await;
    scene.everyday("later").await;
    scene.ready("later").await;
    scene.looked_at_again("acme").await;
    let written = scene.written_until_now().await.len();
    let lease = replicas.stage.holder().await;
    let requests = scene.simulator.counts().token_requests;
    assert_eq!(requests, 3);

    first.signal("CONT").await.unwrap();
    assert_eq!(first.wait().await.code(), Some(1));
    let logged = first.logs();
    assert!(
        logged
            .iter()
            .any(|line| line.starts_with("tracktik-operator: leadership lost: the Lease names")),
        "{logged:#?}"
    );
    let writes = scene.written_until_now().await.split_off(written);
    assert!(writes.is_empty(), "{writes:#?}");
    assert_eq!(scene.simulator.counts().token_requests, requests);
    assert_eq!(replicas.stage.holder().await, lease);
    replicas.leave_nothing(&first, &second).await;
}

#[tokio::test]
async fn a_leader_that_was_paused_and_cannot_see_who_leads_now_leaves_what_is_due_undone() {
    let replicas = Replicas::new("paused-blind").await;
    let scene = &replicas.scene;
    replicas.lets("first", &[ELECT, WORK]).await;
    let builder = replicas.builder().service_account(&scene.namespace, "first");
    let first = builder.start(scene.plane).await.unwrap();
    leads(&first, true).await;
    let second = replicas.follower().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    first.signal("STOP").await.unwrap();
    leads(&second, true).await;
    // Nobody is left who would do what is due, and nobody tells the first that its time is over.
    assert_eq!(second.terminate().await.unwrap().code(), Some(0));
    replicas.takes_away("first", ELECT).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "due").await;
    scene.everyday("new").await;
    let user = format!("system:serviceaccount:{}:first", scene.namespace);
    let written = || async {
        scene.written_until_now().await;
        let events = scene.plane.audit_events().unwrap();
        events
            .iter()
            .filter(|event| event.user == user && event.is_write() && event.resource != "leases")
            .count()
    };
    let before = written().await;
    assert!(before > 0, "its writes are told from those of others");

    first.signal("CONT").await.unwrap();
    first
        .log_line("Lease not renewed in time", WITHIN_THE_LEASE)
        .await
        .unwrap();
    // What is shown is that nothing happens, and that has no end to wait for.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(written().await, before);
    assert_eq!(scene.simulator.counts().token_requests, 1);
    assert_eq!(scene.token("acme").await, token);
    leads(&first, false).await;
    // It sees what has become of the Lease.
    replicas.lets("first", &[ELECT]).await;
    assert_eq!(first.wait().await.code(), Some(1));
    assert_eq!(written().await, before);
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn an_outage_of_the_api_server_past_the_lease_costs_neither_the_leadership_nor_a_token() {
    // Of its own, since the other tests need theirs.
    let plane = own_plane().await;
    let replicas = Replicas::on(plane, "api-server-away").await;
    let scene = &replicas.scene;
    let operator = replicas.leader().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    // A grant is under way when the API server goes, and cannot be stored when it is answered.
    let slowly = Fault::Delay { milliseconds: 3_000 };
    scene.simulator.set_fault(Target::Everywhere, slowly, Some(1));
    scene.annotate("acme", "tracktik-operator.io/rotate", "before it").await;
    scene.in_flight().await;
    plane.stop_api_server().await.unwrap();
    operator
        .log_line("Lease not renewed in time", WITHIN_THE_LEASE)
        .await
        .unwrap();
    leads(&operator, false).await;
    let metrics = operator.metrics().await.unwrap();
    assert!(!metrics.contains("tracktik_credential_"), "{metrics}");
    let (status, missing) = operator.get("/readyz").await.unwrap();
    assert_eq!(status.as_u16(), 503);
    assert!(
        missing.contains("leader election: the Lease was not renewed in time"),
        "{missing}"
    );
    // Longer than the lease: it is nobody else's all the same.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(operator.get("/livez").await.unwrap().0.is_success());
    plane.start_api_server().await.unwrap();
    leads(&operator, true).await;
    let held = scene.token_after("acme", &token).await;
    operator.ready(WITHIN_THE_LEASE).await.unwrap();
    scene.renewed("acme").await;
    assert_eq!(
        scene.simulator.counts().token_requests,
        2,
        "the token was kept, and no other asked for"
    );
    let said = |text: &str| operator.logs().iter().filter(|line| line.contains(text)).count();
    assert_eq!(said("Lease not renewed in time"), 1);
    assert_eq!(said("leading again"), 1);
    say(&format!(
        "{} writes were refused by the fence",
        said("a write was held back")
    ));
    scene.annotate("acme", "tracktik-operator.io/rotate", "after it").await;
    let handled = || async {
        let status = scene.status("acme").await.0;
        if status["lastHandledRotate"] == "after it" {
            Ok(())
        } else {
            Err(status.to_string())
        }
    };
    eventually(WATCHES_ARE_BACK, handled).await;
    scene.token_after("acme", &held).await;
    leaves_nothing(scene, &operator).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
