//! When a session is continued, and that no refresh token is ever sent twice.

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Grant, Reason, Renewal, Span},
    rotation::{
        Because, Step,
        backoff::Pace,
        decide::{decide, now_stands, times},
        failure_record::{self, Setback},
        observation::Content,
        readiness::readiness,
        session::RefreshToken,
    },
};

use crate::{
    arbitrary::{START, clock, observation},
    life::{Endpoint, Life, ours, rejected, unavailable, with_token},
};

/// The server does not take the refresh token.
fn refresh_refused() -> Setback {
    Setback {
        reason: Reason::EndpointMisbehaved,
        message: "acme.staffr.net refused the refresh token (401 invalid_request); a login follows".to_owned(),
        pace: Pace::Unavailable { bytes_sent: true },
        may_have_sent: true,
        retry_after: None,
    }
}

/// An answer that nobody understands.
fn misbehaved() -> Setback {
    Setback {
        message: "acme.staffr.net answered with a page".to_owned(),
        pace: Pace::Misbehaviour,
        ..refresh_refused()
    }
}

/// The server asks for a pause.
fn throttled(retry_after: Option<Span>) -> Setback {
    Setback {
        reason: Reason::EndpointThrottled,
        message: "acme.staffr.net asked to slow down".to_owned(),
        pace: Pace::Throttled { retry_after },
        retry_after,
        ..refresh_refused()
    }
}

/// A credential with a token of an hour, in the twentieth minute, whose grant is Refresh.
fn refreshing() -> Life {
    let mut life = Life::new(Endpoint::Grants);
    life.seen.renewal = Renewal {
        grant: Grant::Refresh,
        ..Renewal::default()
    };
    life.run(Span::minutes(20));
    assert_eq!(grants(&life), [Grant::Password]);
    life
}

fn grants(life: &Life) -> Vec<Grant> {
    life.posts.iter().map(|post| post.grant).collect()
}

proptest! {
    #[test]
    fn only_a_living_session_of_the_same_values_is_continued(seen in observation(), now in clock()) {
        let decision = decide(&seen, now);
        if decision.step != Step::Refresh {
            return Ok(());
        }
        let issue = seen.issue().unwrap();
        prop_assert_eq!(seen.renewal.grant, Grant::Refresh);
        prop_assert_eq!(&issue.identity, &seen.identity);
        prop_assert_eq!(&issue.sources, &seen.sources.versions);
        prop_assert_eq!(seen.content(), Some(Content::Good));
        prop_assert_eq!(seen.refresh_token(), RefreshToken::Unused);
        prop_assert!(seen.latest_issued <= Some(issue.issued_at));
        prop_assert!(times(&seen, now).is_some_and(|times| times.expires > now));
        prop_assert!(matches!(decision.because, Because::Due | Because::RotateAsked));
    }

    /// The assertion is in [`Life`]: whatever the server answers and whenever the process dies.
    #[test]
    fn no_refresh_token_is_sent_twice(ends in vec(0_u8..5, 1..40), minutes in vec(1_i64..60, 40)) {
        let mut life = refreshing();
        for (end, minutes) in ends.into_iter().zip(minutes) {
            life.endpoint = match end {
                0 => Endpoint::Kills,
                1 => Endpoint::Fails(refresh_refused()),
                2 => Endpoint::Fails(unavailable()),
                3 => Endpoint::Fails(rejected()),
                _ => Endpoint::Grants,
            };
            life.run(Span::minutes(minutes));
        }
    }

    /// Until it is marked, status says that a later token was issued: all that the next process knows.
    #[test]
    fn a_token_that_was_put_back_is_not_forgotten_before_it_is_marked(seen in observation(), now in clock()) {
        let decision = decide(&seen, now);
        let said = readiness(&seen, &decision, now).issued;
        if seen.is_put_back() && seen.refresh_token() == RefreshToken::Unused {
            prop_assert_eq!(said, seen.latest_issued.map(tracktik_operator::api::Moment::whole_second));
        } else {
            prop_assert_eq!(said, seen.issue().map(|issue| issue.issued_at.whole_second()));
        }
    }
}

#[test]
fn a_session_goes_on_by_refreshes_for_as_long_as_they_are_answered() {
    let mut life = refreshing();
    life.run(Span::hours(24));
    let logins = life.posts.iter().filter(|post| post.grant == Grant::Password).count();
    assert_eq!(logins, 1);
    assert!(life.posts.len() > 24);
}

#[test]
fn a_refused_refresh_is_followed_by_one_login_half_a_minute_later() {
    let mut life = refreshing();
    life.endpoint = Endpoint::Fails(refresh_refused());
    while life.posts.len() < 2 {
        life.run(Span::seconds(10));
    }
    life.endpoint = Endpoint::Grants;
    life.run(Span::minutes(5));
    assert_eq!(grants(&life), [Grant::Password, Grant::Refresh, Grant::Password]);
    let wait = life.gaps()[1];
    assert!((30..=33).contains(&wait.as_seconds()), "{wait}");
}

#[test]
fn after_any_other_answer_the_login_waits_as_that_answer_asks() {
    for (setback, least) in [
        (misbehaved(), 600),
        (unavailable(), 30),
        (
            Setback {
                pace: Pace::Firewall,
                ..unavailable()
            },
            600,
        ),
        (throttled(None), 60),
        (throttled(Some(Span::seconds(700))), 700),
    ] {
        let mut life = refreshing();
        life.endpoint = Endpoint::Fails(setback);
        while life.posts.len() < 2 {
            life.run(Span::seconds(10));
        }
        life.endpoint = Endpoint::Grants;
        life.run(Span::minutes(15));
        assert_eq!(grants(&life), [Grant::Password, Grant::Refresh, Grant::Password]);
        let wait = life.gaps()[1].as_seconds();
        assert!((least..=least + 12).contains(&wait), "{wait} {least}");
    }
}

#[test]
fn a_process_that_dies_in_a_refresh_logs_in_once_a_minute_later() {
    let mut life = refreshing();
    life.endpoint = Endpoint::Kills;
    while life.posts.len() < 2 {
        life.run(Span::seconds(10));
    }
    life.endpoint = Endpoint::Grants;
    life.run(Span::minutes(5));
    assert_eq!(grants(&life), [Grant::Password, Grant::Refresh, Grant::Password]);
    assert!((60..=65).contains(&life.gaps()[1].as_seconds()));
}

#[test]
fn a_refresh_without_a_token_is_followed_by_a_login_whoever_asked_for_it() {
    for endpoint in [
        Endpoint::Fails(unavailable()),
        Endpoint::Fails(refresh_refused()),
        Endpoint::Kills,
    ] {
        let mut life = refreshing();
        life.seen.rotate = Some("now".to_owned());
        life.endpoint = endpoint;
        life.run(Span::seconds(10));
        life.endpoint = Endpoint::Grants;
        // By then no schedule asks for one.
        life.run(Span::minutes(5));
        assert_eq!(grants(&life), [Grant::Password, Grant::Refresh, Grant::Password]);
        assert!(life.seen.recent_grants.len() <= 2);
    }
}

#[test]
fn a_session_that_may_be_spent_is_replaced_also_once_the_other_grant_is_asked_for() {
    let mut seen = with_token();
    let now = START + Span::minutes(10);
    for refresh_token in [RefreshToken::Absent, RefreshToken::Unused, RefreshToken::Doubtful] {
        ours(&mut seen).refresh_token = refresh_token;
        assert_eq!(decide(&seen, now).step, Step::Wait, "{refresh_token:?}");
    }
    ours(&mut seen).refresh_token = RefreshToken::Tried;
    let decision = decide(&seen, now);
    assert_eq!((decision.step, decision.because), (Step::Login, Because::RefreshTried));
}

#[test]
fn a_refresh_that_was_announced_and_never_marked_is_made_a_minute_later() {
    let mut seen = with_token();
    seen.renewal.grant = Grant::Refresh;
    let due = START + Span::minutes(45);
    seen.failure = failure_record::announcing(&seen.failure, now_stands(&seen), "lost", due);
    let decision = decide(&seen, due + Span::seconds(1));
    assert_eq!((decision.step, decision.because), (Step::Wait, Because::BackingOff));
    assert!(
        (60..=62).contains(&(decision.until - due).as_seconds()),
        "{}",
        decision.until
    );
    let decision = decide(&seen, decision.until);
    assert_eq!((decision.step, decision.because), (Step::Refresh, Because::Due));
}

#[test]
fn a_secret_from_a_backup_is_marked_and_replaced_by_a_login() {
    let mut seen = with_token();
    seen.renewal.grant = Grant::Refresh;
    let now = START + Span::minutes(10);
    assert_eq!(decide(&seen, now).step, Step::Wait);
    // What was put back was issued before what status knows of.
    seen.latest_issued = Some(START + Span::minutes(5));
    let decision = decide(&seen, now);
    assert_eq!((decision.step, decision.because), (Step::MarkTried, Because::PutBack));
    ours(&mut seen).refresh_token = RefreshToken::Tried;
    let decision = decide(&seen, now);
    assert_eq!((decision.step, decision.because), (Step::Login, Because::PutBack));
    // Where the mark is refused, its pause holds up nothing else.
    ours(&mut seen).refresh_token = RefreshToken::Unused;
    seen.repair_not_before = Some(now + Span::seconds(10));
    assert_eq!(decide(&seen, now).step, Step::Login);
}

#[test]
fn a_rotate_request_continues_the_session_too() {
    let mut seen = with_token();
    seen.renewal.grant = Grant::Refresh;
    seen.rotate = Some("now".to_owned());
    let decision = decide(&seen, START + Span::minutes(10));
    assert_eq!((decision.step, decision.because), (Step::Refresh, Because::RotateAsked));
}
