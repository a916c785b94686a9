//! What the gate makes of what it is told of values: by the records that an earlier process left, and by a password that
//! worked and no longer does.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Moment, Reason, Span},
    rotation::{
        gate::{AccountAnswer, Limits, Outcome, Refusal, Sent},
        standing::Standing,
    },
};

use crate::gate_scene::{HOST, REJECTED, Scene, digest, request, sent, unproven};

const ACCOUNT: u8 = 100;

const CLIENT: Outcome = Outcome::Rejected {
    reason: Reason::ClientRejected,
    retry_after: None,
};

fn scene() -> Scene {
    let mut scene = Scene::with_limits(Limits {
        budget: 1_000,
        per_host: 8,
    });
    scene.answers(HOST);
    scene
}

/// The same password under another client.
fn of_client(values: u8, password: u8) -> Sent {
    Sent {
        password: digest(password),
        ..sent(values, ACCOUNT)
    }
}

/// One whole request; the answer of the guard where it is not sent.
fn send(scene: &mut Scene, proven: bool, sent: Sent, outcome: Outcome) -> AccountAnswer {
    let wish = if proven {
        request("team/a", HOST)
    } else {
        unproven("team/a", HOST)
    };
    assert_eq!(scene.ask_for(&wish), None);
    let answer = scene.ask_to_send("team/a", sent, false);
    let is_sent = answer == AccountAnswer::Go;
    scene.finish("team/a", if is_sent { outcome } else { Outcome::NotSent });
    answer
}

fn refused(scene: &Scene, span: Span, reason: Reason) -> AccountAnswer {
    AccountAnswer::Rejected(Refusal {
        until: scene.now + span,
        reason,
    })
}

fn standing(scene: &Scene, reason: Reason, lost: i32, step: Span) -> Standing {
    Standing {
        reason,
        lost,
        step,
        until: scene.now + step,
    }
}

#[test]
fn values_that_a_record_tells_of_go_on_from_there() {
    let mut scene = scene();
    let told = standing(&scene, Reason::ClientRejected, 0, Span::hours(2));
    scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
    let answer = send(&mut scene, false, sent(1, ACCOUNT), REJECTED);
    assert_eq!(answer, refused(&scene, Span::hours(2), Reason::ClientRejected));
    scene.pass(Span::hours(2));
    assert_eq!(send(&mut scene, false, sent(1, ACCOUNT), REJECTED), AccountAnswer::Go);
    let answer = send(&mut scene, false, sent(1, ACCOUNT), REJECTED);
    assert_eq!(answer, refused(&scene, Span::hours(6), Reason::CredentialsRejected));
}

#[test]
fn of_two_records_the_further_counts_whichever_is_told_first() {
    for first in [0, 1] {
        let mut scene = scene();
        let lost = standing(&scene, Reason::Issuing, 2, Span::minutes(5));
        let refused_before = standing(&scene, Reason::CredentialsRejected, 0, Span::minutes(30));
        let told = [lost, refused_before];
        for told in [told[first], told[1 - first]] {
            scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
        }
        let answer = send(&mut scene, true, sent(1, ACCOUNT), REJECTED);
        assert_eq!(answer, refused(&scene, Span::minutes(30), Reason::CredentialsRejected));
    }
}

#[test]
fn a_lost_outcome_holds_back_only_those_that_are_not_known_to_work() {
    let mut scene = scene();
    let told = standing(&scene, Reason::Issuing, 1, Span::minutes(1));
    scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
    let answer = send(&mut scene, false, sent(1, ACCOUNT), Outcome::Token);
    assert_eq!(answer, refused(&scene, Span::minutes(1), Reason::Issuing));
    assert_eq!(
        send(&mut scene, true, sent(1, ACCOUNT), Outcome::Token),
        AccountAnswer::Go
    );
    assert_eq!(
        send(&mut scene, false, sent(1, ACCOUNT), Outcome::Token),
        AccountAnswer::Go,
        "they are right"
    );
}

#[test]
fn what_this_process_saw_succeed_is_not_doubted_for_an_older_record() {
    let mut scene = scene();
    assert_eq!(
        send(&mut scene, false, sent(1, ACCOUNT), Outcome::Token),
        AccountAnswer::Go
    );
    let told = standing(&scene, Reason::CredentialsRejected, 0, Span::hours(6));
    scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
    assert_eq!(
        send(&mut scene, false, sent(1, ACCOUNT), Outcome::Token),
        AccountAnswer::Go
    );
}

#[test]
fn a_token_that_was_granted_later_outweighs_what_a_record_tells_and_an_earlier_one_does_not() {
    for (issued_before, goes) in [(Span::minutes(20), true), (Span::minutes(40), false)] {
        let mut scene = scene();
        // Refused half an hour ago, and to wait for two hours from then.
        let told = Standing {
            until: scene.now + Span::minutes(90),
            ..standing(&scene, Reason::CredentialsRejected, 0, Span::hours(2))
        };
        scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
        scene.gate.worked(sent(1, ACCOUNT), scene.now - issued_before);
        let answer = send(&mut scene, true, sent(1, ACCOUNT), Outcome::Token);
        assert_eq!(answer == AccountAnswer::Go, goes, "{answer:?}");
    }
}

/// Its wait is over, perhaps for long, and others come and go while it is under way.
#[test]
fn what_a_record_tells_outlasts_the_request_that_follows_it() {
    for over_for in [Span::ZERO, Span::hours(3), Span::hours(100)] {
        let mut scene = scene();
        let told = Standing {
            until: scene.now - over_for,
            ..standing(&scene, Reason::CredentialsRejected, 0, Span::hours(6))
        };
        scene.gate.learn(sent(1, ACCOUNT), told, scene.now);
        assert_eq!(scene.ask_for(&unproven("team/a", HOST)), None);
        assert_eq!(scene.ask_to_send("team/a", sent(1, ACCOUNT), false), AccountAnswer::Go);
        scene.goes("other", "other.staffr.net");
        scene.pass(Span::seconds(40));
        scene.finish("other", Outcome::Token);
        scene.finish("team/a", REJECTED);
        let answer = send(&mut scene, false, sent(1, ACCOUNT), REJECTED);
        assert_eq!(answer, refused(&scene, Span::hours(24), Reason::CredentialsRejected));
    }
}

#[test]
fn what_this_process_saw_refused_is_not_over_for_an_older_token() {
    let mut scene = scene();
    assert_eq!(send(&mut scene, true, sent(1, ACCOUNT), REJECTED), AccountAnswer::Go);
    scene.gate.worked(sent(1, ACCOUNT), scene.now + Span::minutes(1));
    let answer = send(&mut scene, true, sent(1, ACCOUNT), REJECTED);
    assert_eq!(answer, refused(&scene, Span::minutes(30), Reason::CredentialsRejected));
}

#[test]
fn records_of_other_values_close_no_account() {
    let mut scene = scene();
    for values in 0..50 {
        let told = standing(&scene, Reason::CredentialsRejected, 0, Span::minutes(30));
        scene.gate.learn(sent(values, ACCOUNT), told, scene.now);
    }
    assert_eq!(send(&mut scene, false, sent(99, ACCOUNT), REJECTED), AccountAnswer::Go);
}

#[test]
fn a_password_that_worked_is_refused_five_times_an_hour_under_whatever_clients() {
    let mut scene = scene();
    for client in 0..5 {
        assert_eq!(
            send(&mut scene, true, of_client(client, 50), REJECTED),
            AccountAnswer::Go
        );
        scene.pass(Span::minutes(1));
    }
    let answer = send(&mut scene, true, of_client(5, 50), REJECTED);
    assert_eq!(answer, refused(&scene, Span::minutes(55), Reason::CredentialsRejected));
    assert_eq!(
        send(&mut scene, true, of_client(6, 51), Outcome::Token),
        AccountAnswer::Go,
        "one that has the new password, and works with it"
    );
    assert_ne!(send(&mut scene, true, of_client(5, 50), REJECTED), AccountAnswer::Go);
    scene.pass(Span::minutes(55));
    assert_eq!(
        send(&mut scene, true, of_client(5, 50), Outcome::Token),
        AccountAnswer::Go
    );
    for client in 6..11 {
        assert_eq!(
            send(&mut scene, true, of_client(client, 50), REJECTED),
            AccountAnswer::Go,
            "it was accepted since"
        );
    }
}

#[test]
fn a_client_that_is_refused_says_nothing_of_the_password() {
    let mut scene = scene();
    for client in 0..20 {
        assert_eq!(send(&mut scene, true, of_client(client, 50), CLIENT), AccountAnswer::Go);
    }
    assert_eq!(
        send(&mut scene, true, of_client(20, 50), Outcome::Token),
        AccountAnswer::Go
    );
}

#[test]
fn whoever_never_got_it_right_says_nothing_of_a_password_that_works() {
    let mut scene = scene();
    for client in 0..5 {
        assert_eq!(
            send(&mut scene, false, of_client(client, 50), REJECTED),
            AccountAnswer::Go
        );
    }
    assert_eq!(
        send(&mut scene, true, of_client(5, 50), Outcome::Token),
        AccountAnswer::Go
    );
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    values: u8,
    proven: bool,
    refused: bool,
    passes: Span,
}

fn visit() -> BoxedStrategy<Visit> {
    let passes = prop_oneof![Just(Span::ZERO), (0_i64..1_200).prop_map(Span::seconds)];
    (0_u8..40, any::<bool>(), prop::bool::weighted(0.9), passes)
        .prop_map(|(values, proven, refused, passes)| Visit {
            values,
            proven,
            refused,
            passes,
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn others_may_send_wrong_passwords_for_ever_and_the_right_one_goes_through(visits in vec(visit(), 0..100)) {
        let mut scene = scene();
        for visit in visits {
            // Others may have worked, and may share passwords among them.
            let others = of_client(visit.values, 50 + visit.values % 3);
            let _ = send(&mut scene, visit.proven, others, if visit.refused { REJECTED } else { Outcome::Token });
            scene.pass(visit.passes);
            prop_assert_eq!(send(&mut scene, true, of_client(99, 99), Outcome::Token), AccountAnswer::Go);
        }
    }

    /// Five, and the first that had worked.
    #[test]
    fn one_password_is_refused_six_times_in_any_hour_whoever_has_worked_with_it(visits in vec(visit(), 0..100)) {
        let mut scene = scene();
        let mut refused: Vec<Moment> = Vec::new();
        for visit in visits {
            if send(&mut scene, visit.proven, of_client(visit.values, 50), REJECTED) == AccountAnswer::Go {
                refused.push(scene.now);
            }
            scene.pass(visit.passes);
        }
        for (first, seventh) in refused.iter().zip(refused.iter().skip(6)) {
            prop_assert!(*seventh - *first >= Span::hours(1), "seven within {}", *seventh - *first);
        }
    }
}
