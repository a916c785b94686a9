//! `Retry-After`: what it may ask for, and what it may not bring about.

use tracktik_operator::{
    api::{Grant, Reason, Span},
    oauth::TokenRequestFailure,
    rotation::backoff::Pace,
};

use crate::answers::failure;

#[test]
fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
    for (value, pause) in [
        ("0", Some(Span::ZERO)),
        ("120", Some(Span::seconds(120))),
        (" 120 ", Some(Span::seconds(120))),
        ("3600", Some(Span::hours(1))),
        ("86400", Some(Span::hours(1))),
        ("99999999999999999999999999", Some(Span::hours(1))),
        ("Sun, 01 Mar 2026 12:05:00 GMT", Some(Span::minutes(5))),
        ("Sunday, 01-Mar-26 12:05:00 GMT", Some(Span::minutes(5))),
        ("Sun, 01 Mar 2026 11:00:00 GMT", Some(Span::ZERO)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Span::ZERO)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(Span::hours(1))),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        let asked = failure(
            Grant::Password,
            429,
            &[("retry-after", value)],
            r#"{"error":"invalid_grant"}"#,
        );
        let expected = TokenRequestFailure::Throttled {
            status: 429,
            retry_after: pause,
        };
        assert_eq!((asked, asked.retry_after()), (expected, pause), "{value}");
        let unavailable = failure(Grant::Refresh, 503, &[("retry-after", value)], "");
        assert_eq!(
            matches!(unavailable, TokenRequestFailure::Throttled { .. }),
            pause.is_some(),
            "{value}"
        );
    }
    let both = failure(Grant::Password, 503, &[("retry-after", "5"), ("retry-after", "90")], "");
    assert_eq!(both.retry_after(), Some(Span::seconds(90)));
}

#[test]
fn retry_after_never_makes_a_wrong_password_come_sooner() {
    let hurry = [("retry-after", "1")];
    let refused = failure(Grant::Password, 401, &hurry, r#"{"error":"invalid_credentials"}"#);
    assert_eq!(
        (refused.pace(), refused.retry_after()),
        (Pace::Rejection, Some(Span::seconds(1)))
    );
    let redirect = failure(Grant::Password, 302, &hurry, "");
    assert_eq!(redirect.pace(), Pace::Misbehaviour);
    let no_token = failure(Grant::Password, 200, &hurry, "{}");
    assert_eq!(no_token.pace(), Pace::Misbehaviour);
    let page = failure(Grant::Password, 403, &hurry, "<html>");
    assert_eq!(page.reason(), Reason::EndpointThrottled);
}
