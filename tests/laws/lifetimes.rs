//! Any lifetime that a server may give is safe.

use proptest::prelude::*;
use tracktik_operator::{
    api::Span,
    rotation::{Because, observation::Target},
};

use crate::life::{Endpoint, Life, with_token};

fn served_for(lifetime: Span, length: Span) -> Life {
    let mut life = Life::new(Endpoint::Grants);
    life.lifetime = lifetime;
    life.run(length);
    life
}

#[test]
fn a_token_of_an_hour_is_renewed_every_forty_minutes() {
    let life = served_for(Span::hours(1), Span::hours(24 * 7));
    let gaps = life.gaps();
    assert!(gaps.len() > 240, "{}", gaps.len());
    assert!(
        gaps.iter()
            .all(|gap| *gap >= Span::minutes(37) && *gap <= Span::minutes(41)),
        "{gaps:?}"
    );
}

#[test]
fn whoever_puts_an_expired_token_back_causes_no_hot_loop() {
    let mut life = Life::new(Endpoint::Grants);
    let old = with_token().target;
    life.pass(Span::hours(5));
    for _ in 0..1_200 {
        life.settle();
        life.seen.target = old.clone();
        life.pass(Span::seconds(1));
    }
    // The first was due.
    assert!(life.shortest_time_of(8) > Some(Span::minutes(9)), "{:?}", life.posts);
}

#[test]
fn whoever_deletes_the_token_secret_causes_no_hot_loop() {
    let mut life = Life::new(Endpoint::Grants);
    for _ in 0..1_200 {
        life.settle();
        life.seen.target = Target::Absent;
        life.pass(Span::seconds(1));
    }
    assert!(life.shortest_time_of(7) > Some(Span::minutes(9)), "{:?}", life.posts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn scheduled_grants_are_half_a_minute_apart(
        seconds in prop_oneof![1_i64..400, 400_i64..100_000, Just(i64::MAX), Just(10_000_000_000)]
    ) {
        let lifetime = Span::seconds(seconds);
        let life = served_for(lifetime, Span::hours(24));
        prop_assert!(seconds < 30 || life.posts.iter().skip(1).all(|post| post.because == Because::Due));
        prop_assert!(life.gaps().iter().all(|gap| *gap >= Span::seconds(29)), "{:?}", life.gaps().first());
        if (60..40_000).contains(&seconds) {
            prop_assert!(life.gaps().iter().all(|gap| *gap <= lifetime - Span::seconds(120).min(lifetime.divided_by(2)) + Span::seconds(1)));
        }
    }

    #[test]
    fn changes_cause_at_most_six_grants_in_ten_minutes(changes in proptest::collection::vec((0_u8..4, 1_i64..40), 40..120)) {
        let mut life = Life::new(Endpoint::Grants);
        for (number, (change, seconds)) in changes.into_iter().enumerate() {
            life.run(Span::seconds(seconds));
            match change {
                0 => life.seen.rotate = Some(number.to_string()),
                1 => life.seen.sources.versions = vec![format!("account@1/{number}")],
                2 => life.seen.identity = format!("acme {number}"),
                _ => life.seen.target = Target::Absent,
            }
        }
        life.run(Span::seconds(1));
        let shortest = life.shortest_time_of(7);
        prop_assert!(shortest.is_none_or(|span| span > Span::minutes(10) - Span::seconds(2)), "{:?}", life.posts);
    }
}
