//! When a token is renewed, in numbers.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Moment, Renewal, Span},
    rotation::{
        observation::{Anchors, Issue},
        schedule::{margin, timetable},
    },
};

use crate::arbitrary::{START, issue, renewal};

#[test]
fn margins() {
    let default = Renewal::default();
    let seconds = |seconds| Renewal {
        renew_before_seconds: Some(seconds),
        ..Renewal::default()
    };
    let percentage = |part| Renewal {
        renew_before_percentage: Some(part),
        ..Renewal::default()
    };
    let table = [
        // What is asked for, lifetime, margin: a third, at least 300 s, at most half of the life.
        (&default, 3_600, 1_200),
        (&default, 3_599, 1_199),
        (&default, 86_400, 28_800),
        (&default, 900, 300),
        (&default, 600, 300),
        (&default, 599, 299),
        (&default, 360, 180),
        (&default, 240, 120),
        (&default, 120, 60),
        (&default, 30, 15),
        (&default, 1, 0),
        (&default, 0, 0),
        (&seconds(300), 3_600, 300),
        (&seconds(1_200), 3_600, 1_200),
        (&seconds(86_400), 3_600, 1_800),
        // Not what the schema lets through, and still not below what a kubelet needs.
        (&seconds(1), 3_600, 180),
        (&seconds(-5), 3_600, 180),
        (&percentage(10), 3_600, 360),
        (&percentage(50), 3_600, 1_800),
        (&percentage(10), 900, 180),
        (&percentage(100), 3_600, 1_800),
    ];
    for (asked, lifetime, expected) in table {
        let margin = margin(asked, Span::seconds(lifetime)).as_seconds();
        assert_eq!(margin, expected, "lifetime {lifetime}, {asked:?}");
    }
}

fn hour(id: &str) -> Issue {
    Issue {
        issue_id: id.to_owned(),
        issued_at: START,
        expires_at: START + Span::hours(1),
        ..Issue::default()
    }
}

#[test]
fn jitter_spreads_the_renewals_of_an_hour_over_two_minutes() {
    let leads: Vec<i64> = (0..500)
        .map(|n| {
            let issue = hour(&n.to_string());
            let times = timetable("u", &issue, &Renewal::default(), Anchors::default(), START);
            (times.expires - times.renews).as_seconds()
        })
        .collect();
    let (least, most) = (*leads.iter().min().unwrap(), *leads.iter().max().unwrap());
    assert!(least >= 1_200, "never later than the margin: {least}");
    assert!(most <= 1_320, "by a tenth of it at most: {most}");
    assert!(most - least > 100, "spread: {least} to {most}");
}

#[test]
fn jitter_is_of_the_credential_and_of_the_grant() {
    let renews = |uid, id| timetable(uid, &hour(id), &Renewal::default(), Anchors::default(), START).renews;
    assert_eq!(renews("a", "1"), renews("a", "1"));
    let others = [renews("a", "2"), renews("b", "1"), renews("b", "2")];
    assert!(others.iter().any(|other| *other != renews("a", "1")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_deadline_does_not_move_between_looks(
        issue in issue(), asked in renewal(), first in 0_i64..10_000_000, second in 0_i64..10_000_000
    ) {
        let at = |after| timetable("u", &issue, &asked, Anchors::default(), issue.issued_at + Span::millis(after));
        prop_assert_eq!(at(first), at(second));
    }

    #[test]
    fn an_age_that_was_unknown_stays_so(issue in issue(), asked in renewal(), ahead in 61_001_i64..10_000_000, later in 0_i64..100_000_000) {
        let anchor = issue.issued_at - Span::millis(ahead);
        prop_assume!(anchor > Moment::default());
        let anchors = Anchors { issue: Some(anchor), failure: None };
        let at = |now| timetable("u", &issue, &asked, anchors, now);
        prop_assert!(at(anchor).age_unknown);
        prop_assert_eq!(at(anchor).expires, at(anchor + Span::millis(later)).expires);
        prop_assert!(at(anchor + Span::millis(later)).age_unknown);
    }

    #[test]
    fn renewals_come_early_by_the_margin_and_at_most_a_tenth_more(seconds in 60_i64..1_000_000, asked in renewal(), id in "[a-z]{4}") {
        let lifetime = Span::seconds(seconds);
        let issue = Issue { expires_at: START + lifetime, ..hour(&id) };
        let times = timetable("u", &issue, &asked, Anchors::default(), START);
        let lead = times.expires - times.renews;
        let margin = margin(&asked, lifetime);
        prop_assert!(lead >= margin || times.renews == START + Span::seconds(30));
        prop_assert!(lead <= margin + margin.divided_by(10) + Span::seconds(1));
    }
}
