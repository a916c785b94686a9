//! Who goes first, and who is told.

use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{Limits, Outcome, Request, Trust, WaitsFor},
};

use crate::{
    arbitrary::START,
    gate_scene::{HOST, NEVER_TRIED, OTHER, Scene, request, unproven},
};

fn one_place() -> Scene {
    Scene::with_limits(Limits { budget: 1, per_host: 8 })
}

fn expiring(credential: &str, host: &str, minutes: i64) -> Request {
    Request {
        expires: START + Span::minutes(minutes),
        ..request(credential, host)
    }
}

#[test]
fn the_proven_go_first_then_by_expiry_then_by_name() {
    let mut scene = one_place();
    scene.goes("first", "first.staffr.net");
    let line = [
        unproven("d/none", "d.staffr.net"),
        Request {
            trust: NEVER_TRIED,
            ..expiring("a/soon", "a.staffr.net", 1)
        },
        expiring("c/late", HOST, 50),
        expiring("b/late", OTHER, 50),
        expiring("z/soon", HOST, 10),
        Request {
            expires: Moment::default(),
            ..request("y/now", OTHER)
        },
    ];
    for request in &line {
        assert_eq!(scene.ask_for(request).map(|wait| wait.what), Some(WaitsFor::Budget));
    }
    let mut last = "first".to_owned();
    for next in ["y/now", "z/soon", "b/late", "c/late", "d/none", "a/soon"] {
        scene.finish(&last, Outcome::Token);
        assert_eq!(scene.woken(), [next]);
        for request in &line {
            if request.credential == next {
                assert_eq!(scene.ask_for(request), None);
            }
        }
        last = next.to_owned();
    }
}

#[test]
fn of_those_that_are_not_known_to_work_whoever_has_waited_longest_goes_first() {
    let mut scene = one_place();
    scene.goes("first", "first.staffr.net");
    let with = |credential: &str, trust: Trust, expires: i64| Request {
        trust,
        ..expiring(credential, &format!("{credential}.staffr.net"), expires)
    };
    let since = |minutes_ago: i64| Trust::Unproven {
        since: START - Span::minutes(minutes_ago),
    };
    let line = [
        with("a", since(5), 1),
        with("b", since(60), 1),
        with("c", since(20), 0),
        with("works", Trust::Proven, 60),
    ];
    for request in &line {
        assert!(scene.ask_for(request).is_some());
    }
    let mut last = "first".to_owned();
    for next in ["works", "b", "c", "a"] {
        scene.finish(&last, Outcome::Token);
        assert_eq!(scene.woken(), [next]);
        let request = line.iter().find(|request| request.credential == next).unwrap();
        assert_eq!(scene.ask_for(request), None);
        last = next.to_owned();
    }
}

/// However many come that were never tried, whoever was refused has its turn.
#[test]
fn an_endless_row_of_new_ones_keeps_nobody_out_for_longer_than_they_are_ahead() {
    let mut scene = one_place();
    let new = |number: i64, now: Moment| Request {
        trust: Trust::Unproven {
            since: now - Trust::AHEAD,
        },
        ..unproven(&format!("new/{number}"), &format!("n{number}.staffr.net"))
    };
    let refused = Request {
        trust: Trust::Unproven { since: scene.now },
        ..unproven("refused", HOST)
    };
    assert_eq!(scene.ask_for(&new(0, scene.now)), None);
    for number in 1..300 {
        scene.pass(Span::minutes(1));
        assert!(scene.ask_for(&refused).is_some());
        assert!(scene.ask_for(&new(number, scene.now)).is_some());
        scene.finish(&format!("new/{}", number - 1), Outcome::Token);
        if scene.woken() == ["refused"] {
            assert_eq!(number, 181, "three hours, and the one that came with the end of them");
            return;
        }
        assert_eq!(scene.ask_for(&new(number, scene.now)), None);
    }
    panic!("it was never let through");
}

#[test]
fn who_comes_does_not_overtake_who_waits() {
    let mut scene = one_place();
    scene.goes("first", "first.staffr.net");
    assert!(scene.ask_for(&expiring("soon", HOST, 1)).is_some());
    scene.finish("first", Outcome::Token);
    // Nobody was told yet; the place is for the one who comes first all the same.
    assert_eq!(scene.waits("late", OTHER), (WaitsFor::Budget, None));
    assert_eq!(scene.woken(), ["soon"]);
    assert_eq!(scene.waits("late", OTHER), (WaitsFor::Budget, None));
    // But somebody who comes before goes before, and who was told has to wait.
    assert_eq!(scene.ask_for(&expiring("sooner", OTHER, 0)), None);
    assert!(scene.ask_for(&expiring("soon", HOST, 1)).is_some());
    scene.finish("sooner", Outcome::Token);
    assert_eq!(scene.woken(), ["soon"]);
}

#[test]
fn who_is_told_is_told_once_until_it_asks() {
    let mut scene = one_place();
    scene.goes("first", "first.staffr.net");
    for name in ["a", "b"] {
        assert_eq!(scene.waits(name, HOST).0, WaitsFor::Budget);
    }
    assert_eq!(scene.woken(), Vec::<String>::new());
    scene.finish("first", Outcome::Token);
    assert_eq!(scene.woken(), ["a"]);
    assert_eq!(scene.woken(), Vec::<String>::new());
    scene.gate.leave("a");
    assert_eq!(scene.woken(), ["b"]);
    // Somebody was faster, and so it is told once more.
    assert_eq!(scene.ask_for(&expiring("c", "c.staffr.net", 1)), None);
    assert!(scene.ask_for(&request("b", HOST)).is_some());
    scene.finish("c", Outcome::Token);
    assert_eq!(scene.woken(), ["b"]);
}

#[test]
fn who_comes_behind_those_who_were_told_hears_what_they_take() {
    let mut scene = Scene::new();
    scene.goes("a", HOST);
    assert_eq!(scene.waits("b", HOST), (WaitsFor::HostUntried, None));
    scene.finish("a", Outcome::NotSent);
    assert_eq!(scene.woken(), ["b"]);
    assert_eq!(scene.waits("c", HOST), (WaitsFor::HostUntried, None));
}

#[test]
fn a_change_of_a_wish_ahead_lets_those_behind_go() {
    let mut scene = one_place();
    scene.goes("first", "first.staffr.net");
    assert!(scene.ask_for(&expiring("a", HOST, 1)).is_some());
    assert!(scene.ask_for(&expiring("b", OTHER, 2)).is_some());
    scene.finish("first", Outcome::Token);
    assert_eq!(scene.woken(), ["a"]);
    assert!(
        scene.ask_for(&expiring("a", HOST, 3)).is_some(),
        "it is now behind the other"
    );
    assert_eq!(scene.woken(), ["b"]);
}

#[test]
fn as_many_are_told_as_there_is_room_for() {
    let mut scene = Scene::new();
    for host in [HOST, OTHER] {
        scene.answers(host);
        scene.request("failing", host, Outcome::Throttled { pause: Span::ZERO });
    }
    for number in 0..12 {
        assert!(
            scene
                .ask_for(&expiring(&format!("a/{number:02}"), HOST, number))
                .is_some()
        );
        assert!(
            scene
                .ask_for(&expiring(&format!("b/{number:02}"), OTHER, number))
                .is_some()
        );
    }
    assert_eq!(scene.gate.next_change(scene.now), Some(scene.now + Span::minutes(1)));
    scene.pass(Span::minutes(1));
    assert_eq!(scene.woken(), ["a/00", "b/00"], "one finds out for each host");
    for name in ["a/00", "b/00"] {
        let host = if name == "a/00" { HOST } else { OTHER };
        assert_eq!(scene.ask_for(&expiring(name, host, 0)), None);
        scene.finish(name, Outcome::Token);
    }
    let told: Vec<String> = (1..=8)
        .flat_map(|number| [format!("a/{number:02}"), format!("b/{number:02}")])
        .collect();
    assert_eq!(
        scene.woken(),
        told,
        "eight for each; two places are held by the failures"
    );
    assert_eq!(scene.gate.places_left(scene.now), 16);
}

#[test]
fn a_line_behind_a_dead_host_delays_nobody_elsewhere() {
    let mut scene = Scene::new();
    scene.answers(OTHER);
    for _ in 0..3 {
        scene.request("dead/first", HOST, Outcome::NotConnected);
    }
    for number in 0..500 {
        let wait = scene.ask_for(&expiring(&format!("dead/{number}"), HOST, 0)).unwrap();
        assert_eq!(wait.what, WaitsFor::HostSilent);
    }
    for number in 0..8 {
        assert_eq!(scene.ask_for(&expiring(&format!("alive/{number}"), OTHER, 60)), None);
    }
    assert_eq!(scene.waits("alive/8", OTHER), (WaitsFor::HostBusy, None));
    scene.finish("alive/0", Outcome::Token);
    assert_eq!(scene.woken(), ["alive/8"]);
    scene.pass(Span::minutes(1));
    assert_eq!(scene.woken(), ["dead/0"], "one probe");
}

#[test]
fn ten_thousand_go_through_in_their_order() {
    let mut scene = Scene::new();
    let host = |number: i64| format!("h{}.staffr.net", number % 20);
    let name = |number: i64| format!("c/{number:05}");
    let many = 10_000;
    scene.goes("first", "first.staffr.net");
    scene.finish("first", Outcome::Throttled { pause: Span::ZERO });
    for number in 0..20 {
        scene.request("first", &host(number), Outcome::Throttled { pause: Span::ZERO });
        scene.pass(Span::seconds(60));
    }
    for _ in 0..20 {
        // All places are held; 18 recent ones of the above do not suffice, so recall makes up for it.
        scene.gate.recall(
            [tracktik_operator::rotation::gate::Past::Failed { ended: scene.now }],
            scene.now,
        );
    }
    for number in 0..many {
        let wait = scene.ask_for(&expiring(&name(number), &host(number), number)).unwrap();
        assert_eq!(wait.what, WaitsFor::Budget);
    }
    scene.pass(Span::minutes(10));
    let mut gone = Vec::new();
    while scene.gate.waiting() > 0 {
        let told = scene.woken();
        assert!(!told.is_empty(), "{} of {many} went", gone.len());
        for credential in told {
            let number: i64 = credential.trim_start_matches("c/").parse().unwrap();
            assert_eq!(scene.ask_for(&expiring(&credential, &host(number), number)), None);
            scene.finish(&credential, Outcome::Token);
            gone.push(number);
        }
    }
    // Twenty hosts with places for eighteen: nobody goes far ahead of its order.
    let furthest = gone.iter().zip(0..).map(|(went, order)| (went - order).abs()).max();
    assert!(furthest < Some(200), "{furthest:?}");
}
