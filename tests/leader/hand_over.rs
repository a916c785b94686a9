//! Who leads, and who comes next.

use std::time::{Duration, Instant};

use tracktik_operator::cluster::leadership::Ended;

use crate::{
    candidate::first_to_lead,
    stage::{Stage, TIMING, eventually, say},
};

/// What a hand-over may take. It is a few milliseconds; a build may run beside the tests.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_hands_over_at_once_until_nobody_is_left() {
    let stage = Stage::new("released").await;
    let mut waiting = vec![stage.leader().await, stage.follower().await, stage.follower().await];
    let mut leading = 0;
    for round in 0..3 {
        let record = stage.lease().await.record;
        assert_eq!(record.holder(), Some(waiting[leading].identity()));
        assert_eq!(record.lease_transitions, Some(round));
        assert_eq!(record.lease_duration_seconds, Some(3));
        let mut leader = waiting.remove(leading);
        let leads = leader.leads().await;
        let began = Instant::now();
        leader.release.cancel();
        assert_eq!(leader.ended().await, Some(Ended::Released));
        assert!(!leads.claim.is_current());
        if waiting.is_empty() {
            break;
        }
        leading = first_to_lead(&waiting.iter().collect::<Vec<_>>()).await;
        let took = waiting[leading].leads().await.since - began;
        say(&format!("handed over after {} ms", took.as_millis()));
        assert!(took < AT_ONCE, "{took:?}");
        assert!(leads.claim.check().is_err());
    }
    let record = stage.lease().await.record;
    assert_eq!((record.holder(), record.lease_duration_seconds), (None, Some(1)));
    assert_eq!(stage.lookout.no_two_at_once(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_start_at_once_one_leads() {
    for round in 0..5 {
        let stage = Stage::new(&format!("at-once-{round}")).await;
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(stage.candidate().await);
        }
        for candidate in &mut all {
            candidate.start(&stage.lookout);
        }
        let leader = first_to_lead(&all.iter().collect::<Vec<_>>()).await;
        for (number, candidate) in all.iter().enumerate() {
            if number != leader {
                candidate.follows().await;
            }
        }
        assert_eq!(stage.holder().await.as_deref(), Some(all[leader].identity()));
        assert!(all[leader].leads().await.claim.is_current());
        assert_eq!(stage.lookout.no_two_at_once(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_killed_is_replaced_when_the_lease_has_run_out() {
    let stage = Stage::new("killed").await;
    let mut killed = stage.leader().await;
    let next = stage.follower().await;
    let claim = killed.leads().await.claim;
    let began = Instant::now();
    killed.kill();
    let ended = || async {
        if claim.is_current() {
            Err("a claim without a keeper".to_owned())
        } else {
            Ok(())
        }
    };
    eventually(ended).await;
    assert!(began.elapsed() < TIMING.renew_every, "at once, not in its time");
    let took = next.leads().await.since - began;
    // The latest renewal may have been made right before, or a whole interval earlier.
    assert!(took > TIMING.renew_deadline * 3 / 4, "{took:?}");
    assert!(took < TIMING.lease + AT_ONCE, "{took:?}");
    assert_eq!(stage.lookout.no_two_at_once(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_is_stopped_leaves_no_trace() {
    let stage = Stage::new("stopped").await;
    let leader = stage.leader().await;
    let mut follower = stage.follower().await;
    follower.stop.cancel();
    assert_eq!(follower.ended().await, None);
    assert_eq!(follower.wire.count(&["POST", "PUT"]), 0);
    assert!(leader.leads().await.claim.is_current());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_another_in_the_lease_has_lost_it() {
    let stage = Stage::new("taken").await;
    let mut leader = stage.leader().await;
    let leads = leader.leads().await;
    let began = Instant::now();
    stage
        .merge(serde_json::json!({ "spec": { "holderIdentity": "another" } }))
        .await;
    let by = "another".to_owned();
    assert_eq!(leader.ended().await, Some(Ended::Taken { by }));
    // By the watch, not at the next renewal.
    assert!(began.elapsed() < TIMING.renew_every / 2, "{:?}", began.elapsed());
    assert!(!leads.claim.is_current());
    assert_eq!(stage.holder().await.as_deref(), Some("another"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_watch_a_release_is_noticed_when_it_is_polled() {
    let stage = Stage::new("unwatched").await;
    stage
        .rights(|rule| {
            let verbs = rule["verbs"].as_array_mut().unwrap();
            verbs.retain(|verb| verb != "watch");
        })
        .await;
    let mut leader = stage.leader().await;
    let next = stage.follower().await;
    // It has been refused once, and reads again.
    eventually(|| async {
        if next.wire.count(&["GET"]) > 2 {
            Ok(())
        } else {
            Err("no poll".to_owned())
        }
    })
    .await;
    let began = Instant::now();
    leader.release.cancel();
    assert_eq!(leader.ended().await, Some(Ended::Released));
    let took = next.leads().await.since - began;
    assert!(took < TIMING.retry + AT_ONCE, "{took:?}");
    assert_eq!(stage.lookout.no_two_at_once(), 2);
}
