//! What an election costs while nothing changes.

use std::time::Duration;

use crate::stage::{Stage, TIMING};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sends_nothing_and_a_leader_one_write_per_interval() {
    let stage = Stage::new("quiet").await;
    let leader = stage.leader().await;
    let follower = stage.follower().await;
    let all = ["GET", "POST", "PUT", "WATCH"];
    let before = (leader.wire.count(&all), follower.wire.count(&all));
    let time = Duration::from_secs(6);
    // What is shown is that nothing happens, and that has no end to wait for.
    tokio::time::sleep(time).await;
    assert_eq!(follower.wire.count(&all), before.1, "{:?}", follower.wire.sent);
    let sent = leader.wire.count(&all) - before.0;
    // A renewal comes up to a fifth earlier, and the watch may begin within this time.
    let most = time.div_duration_f64(TIMING.renew_every * 4 / 5);
    assert!((4..=8).contains(&sent), "{sent} of at most {most}");
    assert_eq!(leader.wire.count(&["GET"]), 1, "{:?}", leader.wire.sent);
    assert!(!follower.has_led());
    assert_eq!(stage.lookout.no_two_at_once(), 1);
}
