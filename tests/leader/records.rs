//! What others do to the Lease: delete it, touch it, write strange things into it.

use std::time::{Duration, Instant};

use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};
use tracktik_operator::cluster::leadership::Ended;

use crate::stage::{LEASE, Stage, TIMING, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_deleted_is_back_at_once_and_led_by_the_same() {
    let stage = Stage::new("deleted").await;
    let leader = stage.leader().await;
    let follower = stage.follower().await;
    for _ in 0..3 {
        let uid = stage.lease().await.metadata.uid;
        stage.leases().delete(LEASE, &DeleteParams::default()).await.unwrap();
        let began = Instant::now();
        let back = || async {
            match stage.leases().get_opt(LEASE).await.unwrap() {
                Some(lease) if lease.metadata.uid != uid => Ok(()),
                _ => Err("it is gone".to_owned()),
            }
        };
        eventually(back).await;
        assert!(began.elapsed() < TIMING.renew_every / 2, "{:?}", began.elapsed());
        assert_eq!(stage.holder().await.as_deref(), Some(leader.identity()));
    }
    assert!(leader.leads().await.claim.is_current() && !follower.has_led());
    assert_eq!(stage.lookout.no_two_at_once(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_deleted_under_a_dead_leader_is_made_anew_when_its_claim_is_over() {
    let stage = Stage::new("gone").await;
    let mut dead = stage.leader().await;
    let next = stage.follower().await;
    dead.kill();
    stage.leases().delete(LEASE, &DeleteParams::default()).await.unwrap();
    let began = Instant::now();
    let took = next.leads().await.since - began;
    assert!(took > TIMING.renew_deadline, "the dead might have lived: {took:?}");
    assert!(took < TIMING.lease + Duration::from_secs(1), "{took:?}");
    assert_eq!(stage.holder().await.as_deref(), Some(next.identity()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_record_is_restored_by_who_leads_and_taken_by_nobody_else() {
    let stage = Stage::new("emptied").await;
    let leader = stage.leader().await;
    let follower = stage.follower().await;
    let began = Instant::now();
    stage.merge(json!({ "spec": { "holderIdentity": null } })).await;
    let restored = || async { stage.holder().await.ok_or_else(|| "it names nobody".to_owned()) };
    assert_eq!(eventually(restored).await, leader.identity());
    assert!(began.elapsed() < TIMING.renew_every / 2, "{:?}", began.elapsed());
    assert!(leader.leads().await.claim.is_current() && !follower.has_led());
    assert_eq!(stage.lookout.no_two_at_once(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_record_keeps_the_lease_for_ever() {
    let strange: [(&str, Value, bool); 6] = [
        ("nothing", json!({}), false),
        ("no-times", json!({ "holderIdentity": "somebody" }), false),
        (
            "empty",
            json!({ "holderIdentity": "", "leaseDurationSeconds": 3 }),
            false,
        ),
        (
            "short",
            json!({ "holderIdentity": "somebody", "leaseDurationSeconds": 1 }),
            false,
        ),
        (
            "future",
            json!({
                "holderIdentity": "somebody", "leaseDurationSeconds": 3, "leaseTransitions": i32::MAX,
                "acquireTime": "9999-12-31T23:59:59.999999Z", "renewTime": "9999-12-31T23:59:59.999999Z",
            }),
            false,
        ),
        (
            "released",
            json!({ "holderIdentity": "", "leaseDurationSeconds": 1 }),
            true,
        ),
    ];
    for (name, record, free) in strange {
        let stage = Stage::new(&format!("strange-{name}")).await;
        stage.write(record).await;
        let mut candidate = stage.candidate().await;
        let began = Instant::now();
        candidate.start(&stage.lookout);
        let took = candidate.leads().await.since - began;
        let shortest = if free { Duration::ZERO } else { TIMING.lease };
        assert!(
            took >= shortest && took < shortest + Duration::from_secs(1),
            "{name}: {took:?}"
        );
        assert_eq!(stage.holder().await.as_deref(), Some(candidate.identity()), "{name}");
        // And it is a record that can be renewed.
        let renewed = || async {
            let renewed = candidate.wire.count(&["PUT"]) > 2;
            if renewed {
                Ok(())
            } else {
                Err(format!("{name}: not renewed"))
            }
        };
        eventually(renewed).await;
        assert!(candidate.leads().await.claim.is_current(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_that_are_written_all_the_time_neither_depose_a_leader_nor_keep_a_dead_one() {
    let stage = Stage::new("touched").await;
    let mut leader = stage.leader().await;
    let next = stage.follower().await;
    let leases = stage.leases();
    let touching = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        for number in 0.. {
            ticks.tick().await;
            let patch = json!({ "metadata": { "annotations": { "touched": number.to_string() } } });
            let patch = kube::api::Patch::Merge(patch);
            leases
                .patch(LEASE, &kube::api::PatchParams::default(), &patch)
                .await
                .unwrap();
        }
    });
    let renewed = || async {
        let renewed = leader.wire.count(&["PUT"]);
        if renewed > 5 {
            Ok(())
        } else {
            Err(format!("renewed {renewed} times"))
        }
    };
    eventually(renewed).await;
    let leads = leader.leads().await;
    assert!(leads.claim.is_current() && !next.has_led());
    let kept = stage.lease().await.metadata.annotations.unwrap_or_default();
    assert!(kept.contains_key("touched"), "a renewal keeps what others have written");

    let began = Instant::now();
    leader.kill();
    let took = next.leads().await.since - began;
    assert!(took < TIMING.lease + Duration::from_secs(1), "{took:?}");
    touching.abort();
    assert_eq!(stage.lookout.no_two_at_once(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_writes_into_nobody_elses_record() {
    let stage = Stage::new("not-ours").await;
    let mut leader = stage.leader().await;
    // Both at once: what stands is another's, and the leader has not noticed.
    leader.wire.is(crate::candidate::Fault::DeafWatch);
    stage.merge(json!({ "spec": { "holderIdentity": "another" } })).await;
    leader.release.cancel();
    let ended = leader.ended().await.unwrap();
    assert!(matches!(ended, Ended::Released | Ended::Taken { .. }), "{ended:?}");
    assert_eq!(stage.holder().await.as_deref(), Some("another"));
}

/// What writes are built on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_gone_is_not_written_to_where_the_uid_is_told() {
    let stage = Stage::new("fact").await;
    stage
        .write(json!({ "holderIdentity": "somebody", "leaseDurationSeconds": 3 }))
        .await;
    let mut lease = stage.lease().await;
    lease.metadata.managed_fields = None;
    let leases = stage.leases();
    leases.delete(LEASE, &DeleteParams::default()).await.unwrap();
    let params = PostParams::default();
    let refused = leases.replace(LEASE, &params, &lease).await.unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.code == 409),
        "{refused}"
    );
    lease.metadata.uid = None;
    let anew = leases.replace(LEASE, &params, &lease).await.unwrap();
    assert!(
        anew.metadata.uid.is_some(),
        "the resourceVersion alone does not keep it from being made anew"
    );
}
