//! A clock that jumps costs at most one login of a credential.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Moment, Span},
    rotation::{Because, Step, decide},
};

use crate::{
    arbitrary::START,
    life::{Endpoint, Life, granted, new_credential, rejected},
};

fn jump() -> impl Strategy<Value = Span> {
    prop_oneof![
        (-7_200_i64..7_200).prop_map(Span::seconds),
        (-400_000_i64..400_000).prop_map(Span::hours),
        Just(Moment::default() - START),
    ]
}

/// The shortest time between two renewals of a token of an hour.
const SHORTEST: Span = Span::minutes(37);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_step_of_the_clock_causes_at_most_one_login(
        jump in jump(), at in 0_i64..20_000, asleep in any::<bool>(), restart in any::<bool>()
    ) {
        let mut life = Life::new(Endpoint::Grants);
        life.run(Span::seconds(at));
        life.settle();
        let asleep = asleep.then(|| life.look().until - life.clock);
        life.clock = life.clock + jump;
        if restart {
            life.restart();
        }
        if let Some(rest) = asleep {
            life.pass(rest);
        }
        life.run(Span::hours(12));
        let short: Vec<Span> = life.gaps().into_iter().filter(|gap| *gap < SHORTEST).collect();
        prop_assert!(short.len() <= 1, "{:?}", life.posts);
    }

    #[test]
    fn one_step_of_the_clock_costs_at_most_one_more_wrong_password(jump in jump(), at in 0_i64..90_000) {
        let mut life = Life::new(Endpoint::Fails(rejected()));
        life.run(Span::seconds(at));
        life.clock = life.clock + jump;
        life.run(Span::hours(48) - Span::seconds(at));
        prop_assert!(life.posts.len() <= 5 + 1, "{:?}", life.posts);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_for_as_long_as_it_was_wrong(years in 1_i64..50, at in 0_i64..7_000) {
        let mut life = Life::new(Endpoint::Fails(rejected()));
        life.run(Span::seconds(at));
        life.clock = life.clock - Span::hours(24 * 365).times(years);
        life.endpoint = Endpoint::Grants;
        life.run(Span::hours(25));
        prop_assert!(life.seen.issue().is_some(), "the failure is waited for, not the clock");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// As when a node boots in 1970 and NTP puts it right: what was waited for is neither over early nor begun anew.
    #[test]
    fn a_clock_that_is_set_back_and_put_right_moves_no_wait(
        back in 1_i64..10_000_000, glitch in 0_i64..600, times in 1_usize..4, at in 1_i64..1_500
    ) {
        let mut life = Life::new(Endpoint::Fails(rejected()));
        life.run(Span::seconds(at));
        for _ in 0..times {
            life.clock = life.clock - Span::seconds(back);
            life.run(Span::seconds(glitch));
            life.clock = life.clock + Span::seconds(back);
            life.run(Span::seconds(1));
        }
        let waits = Span::minutes(30);
        life.run(waits + Span::seconds(2) - life.stopwatch.min(waits));
        let second = life.posts.get(1).map(|post| post.at);
        prop_assert!(second.is_some_and(|second| second >= waits), "{:?}", life.posts);
    }

    #[test]
    fn a_suspended_token_lives_on_after_such_a_glitch(back in 100_i64..10_000_000, glitch in 0_i64..60) {
        let mut life = Life::new(Endpoint::Grants);
        life.run(Span::minutes(10));
        life.seen.suspended = true;
        life.clock = life.clock - Span::seconds(back);
        life.run(Span::seconds(glitch));
        life.clock = life.clock + Span::seconds(back);
        life.look();
        let times = decide::times(&life.seen, life.clock);
        prop_assert!(times.is_some_and(|times| !times.age_unknown && times.expires > life.clock), "{:?}", times);
    }
}

#[test]
fn grants_and_pauses_before_a_step_back_hold_nothing_up() {
    let mut life = Life::new(Endpoint::Grants);
    for number in 0..6 {
        life.seen.rotate = Some(number.to_string());
        life.run(Span::seconds(5));
    }
    life.seen.rotate = Some("seventh".to_owned());
    life.clock = life.clock - Span::hours(24 * 365);
    life.run(Span::seconds(1));
    assert_eq!(life.seen.rotate_asked(), None);
}

#[test]
fn a_pause_from_before_a_step_back_keeps_no_token_from_being_stored() {
    let mut seen = new_credential();
    granted(&mut seen, "id", START, Span::hours(1), START);
    if let Some(held) = &mut seen.held {
        held.not_before = START + Span::hours(24 * 365);
    }
    assert_eq!(decide(&seen, START).step, Step::StoreHeld);
}

#[test]
fn grants_from_before_a_step_back_keep_no_token_from_being_requested() {
    let mut seen = new_credential();
    seen.recent_grants = vec![START + Span::hours(24 * 365); 6];
    assert_eq!(decide(&seen, START).step, Step::Login);
    seen.recent_grants = vec![START + Span::minutes(1); 6];
    let decision = decide(&seen, START);
    assert_eq!(decision.because, Because::TooManyGrants);
    assert_eq!(decision.until, START + Span::minutes(11), "and the end does not move");
}
