//! What the gate makes of the news of a host.

use tracktik_operator::{
    api::{Reason, Span},
    rotation::gate::{Limits, Outcome, WaitsFor},
};

use crate::gate_scene::{HOST, OTHER, OUTCOMES, REJECTED, Scene};

/// More places than any of these tables needs, so that only the host counts.
fn scene() -> Scene {
    Scene::with_limits(Limits {
        budget: 1_000,
        per_host: 8,
    })
}

/// Each with its own request, one after the other.
fn fail(scene: &mut Scene, outcome: Outcome, times: usize) {
    for _ in 0..times {
        scene.request("default/failing", HOST, outcome);
    }
}

#[test]
fn one_request_finds_out_whether_a_host_answers() {
    let mut scene = scene();
    assert_eq!(scene.room(HOST), 1);
    scene.goes("a", HOST);
    assert_eq!(scene.waits("b", HOST), (WaitsFor::HostUntried, None));
    assert_eq!(scene.waits("c", "acme.staffr.net:443"), (WaitsFor::HostUntried, None));
    scene.goes("d", OTHER);
    scene.finish("a", Outcome::Token);
    assert_eq!(scene.woken(), ["b", "c"]);
    assert_eq!(
        scene.room(HOST),
        6,
        "eight, of which two are kept for those who were told"
    );
}

#[test]
fn what_an_outcome_says_of_a_host() {
    let room_after = |outcome| match outcome {
        Outcome::Token | Outcome::Rejected { .. } | Outcome::RefreshRefused { .. } => (8, 8),
        Outcome::NotSent => (1, 8),
        Outcome::Throttled { .. } | Outcome::Firewall => (0, 0),
        _ => (1, 1),
    };
    for (outcome, _) in OUTCOMES {
        let mut unknown = scene();
        unknown.request("a", HOST, outcome);
        let mut known = scene();
        known.answers(HOST);
        known.request("a", HOST, outcome);
        assert_eq!(
            (unknown.room(HOST), known.room(HOST)),
            room_after(outcome),
            "{outcome:?}"
        );
        assert_eq!((unknown.room(OTHER), known.room(OTHER)), (1, 1), "{outcome:?}");
    }
}

#[test]
fn after_three_failures_in_a_row_a_host_is_probed_at_a_growing_pace() {
    for outcome in [
        Outcome::NotConnected,
        Outcome::NoAnswer,
        Outcome::ServerError,
        Outcome::Misbehaved,
        Outcome::Unknown,
    ] {
        let mut scene = scene();
        scene.answers(HOST);
        fail(&mut scene, outcome, 3);
        let mut steps = Vec::new();
        for _ in 0..8 {
            let (what, until) = scene.waits("a", HOST);
            assert_eq!(what, WaitsFor::HostSilent, "{outcome:?}");
            let step = until.unwrap();
            assert_eq!(scene.gate.next_change(scene.now), Some(scene.now + step));
            scene.pass(step - Span::millis(1));
            assert_eq!(scene.woken(), Vec::<String>::new());
            scene.pass(Span::millis(1));
            assert_eq!(scene.woken(), ["a"]);
            scene.goes("a", HOST);
            assert_eq!(scene.waits("b", HOST), (WaitsFor::HostSilent, None));
            scene.finish("a", outcome);
            scene.gate.leave("b");
            steps.push(step);
        }
        assert_eq!(steps[0], Span::seconds(30));
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(
            steps[7] > Span::minutes(8) && steps[7] <= Span::minutes(10),
            "{steps:?}"
        );
        scene.pass(Span::minutes(10));
        scene.request("a", HOST, REJECTED);
        assert_eq!(scene.room(HOST), 8, "{outcome:?}");
    }
}

#[test]
fn hosts_that_went_silent_together_are_not_probed_together() {
    let mut scene = scene();
    let steps: std::collections::BTreeSet<Span> = (0..20)
        .map(|number| {
            let host = format!("h{number}.staffr.net");
            for _ in 0..3 {
                scene.request("a", &host, Outcome::NotConnected);
            }
            for _ in 0..3 {
                scene.pass(Span::minutes(10));
                scene.request("a", &host, Outcome::NotConnected);
            }
            scene.waits("a", &host).1.unwrap()
        })
        .collect();
    assert!(steps.len() > 10, "{steps:?}");
}

#[test]
fn requests_in_flight_when_a_host_dies_are_one_failure() {
    let mut scene = scene();
    scene.answers(HOST);
    let names: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
    for name in &names {
        scene.goes(name, HOST);
    }
    for name in &names {
        scene.finish(name, Outcome::NoAnswer);
    }
    assert_eq!(
        scene.room(HOST),
        1,
        "one failure: not silent yet, but no longer trusted"
    );
    fail(&mut scene, Outcome::NoAnswer, 1);
    assert_eq!(scene.room(HOST), 1);
    fail(&mut scene, Outcome::NoAnswer, 1);
    assert_eq!(scene.waits("a", HOST).0, WaitsFor::HostSilent);
}

#[test]
fn an_answer_ends_what_failures_began() {
    let mut scene = scene();
    scene.answers(HOST);
    scene.goes("slow", HOST);
    fail(&mut scene, Outcome::ServerError, 1);
    assert_eq!(scene.waits("a", HOST).0, WaitsFor::HostUntried);
    scene.gate.leave("a");
    scene.finish("slow", REJECTED);
    assert_eq!(scene.room(HOST), 8);
    fail(&mut scene, Outcome::ServerError, 2);
    assert_eq!(scene.room(HOST), 1, "the first failure no longer counts");
}

#[test]
fn a_pause_that_a_host_asks_for_lasts_a_minute_to_an_hour() {
    let table = [
        (-5, 60),
        (0, 60),
        (59, 60),
        (90, 90),
        (3_600, 3_600),
        (7_200, 3_600),
        (i64::MAX, 3_600),
    ];
    for (asked, kept) in table {
        let retry_after = Some(Span::seconds(asked));
        for outcome in [
            Outcome::Throttled {
                pause: Span::seconds(asked),
            },
            Outcome::Rejected {
                reason: Reason::CredentialsRejected,
                retry_after,
            },
            Outcome::RefreshRefused { retry_after },
        ] {
            let mut scene = scene();
            scene.answers(HOST);
            scene.request("a", HOST, outcome);
            let wait = (WaitsFor::HostThrottled, Some(Span::seconds(kept)));
            assert_eq!(scene.waits("b", HOST), wait, "{outcome:?}");
            scene.pass(Span::seconds(kept) - Span::millis(1));
            assert_eq!(scene.woken(), Vec::<String>::new());
            scene.pass(Span::millis(1));
            assert_eq!(scene.woken(), ["b"]);
            assert_eq!(scene.room(HOST), 0, "one finds out, and b was told that it may");
        }
    }
}

#[test]
fn a_shorter_pause_does_not_end_a_longer_one() {
    let mut scene = scene();
    scene.answers(HOST);
    scene.goes("a", HOST);
    scene.goes("b", HOST);
    scene.goes("c", HOST);
    let pause = Span::minutes(30);
    scene.finish("a", Outcome::Throttled { pause });
    scene.finish("b", Outcome::Throttled { pause: Span::ZERO });
    // The answer to a request that was already in flight says nothing about what the host asked for since.
    scene.finish("c", Outcome::Token);
    assert_eq!(scene.waits("d", HOST), (WaitsFor::HostThrottled, Some(pause)));
}

#[test]
fn the_firewall_closes_a_host_for_ten_minutes_doubling_to_an_hour() {
    let mut scene = scene();
    scene.answers(HOST);
    scene.goes("a", HOST);
    scene.goes("b", HOST);
    scene.finish("a", Outcome::Firewall);
    scene.finish("b", Outcome::Firewall);
    for minutes in [10, 20, 40, 60, 60] {
        let wait = (WaitsFor::HostFirewall, Some(Span::minutes(minutes)));
        assert_eq!(scene.waits("c", HOST), wait);
        assert_eq!(scene.room(OTHER), 1);
        scene.pass(Span::minutes(minutes));
        scene.gate.leave("c");
        assert_eq!(
            scene.room(HOST),
            1,
            "a firewall stands in front of hosts that do not exist, too"
        );
        scene.request("c", HOST, Outcome::Firewall);
    }
    scene.pass(Span::hours(1));
    scene.request("c", HOST, Outcome::Token);
    scene.request("c", HOST, Outcome::Firewall);
    assert_eq!(scene.waits("c", HOST).1, Some(Span::minutes(10)));
}

#[test]
fn what_was_heard_of_a_host_is_forgotten_after_a_day() {
    let mut scene = scene();
    for number in 0..50 {
        scene.request("a", &format!("h{number}.staffr.net"), REJECTED);
        for _ in 0..3 {
            scene.request("a", &format!("dead{number}.staffr.net"), Outcome::NotConnected);
        }
    }
    assert_eq!(scene.gate.hosts_known(), 100);
    scene.pass(Span::hours(23));
    scene.request("a", HOST, Outcome::Token);
    assert_eq!(scene.gate.hosts_known(), 101);
    scene.goes("slow", "h7.staffr.net");
    scene.pass(Span::hours(1));
    scene.request("a", HOST, Outcome::Token);
    assert_eq!(scene.gate.hosts_known(), 2, "the one that is asked is still known");
    assert_eq!(scene.room("h7.staffr.net"), 7);
}

#[test]
fn a_host_that_is_waited_for_is_not_forgotten() {
    let mut scene = Scene::with_limits(Limits { budget: 3, per_host: 2 });
    scene.answers(HOST);
    for name in ["x", "y", "z"] {
        scene.goes(name, &format!("{name}.staffr.net"));
    }
    for name in ["a", "b"] {
        assert_eq!(scene.waits(name, HOST).0, WaitsFor::Budget);
    }
    scene.pass(Span::hours(24));
    for name in ["x", "y", "z"] {
        scene.finish(name, Outcome::NotSent);
    }
    assert_eq!(scene.woken(), ["a", "b"], "it still has room for two");
}

#[test]
fn a_host_that_nothing_was_sent_to_is_not_remembered() {
    let mut scene = scene();
    scene.request("a", HOST, Outcome::NotSent);
    scene.goes("a", HOST);
    let _ = scene.waits("b", HOST);
    scene.gate.leave("b");
    assert_eq!(scene.gate.hosts_known(), 0);
}
