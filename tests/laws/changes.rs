//! What ends a wait, and what does not.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Failure, Reason, Span},
    rotation::{
        Because, Step,
        decide::now_stands,
        failure_wait::wait_until,
        observation::{Problem, Sources},
    },
};

use crate::life::{Endpoint, Life, rejected};

/// A credential whose password was refused just now.
fn refused() -> Life {
    let mut life = Life::new(Endpoint::Fails(rejected()));
    assert_eq!(life.settle().because, Because::BackingOff);
    life
}

#[test]
fn a_new_password_ends_a_wait() {
    let mut life = refused();
    life.pass(Span::seconds(5));
    life.seen.sources.versions = vec!["account@1/8".to_owned()];
    let decision = life.look();
    assert_eq!((decision.step, decision.because), (Step::Login, Because::NoToken));
}

#[test]
fn another_domain_or_reference_ends_a_wait() {
    let mut life = refused();
    life.seen.identity = "acme.staffr.ca".to_owned();
    assert_eq!(life.look().step, Step::Login);
}

#[test]
fn a_rotate_request_ends_a_wait() {
    let mut life = refused();
    life.seen.rotate = Some("now".to_owned());
    assert_eq!(life.look().step, Step::Login);
}

#[test]
fn a_rotate_request_that_is_taken_back_ends_no_wait() {
    let mut life = Life::new(Endpoint::Fails(rejected()));
    life.seen.rotate = Some("now".to_owned());
    let until = life.settle().until;
    life.seen.rotate = None;
    let decision = life.look();
    assert_eq!((decision.because, decision.until), (Because::BackingOff, until));
    life.seen.rotate = Some("now".to_owned());
    assert_eq!(life.look().because, Because::BackingOff, "nor when it comes back");
}

#[test]
fn a_rotate_request_whose_outcome_a_crash_has_lost_is_made_again_a_minute_later() {
    let mut life = Life::new(Endpoint::Grants);
    life.settle();
    life.pass(Span::minutes(5));
    life.seen.rotate = Some("now".to_owned());
    life.endpoint = Endpoint::Kills;
    life.step();
    life.endpoint = Endpoint::Grants;
    assert_eq!(life.settle().because, Because::BackingOff);
    life.run(Span::minutes(2));
    let whys: Vec<Because> = life.posts.iter().map(|post| post.because).collect();
    assert_eq!(whys, [Because::NoToken, Because::RotateAsked, Because::RotateAsked]);
    assert_eq!(life.seen.rotate_asked(), None);
}

#[test]
fn a_rotate_request_whose_outcome_is_lost_again_and_again_is_made_at_the_pace_of_lost_outcomes() {
    let mut life = Life::new(Endpoint::Grants);
    life.lifetime = Span::hours(72);
    life.settle();
    life.seen.rotate = Some("now".to_owned());
    life.endpoint = Endpoint::Kills;
    life.run(Span::hours(24));
    assert_eq!(life.posts.len(), 1 + 6, "{:?}", life.posts);
}

#[test]
fn a_source_that_goes_and_comes_back_as_it_was_ends_no_wait() {
    let mut life = refused();
    let before = life.seen.sources.clone();
    let until = life.look().until;
    life.seen.sources = Sources {
        versions: Vec::new(),
        problem: Some(Problem {
            reason: Reason::SourceNotFound,
            message: "gone".to_owned(),
        }),
    };
    assert_eq!(life.look().because, Because::SourceProblem);
    let stands = now_stands(&life.seen);
    assert_eq!(wait_until(&life.seen.failure, &stands, None, life.clock), Some(until));
    life.seen.sources = before;
    assert_eq!(life.look().until, until);
}

#[test]
fn going_back_to_the_values_of_the_token_in_place_needs_no_login() {
    let mut life = Life::new(Endpoint::Grants);
    life.settle();
    life.endpoint = Endpoint::Fails(rejected());
    life.pass(Span::minutes(5));
    life.seen.identity = "typo".to_owned();
    life.settle();
    assert_eq!(life.posts.len(), 2);
    life.seen.identity = "acme".to_owned();
    assert_eq!(life.look().because, Because::Fresh);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changes_end_a_wait_three_times_an_hour(seconds in proptest::collection::vec(1_i64..200, 20..200), kind in 0_u8..3) {
        let mut life = refused();
        for (number, seconds) in seconds.into_iter().enumerate() {
            life.run(Span::seconds(seconds));
            match kind {
                0 => life.seen.rotate = Some(number.to_string()),
                1 => life.seen.sources.versions = vec![format!("account@1/{number}")],
                _ => life.seen.identity = number.to_string(),
            }
        }
        life.run(Span::seconds(1));
        for (number, post) in life.posts.iter().enumerate().filter(|(_, post)| post.early) {
            let hour_before = life.posts[..number].iter().filter(|other| other.at + Span::minutes(59) > post.at);
            prop_assert!(hour_before.count() <= 3, "{:?}", life.posts);
        }
    }

    #[test]
    fn a_rotate_value_is_handled_once(
        times in proptest::collection::vec(0_i64..20_000, 1..6), works in any::<bool>(), restarts in proptest::collection::vec(0_i64..20_000, 0..3)
    ) {
        let mut life = Life::new(Endpoint::Grants);
        life.run(Span::minutes(2));
        if !works {
            life.endpoint = Endpoint::Fails(rejected());
        }
        let mut events: Vec<(i64, Option<usize>)> = times.iter().copied().zip((0..).map(Some)).collect();
        events.extend(restarts.iter().map(|at| (*at, None)));
        events.sort_unstable();
        let mut before = 0;
        for (at, value) in events {
            life.run(Span::seconds(at - before));
            before = at;
            match value {
                Some(value) => life.seen.rotate = Some(value.to_string()),
                None => life.restart(),
            }
            // Taken away and put back: still the same value.
            let rotate = life.seen.rotate.take();
            life.run(Span::seconds(1));
            life.seen.rotate = rotate;
            life.run(Span::seconds(1));
        }
        life.run(Span::hours(30));
        let asked = life.posts.iter().filter(|post| post.because == Because::RotateAsked).count();
        prop_assert!(asked <= times.len(), "{} for {} values", asked, times.len());
        prop_assert_eq!(life.seen.rotate_asked(), None);
        if works {
            prop_assert_eq!(&life.seen.failure, &Failure::default());
        }
    }
}
