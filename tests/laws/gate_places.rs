//! The places of the gate: how many, who may hold them, and for how long.

use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{Limits, Outcome, Past, Wait, WaitsFor},
};

use crate::gate_scene::{HOST, OUTCOMES, REJECTED, Scene, request, unproven};

const SECOND: Span = Span::seconds(1);

/// A host for each request, so that only the budget counts.
fn host(number: usize) -> String {
    format!("h{number}.staffr.net")
}

#[test]
fn there_are_eighteen_places() {
    let mut scene = Scene::new();
    for number in 0..18 {
        scene.goes(&format!("c{number}"), &host(number));
    }
    assert_eq!(scene.waits("late", "late.staffr.net"), (WaitsFor::Budget, None));
    assert_eq!((scene.gate.in_flight(), scene.gate.places_left(scene.now)), (18, 0));
    scene.finish("c0", Outcome::Token);
    assert_eq!(scene.woken(), ["late"]);
    scene.goes("late", "late.staffr.net");
}

#[test]
fn a_place_is_held_for_160_s_after_what_may_have_been_a_failed_login() {
    for (outcome, held) in OUTCOMES {
        let mut scene = Scene::with_limits(Limits { budget: 1, per_host: 8 });
        scene.request("a", HOST, outcome);
        assert_eq!(scene.gate.held(scene.now), usize::from(held), "{outcome:?}");
        if !held {
            assert_eq!(scene.ask("b", "b.staffr.net"), None, "{outcome:?}");
            continue;
        }
        let until = scene.now + Span::seconds(160);
        let budget = Wait {
            what: WaitsFor::Budget,
            until: Some(until),
        };
        assert_eq!(scene.ask("b", "b.staffr.net"), Some(budget), "{outcome:?}");
        assert_eq!(scene.gate.next_change(scene.now), Some(until));
        scene.now = until - Span::millis(1);
        assert_eq!(scene.woken(), Vec::<String>::new(), "{outcome:?}");
        scene.now = until;
        assert_eq!(scene.woken(), ["b"], "{outcome:?}");
        scene.goes("b", "b.staffr.net");
    }
}

#[test]
fn what_is_in_flight_keeps_its_place_however_long_it_takes() {
    let mut scene = Scene::with_limits(Limits { budget: 1, per_host: 8 });
    scene.goes("a", HOST);
    scene.pass(Span::hours(5));
    assert_eq!(scene.waits("b", "b.staffr.net"), (WaitsFor::Budget, None));
    assert_eq!(scene.gate.next_change(scene.now), None);
}

#[test]
fn recalled_requests_hold_places_as_their_times_say() {
    let table = [
        ("failed now", Past::Failed { ended: at(0) }, 160),
        ("failed a while ago", Past::Failed { ended: at(-100) }, 60),
        ("failed long ago", Past::Failed { ended: at(-160) }, 0),
        (
            "failed before there were clocks",
            Past::Failed {
                ended: Moment::default(),
            },
            0,
        ),
        ("lost, and so ended in a moment", Past::Failed { ended: at(40) }, 200),
        ("failed in the future", Past::Failed { ended: at(5_000) }, 200),
        ("failed at the end of time", Past::Failed { ended: Moment::MAX }, 200),
        ("announced now", Past::Unresolved { announced: at(0) }, 200),
        ("announced a while ago", Past::Unresolved { announced: at(-150) }, 50),
        ("announced long ago", Past::Unresolved { announced: at(-200) }, 0),
        (
            "announced in the future",
            Past::Unresolved { announced: at(5_000) },
            200,
        ),
    ];
    for (name, past, seconds) in table {
        let mut scene = Scene::new();
        scene.gate.recall([past], scene.now);
        assert_eq!(scene.gate.held(scene.now), usize::from(seconds > 0), "{name}");
        if seconds > 0 {
            scene.pass(Span::seconds(seconds) - SECOND);
            assert_eq!(scene.gate.held(scene.now), 1, "{name}");
            scene.pass(SECOND);
            assert_eq!(scene.gate.held(scene.now), 0, "{name}");
        }
    }
}

fn at(seconds: i64) -> Moment {
    crate::arbitrary::START + Span::seconds(seconds)
}

#[test]
fn more_may_be_recalled_than_there_are_places_and_then_none_is_free() {
    let mut scene = Scene::new();
    let past = (0..25).map(|ago| Past::Failed { ended: at(-ago) });
    scene.gate.recall(past, scene.now);
    assert_eq!((scene.gate.held(scene.now), scene.gate.places_left(scene.now)), (25, 0));
    // The eighth to become free is the first that leaves less than eighteen.
    let eighth = Span::seconds(160 - 17);
    assert_eq!(scene.waits("a", HOST), (WaitsFor::Budget, Some(eighth)));
    scene.pass(eighth - SECOND);
    assert_eq!(scene.gate.places_left(scene.now), 0);
    scene.pass(SECOND);
    assert_eq!(scene.gate.places_left(scene.now), 1);
    assert_eq!(scene.woken(), ["a"]);
}

#[test]
fn what_is_recalled_twice_counts_twice() {
    let mut scene = Scene::new();
    let past = Past::Failed { ended: scene.now };
    scene.gate.recall([past], scene.now);
    scene.gate.recall([past], scene.now);
    assert_eq!(scene.gate.held(scene.now), 2);
}

#[test]
fn unproven_requests_hold_half_of_the_places() {
    let mut scene = Scene::new();
    for number in 0..9 {
        assert_eq!(scene.ask_for(&unproven(&format!("u{number}"), &host(number))), None);
    }
    let wait = scene.ask_for(&unproven("u9", &host(9))).unwrap();
    assert_eq!((wait.what, wait.until), (WaitsFor::UnprovenBudget, None));
    for number in 10..19 {
        assert_eq!(scene.ask_for(&request(&format!("p{number}"), &host(number))), None);
    }
    assert_eq!(scene.waits("p19", &host(19)).0, WaitsFor::Budget);
    // Failed, they still hold them; a freed place of a proven one is for the proven.
    scene.finish("u0", REJECTED);
    scene.finish("p10", Outcome::Token);
    assert_eq!(scene.woken(), ["p19"]);
    scene.goes("p19", &host(19));
    scene.finish("p11", Outcome::Token);
    assert_eq!(scene.woken(), Vec::<String>::new());
    let wait = scene.ask_for(&unproven("u9", &host(9))).unwrap();
    assert_eq!(wait.what, WaitsFor::UnprovenBudget);
    assert_eq!(wait.until, Some(scene.now + Span::seconds(160)));
    scene.finish("u1", Outcome::Token);
    assert_eq!(scene.woken(), ["u9"]);
}

#[test]
fn recalled_requests_count_as_unproven() {
    let mut scene = Scene::new();
    let past = (0..9).map(|_| Past::Failed { ended: at(0) });
    scene.gate.recall(past, scene.now);
    let wait = scene.ask_for(&unproven("u", HOST)).unwrap();
    assert_eq!(wait.what, WaitsFor::UnprovenBudget);
    scene.goes("p", "p.staffr.net");
    assert_eq!(scene.gate.places_left(scene.now), 8);
}

#[test]
fn of_records_that_cannot_be_read_all_places_but_a_sixth_are_held_for_200_s() {
    for (budget, left) in [(18, 3), (9, 1), (1, 1)] {
        let mut scene = Scene::with_limits(Limits { budget, per_host: 8 });
        scene.gate.assume_the_worst(scene.now);
        assert_eq!(scene.gate.places_left(scene.now), left);
        assert_eq!(scene.ask_for(&unproven("u", HOST)), None, "they serve whoever comes");
        scene.finish("u", Outcome::Token);
        scene.pass(Span::seconds(200) - SECOND);
        assert_eq!(scene.gate.places_left(scene.now), left);
        scene.pass(SECOND);
        assert_eq!(scene.gate.places_left(scene.now), budget);
    }
}

#[test]
fn limits_of_nothing_let_one_request_through_at_a_time() {
    for budget in [0, 1] {
        let mut scene = Scene::with_limits(Limits { budget, per_host: 0 });
        assert_eq!(scene.ask_for(&unproven("a", HOST)), None);
        assert_eq!(scene.waits("b", "b.staffr.net"), (WaitsFor::Budget, None));
        scene.finish("a", Outcome::Token);
        scene.goes("b", HOST);
    }
}

#[test]
fn a_place_is_finished_once() {
    let mut scene = Scene::new();
    scene.goes("a", HOST);
    let place = scene.places["a"].clone();
    scene.finish("a", Outcome::Token);
    scene.pass(SECOND);
    scene.goes("b", HOST);
    let before = scene.gate.clone();
    scene.gate.finish(&place, REJECTED, scene.now);
    assert_eq!(scene.gate, before);
}

#[test]
fn a_gate_that_everybody_has_left_is_like_a_new_one() {
    let mut scene = Scene::new();
    let new = scene.gate.clone();
    scene.goes("a", HOST);
    assert_ne!(scene.waits("b", HOST).0, WaitsFor::Account);
    scene.gate.leave("b");
    scene.gate.leave("c");
    scene.finish("a", Outcome::NotSent);
    assert_eq!(scene.gate, new);
}
