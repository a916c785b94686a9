//! What the gate lets a credential send: values that were refused, accounts that were refused often, and one request at
//! a time for each.

use tracktik_operator::{
    api::{Reason, Span},
    rotation::gate::{AccountAnswer, Limits, Outcome, Refusal, Sent, WaitsFor},
};

use crate::gate_scene::{HOST, OTHER, OUTCOMES, REJECTED, Scene, digest, sent, unproven};

const ACCOUNT: u8 = 100;

fn scene() -> Scene {
    let mut scene = Scene::with_limits(Limits {
        budget: 1_000,
        per_host: 8,
    });
    scene.answers(HOST);
    scene
}

/// One whole request, by an unproven credential of this name; the answer of the guard where it is not sent.
fn send(scene: &mut Scene, credential: &str, values: u8, outcome: Outcome) -> AccountAnswer {
    send_by(scene, credential, values, outcome, false)
}

fn send_by(scene: &mut Scene, credential: &str, values: u8, outcome: Outcome, by_request: bool) -> AccountAnswer {
    assert_eq!(scene.ask_for(&unproven(credential, HOST)), None);
    let answer = scene.ask_account_by(credential, values, ACCOUNT, by_request);
    let sent = answer == AccountAnswer::Go;
    scene.finish(credential, if sent { outcome } else { Outcome::NotSent });
    answer
}

fn rejected(scene: &Scene, span: Span) -> AccountAnswer {
    AccountAnswer::Rejected(Refusal {
        until: scene.now + span,
        reason: Reason::CredentialsRejected,
    })
}

#[test]
fn values_that_were_rejected_are_not_sent_by_anybody_until_their_pace_has_passed() {
    let mut scene = scene();
    for wait in [
        Span::minutes(30),
        Span::hours(2),
        Span::hours(6),
        Span::hours(24),
        Span::hours(24),
    ] {
        assert_eq!(send(&mut scene, "a", 1, REJECTED), AccountAnswer::Go);
        for number in 0..30 {
            let answer = send(&mut scene, &format!("c{number}"), 1, REJECTED);
            assert_eq!(answer, rejected(&scene, wait));
        }
        assert_eq!(scene.gate.waiting(), 0, "whoever is refused is not in the line");
        scene.pass(wait - Span::millis(1));
        assert_eq!(send(&mut scene, "b", 1, REJECTED), rejected(&scene, Span::millis(1)));
        scene.pass(Span::millis(1));
    }
}

#[test]
fn a_person_may_ask_for_rejected_values_to_be_sent() {
    let mut scene = scene();
    assert_eq!(send(&mut scene, "a", 1, REJECTED), AccountAnswer::Go);
    assert_eq!(send_by(&mut scene, "b", 1, REJECTED, true), AccountAnswer::Go);
    assert_eq!(send(&mut scene, "a", 1, REJECTED), rejected(&scene, Span::hours(2)));
    assert_eq!(send_by(&mut scene, "b", 1, Outcome::Token, true), AccountAnswer::Go);
    assert_eq!(
        send(&mut scene, "a", 1, REJECTED),
        AccountAnswer::Go,
        "they are right after all"
    );
    assert_eq!(send(&mut scene, "a", 1, REJECTED), rejected(&scene, Span::minutes(30)));
}

#[test]
fn an_account_is_refused_five_times_an_hour() {
    let mut scene = scene();
    for values in 0..5 {
        assert_eq!(send(&mut scene, "a", values, REJECTED), AccountAnswer::Go);
        scene.pass(Span::minutes(1));
    }
    let rest = Span::minutes(55);
    assert_eq!(send(&mut scene, "a", 5, REJECTED), rejected(&scene, rest));
    assert_eq!(send_by(&mut scene, "a", 5, REJECTED, true), rejected(&scene, rest));
    scene.goes("other", HOST);
    assert_eq!(scene.ask_account("other", 6, ACCOUNT + 1), AccountAnswer::Go);
    scene.pass(rest - Span::millis(1));
    assert_eq!(send(&mut scene, "a", 5, REJECTED), rejected(&scene, Span::millis(1)));
    scene.pass(Span::millis(1));
    assert_eq!(send(&mut scene, "a", 5, REJECTED), AccountAnswer::Go);
    assert_eq!(send(&mut scene, "a", 6, REJECTED), rejected(&scene, Span::minutes(1)));
}

/// An hour after the first of them all that is refused may be values that were refused before; it is the same password still.
#[test]
fn a_password_that_worked_until_it_was_changed_is_refused_five_times_in_later_hours_too() {
    let mut scene = scene();
    let by_client = |values: u8| Sent {
        password: digest(99),
        ..sent(values, ACCOUNT)
    };
    let send = |scene: &mut Scene, values: u8, outcome: Outcome| {
        assert_eq!(scene.ask_for(&unproven("a", HOST)), None);
        let answer = scene.ask_to_send("a", by_client(values), false);
        let goes = answer == AccountAnswer::Go;
        scene.finish("a", if goes { outcome } else { Outcome::NotSent });
        goes
    };
    assert!(send(&mut scene, 1, Outcome::Token) && send(&mut scene, 2, Outcome::Token));
    assert!(send(&mut scene, 1, REJECTED), "it was changed");
    scene.pass(Span::minutes(59));
    for values in 3..7 {
        assert!(send(&mut scene, values, REJECTED));
    }
    scene.pass(Span::minutes(1));
    assert!(send(&mut scene, 7, REJECTED));
    assert!(!send(&mut scene, 2, REJECTED), "a sixth within the hour");
}

#[test]
fn the_later_of_two_refusals_counts() {
    let mut scene = scene();
    for values in 0..5 {
        assert_eq!(send(&mut scene, "a", values, REJECTED), AccountAnswer::Go);
    }
    assert_eq!(send(&mut scene, "a", 0, REJECTED), rejected(&scene, Span::hours(1)));
    assert_eq!(
        send_by(&mut scene, "a", 0, REJECTED, true),
        rejected(&scene, Span::hours(1))
    );
}

#[test]
fn wrong_passwords_of_others_do_not_hold_back_the_right_one() {
    let mut scene = scene();
    assert_eq!(send(&mut scene, "right", 9, Outcome::Token), AccountAnswer::Go);
    for values in 0..5 {
        assert_eq!(send(&mut scene, "wrong", values, REJECTED), AccountAnswer::Go);
    }
    assert_eq!(send(&mut scene, "right", 9, Outcome::NoAnswer), AccountAnswer::Go);
    scene.pass(Span::minutes(10));
    assert_eq!(send(&mut scene, "right", 9, Outcome::Token), AccountAnswer::Go);
    // Also those that succeeded before this process began, as their credential knows.
    scene.goes("long/proven", HOST);
    assert_eq!(scene.ask_account("long/proven", 10, ACCOUNT), AccountAnswer::Go);
    scene.finish("long/proven", REJECTED);
    scene.goes("long/proven", HOST);
    let answer = scene.ask_account_by("long/proven", 10, ACCOUNT, true);
    assert!(
        matches!(answer, AccountAnswer::Rejected(_)),
        "not after they were rejected: {answer:?}"
    );
}

#[test]
fn only_a_rejected_login_says_something_bad_about_values() {
    for (outcome, _) in OUTCOMES {
        let mut scene = scene();
        assert_eq!(send(&mut scene, "a", 1, outcome), AccountAnswer::Go);
        scene.pass(Span::minutes(20));
        let again = send(&mut scene, "b", 1, Outcome::Token);
        assert_eq!(again != AccountAnswer::Go, outcome == REJECTED, "{outcome:?}");
    }
}

#[test]
fn rejections_are_forgotten_a_day_after_their_pace_has_ended() {
    for (after, next) in [(Span::millis(-1), Span::hours(2)), (Span::ZERO, Span::minutes(30))] {
        let mut scene = scene();
        assert_eq!(send(&mut scene, "a", 1, REJECTED), AccountAnswer::Go);
        scene.pass(Span::minutes(30) + Span::hours(24) + after);
        scene.request("else", HOST, Outcome::Token);
        assert_eq!(send(&mut scene, "a", 1, REJECTED), AccountAnswer::Go);
        assert_eq!(send(&mut scene, "a", 1, REJECTED), rejected(&scene, next));
    }
}

#[test]
fn nothing_is_left_of_many_values_once_they_are_forgotten() {
    let mut scene = scene();
    let before = scene.gate.clone();
    for values in 0..200 {
        let outcome = if values % 2 == 0 { REJECTED } else { Outcome::Token };
        scene.goes("a", HOST);
        assert_eq!(scene.ask_account("a", values, values), AccountAnswer::Go);
        scene.finish("a", outcome);
    }
    scene.pass(Span::hours(25));
    scene.request("a", OTHER, Outcome::NotConnected);
    scene.answers(HOST);
    scene.pass(Span::hours(24));
    let mut after = scene.gate.clone();
    let mut before = before;
    for gate in [&mut after, &mut before] {
        let mut last = Scene::new();
        std::mem::swap(&mut last.gate, gate);
        last.now = scene.now;
        last.request("a", HOST, Outcome::Token);
        std::mem::swap(&mut last.gate, gate);
    }
    assert_eq!(after, before);
}

#[test]
fn one_request_for_an_account_is_under_way_at_a_time() {
    let mut scene = scene();
    for name in ["a", "b", "c", "d"] {
        scene.goes(name, HOST);
    }
    assert_eq!(scene.ask_account("a", 1, ACCOUNT), AccountAnswer::Go);
    for name in ["d", "b", "c"] {
        assert_eq!(scene.ask_account(name, 1, ACCOUNT), AccountAnswer::Busy);
        scene.finish(name, Outcome::NotSent);
        // There is a free place, and it would find the account taken again.
        assert_eq!(scene.woken(), Vec::<String>::new());
    }
    assert_eq!(scene.gate.waiting(), 3);
    assert_eq!(scene.gate.next_change(scene.now), None);
    assert_eq!(scene.waits("d", HOST), (WaitsFor::Account, None));
    assert_eq!(scene.woken(), Vec::<String>::new());
    scene.finish("a", Outcome::Token);
    for name in ["b", "c", "d"] {
        assert_eq!(scene.woken(), [name], "the first of them, and only that one");
        scene.goes(name, HOST);
        assert_eq!(scene.ask_account(name, 1, ACCOUNT), AccountAnswer::Go);
        scene.finish(name, Outcome::Token);
    }
    assert_eq!((scene.woken(), scene.gate.waiting()), (Vec::new(), 0));
}

#[test]
fn whoever_has_the_turn_of_an_account_hands_it_on() {
    type End = fn(&mut Scene);
    let ends: [(&str, End); 5] = [
        ("it leaves the line", |scene| scene.gate.leave("b")),
        ("it gives up its place", |scene| {
            scene.goes("b", HOST);
            scene.finish("b", Outcome::NotSent);
        }),
        ("it panics", |scene| {
            scene.goes("b", HOST);
            scene.finish("b", Outcome::Unknown);
        }),
        ("its username has become another", |scene| {
            scene.goes("b", HOST);
            assert_eq!(scene.ask_account("b", 2, ACCOUNT + 1), AccountAnswer::Go);
            scene.finish("b", Outcome::Token);
        }),
        ("its host has become another", |scene| {
            scene.goes("b", OTHER);
            scene.finish("b", Outcome::Token);
        }),
    ];
    for (name, end) in ends {
        let mut scene = one_told_and_one_behind();
        end(&mut scene);
        assert_eq!(scene.woken(), ["c"], "{name}");
    }
}

/// Both have found the account of another taken; it is free again, and the first of them has been told.
fn one_told_and_one_behind() -> Scene {
    let mut scene = scene();
    for name in ["a", "b", "c"] {
        scene.goes(name, HOST);
    }
    assert_eq!(scene.ask_account("a", 1, ACCOUNT), AccountAnswer::Go);
    for name in ["b", "c"] {
        assert_eq!(scene.ask_account(name, 1, ACCOUNT), AccountAnswer::Busy);
        scene.finish(name, Outcome::NotSent);
    }
    scene.finish("a", Outcome::Token);
    assert_eq!(scene.woken(), ["b"]);
    scene
}

#[test]
fn whoever_comes_by_itself_once_the_account_is_free_does_not_wait_for_its_turn() {
    let mut scene = one_told_and_one_behind();
    scene.goes("c", HOST);
    assert_eq!(scene.ask_account("c", 1, ACCOUNT), AccountAnswer::Go);
    // The turn is still with the first, which finds the account taken and comes again after it.
    scene.goes("b", HOST);
    assert_eq!(scene.ask_account("b", 1, ACCOUNT), AccountAnswer::Busy);
    scene.finish("b", Outcome::NotSent);
    assert_eq!(scene.woken(), Vec::<String>::new());
    scene.finish("c", Outcome::Token);
    assert_eq!(scene.woken(), ["b"]);
}

#[test]
fn a_place_may_ask_again_for_other_values() {
    let mut scene = scene();
    for name in ["a", "b"] {
        scene.goes(name, HOST);
    }
    assert_eq!(scene.ask_account("a", 1, ACCOUNT), AccountAnswer::Go);
    assert_eq!(
        scene.ask_account("a", 1, ACCOUNT),
        AccountAnswer::Go,
        "it is not in its own way"
    );
    assert_eq!(scene.ask_account("b", 1, ACCOUNT), AccountAnswer::Busy);
    assert_eq!(scene.ask_account("b", 2, ACCOUNT + 1), AccountAnswer::Go);
    assert_eq!(scene.gate.waiting(), 0, "it no longer stands behind the first account");
    scene.finish("b", Outcome::NotSent);
    scene.goes("b", HOST);
    assert_eq!(scene.ask_account("b", 1, ACCOUNT), AccountAnswer::Busy);
    scene.finish("b", Outcome::NotSent);
    assert_eq!(scene.ask_account("a", 3, ACCOUNT + 2), AccountAnswer::Go);
    assert_eq!(scene.woken(), ["b"], "the account is free");
}

#[test]
fn nothing_may_be_sent_from_a_place_that_is_finished() {
    let mut scene = scene();
    scene.goes("a", HOST);
    let place = scene.places["a"].clone();
    scene.finish("a", Outcome::Token);
    let answer = scene
        .gate
        .ask_account(&place, crate::gate_scene::sent(1, 1), true, scene.now);
    assert_eq!((answer, scene.gate.waiting()), (AccountAnswer::Busy, 0));
}
