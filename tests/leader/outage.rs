//! Calls that get lost on the way there or back, and an API server that hangs.

use std::time::Instant;

use kube::api::DeleteParams;
use serde_json::json;
use tracktik_operator::cluster::leadership::Ended;

use crate::{
    candidate::{Fault, SLOW},
    stage::{LEASE, PATIENCE, Stage, TIMING, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_stops_before_another_leads() {
    for (name, fault) in [
        ("cut-off", Fault::Lost),
        ("unanswered", Fault::AnswerLost),
        ("falsely-well", Fault::FalselyWell),
    ] {
        let stage = Stage::new(name).await;
        let mut cut_off = stage.leader().await;
        let next = stage.follower().await;
        let leads = cut_off.leads().await;
        let began = Instant::now();
        cut_off.wire.is(fault);
        let over = || async { leads.claim.check().map_or(Ok(()), |()| Err("it stands".to_owned())) };
        eventually(over).await;
        // Not at the first call that fails, and in time: the claim has ended by itself, and the lease still runs.
        let ended = began.elapsed();
        assert!(
            ended > TIMING.call && ended < TIMING.renew_deadline + TIMING.call,
            "{ended:?}"
        );
        assert!(!next.has_led(), "{name}: before the lease has run out");
        let took = next.leads().await.since - began;
        // Writes whose answers were lost have renewed it.
        let longest = TIMING.lease + TIMING.renew_deadline + TIMING.renew_every;
        assert!(took < longest, "{name}: {took:?}");
        // It goes on trying, and ends once it can see that another leads.
        cut_off.wire.is(Fault::None);
        let by = next.identity().to_owned();
        assert_eq!(cut_off.ended().await, Some(Ended::Taken { by }));
        assert_eq!(stage.lookout.no_two_at_once(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_alone_leads_again_once_a_renewal_succeeds() {
    for (name, fault) in [("alone", Fault::Lost), ("alone-unanswered", Fault::AnswerLost)] {
        let stage = Stage::new(name).await;
        let leader = stage.leader().await;
        let claim = leader.leads().await.claim;
        leader.wire.is(fault);
        let over = || async { claim.check().map_or(Ok(()), |()| Err("it stands".to_owned())) };
        eventually(over).await;
        // Longer than the lease: nobody else was there to take it.
        tokio::time::sleep(TIMING.lease).await;
        assert!(!claim.is_current());
        leader.wire.is(Fault::None);
        tokio::time::timeout(PATIENCE, claim.until_current()).await.unwrap();
        assert_eq!(stage.holder().await.as_deref(), Some(leader.identity()));
        assert_eq!(stage.lease().await.record.lease_transitions, Some(0), "{name}");
        assert_eq!(stage.lookout.no_two_at_once(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_does_not_take_a_lease_that_was_emptied_or_deleted_meanwhile() {
    for (name, deleted) in [("cut-off-deleted", true), ("cut-off-emptied", false)] {
        let stage = Stage::new(name).await;
        let mut leader = stage.leader().await;
        let claim = leader.leads().await.claim;
        leader.wire.is(Fault::Lost);
        let over = || async { claim.check().map_or(Ok(()), |()| Err("it stands".to_owned())) };
        eventually(over).await;
        if deleted {
            stage.leases().delete(LEASE, &DeleteParams::default()).await.unwrap();
        } else {
            stage.merge(json!({ "spec": { "holderIdentity": null } })).await;
        }
        leader.wire.is(Fault::None);
        // Somebody may have led in between, and released or died.
        assert_eq!(leader.ended().await, Some(Ended::Gone));
        assert!(!claim.is_current());
        assert_eq!(stage.lookout.no_two_at_once(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_could_not_restore_a_deleted_lease_in_time_does_not_later() {
    let stage = Stage::new("not-restored").await;
    let mut leader = stage.leader().await;
    let claim = leader.leads().await.claim;
    leader.wire.is(Fault::CreationLost);
    stage.leases().delete(LEASE, &DeleteParams::default()).await.unwrap();
    let over = || async { claim.check().map_or(Ok(()), |()| Err("it stands".to_owned())) };
    eventually(over).await;
    leader.wire.is(Fault::None);
    // Somebody may have made one in between, and lost it in the same way.
    assert_eq!(leader.ended().await, Some(Ended::Gone));
    assert!(!claim.is_current());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_were_lost_for_a_moment_cost_no_leadership() {
    let stage = Stage::new("moment").await;
    let leader = stage.leader().await;
    let follower = stage.follower().await;
    for fault in [Fault::AnswerLost, Fault::Lost] {
        let written = leader.wire.count(&["PUT"]);
        leader.wire.is(fault);
        let sent = || async {
            let more = leader.wire.count(&["PUT"]) > written;
            if more {
                Ok(())
            } else {
                Err("nothing was renewed".to_owned())
            }
        };
        eventually(sent).await;
        leader.wire.is(Fault::None);
        let before = leader.wire.count(&["PUT"]);
        let twice = || async {
            let more = leader.wire.count(&["PUT"]) > before + 2;
            if more {
                Ok(())
            } else {
                Err("not renewed again".to_owned())
            }
        };
        eventually(twice).await;
        let leads = leader.leads().await;
        assert!(leads.claim.is_current(), "{fault:?}");
    }
    assert!(!follower.has_led());
    assert_eq!(stage.lookout.no_two_at_once(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_took_the_lease_without_an_answer_leads_once_it_reads_so() {
    let stage = Stage::new("took").await;
    let mut candidate = stage.candidate().await;
    candidate.wire.is(Fault::WriteUnanswered);
    let began = Instant::now();
    candidate.start(&stage.lookout);
    let sent = || async {
        let sent = candidate.wire.count(&["POST"]);
        if sent > 0 {
            Ok(())
        } else {
            Err("nothing was created".to_owned())
        }
    };
    eventually(sent).await;
    candidate.wire.is(Fault::None);
    let took = candidate.leads().await.since - began;
    assert!(took < TIMING.lease, "it does not wait for itself: {took:?}");
    assert_eq!(stage.lease().await.record.lease_transitions, Some(0));
    assert_eq!(stage.lookout.no_two_at_once(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_tells_nothing_makes_no_second_leader() {
    let stage = Stage::new("deaf").await;
    let mut leader = stage.leader().await;
    let mut deaf = stage.candidate().await;
    deaf.wire.is(Fault::DeafWatch);
    deaf.start(&stage.lookout);
    deaf.follows().await;
    // It believes twice that the lease has run out, and is told better.
    let tried = || async {
        let tried = deaf.wire.count(&["PUT"]);
        if tried > 1 {
            Ok(())
        } else {
            Err(format!("tried {tried} times"))
        }
    };
    eventually(tried).await;
    assert!(!deaf.has_led() && leader.leads().await.claim.is_current());
    let began = Instant::now();
    leader.release.cancel();
    assert_eq!(leader.ended().await, Some(Ended::Released));
    let took = deaf.leads().await.since - began;
    assert!(took < TIMING.lease + TIMING.renew_every, "{took:?}");
    assert_eq!(stage.lookout.no_two_at_once(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_counted_from_the_request_and_not_from_the_answer() {
    // The second renewal is on its way, so the first was answered.
    for (name, method, number) in [("slow-create", "POST", 1), ("slow-renewal", "PUT", 2)] {
        let stage = Stage::new(name).await;
        let mut candidate = stage.candidate().await;
        candidate.wire.is(Fault::Slow);
        candidate.start(&stage.lookout);
        let leads = candidate.leads().await;
        let created = candidate.wire.latest(&["POST"]);
        assert!(leads.since - created >= SLOW, "the answer was slow");
        let sent = || async {
            let sent = candidate.wire.count(&[method]);
            if sent >= number {
                Ok(())
            } else {
                Err(format!("{method} {sent} times"))
            }
        };
        eventually(sent).await;
        candidate.wire.is(Fault::Lost);
        let requested = candidate.wire.latest(&[method]);
        let ends = requested + TIMING.renew_deadline;
        tokio::time::sleep_until((requested + TIMING.renew_deadline / 2).into()).await;
        assert!(leads.claim.is_current() || Instant::now() >= ends, "{name}");
        // Before it would end if it were counted from the answer.
        tokio::time::sleep_until((ends + SLOW / 10).into()).await;
        assert!(!leads.claim.is_current(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_whose_answer_is_lost_makes_no_two_leaders() {
    let stage = Stage::new("unanswered-release").await;
    let mut leader = stage.leader().await;
    let next = stage.follower().await;
    leader.wire.is(Fault::WriteUnanswered);
    leader.release.cancel();
    next.leads().await;
    assert_eq!(leader.ended().await, Some(Ended::Released));
    assert_eq!(stage.lookout.no_two_at_once(), 2);
}
