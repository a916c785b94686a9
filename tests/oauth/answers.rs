//! The table of answers: each server's errors, and each status.

use http::HeaderMap;
use tracktik_operator::{
    api::{Grant, Moment, Reason, Span},
    oauth::{
        ErrorCode, Misbehaviour, Silence, TokenRequestFailure,
        answer::{Answer, Body, classify},
    },
    rotation::backoff::Pace,
    secrets::sensitive::Tokens,
};

const NOW: &str = "2026-03-01T12:00:00Z";

/// Judges an answer at noon.
pub fn judge(
    grant: Grant,
    status: u16,
    headers: &[(&'static str, &str)],
    body: Body<'_>,
) -> Result<Tokens, TokenRequestFailure> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let answer = Answer {
        status,
        headers: &map,
        body,
    };
    classify(grant, &answer, Moment::parse(NOW).unwrap())
}

/// The failure for an answer with a whole body.
pub fn failure(grant: Grant, status: u16, headers: &[(&'static str, &str)], body: &str) -> TokenRequestFailure {
    judge(grant, status, headers, Body::Whole(body.as_bytes())).unwrap_err()
}

fn password(status: u16, body: &str) -> TokenRequestFailure {
    failure(Grant::Password, status, &[], body)
}

/// Every cell of the table of servers: (status, error code) for league 6–7, 8, 9, django-oauth-toolkit, node-oauth,
/// jmondi and Authlib.
const REFUSALS: [(u16, &str, Reason); 9] = [
    (401, "invalid_credentials", Reason::CredentialsRejected),
    (400, "invalid_grant", Reason::CredentialsRejected),
    (400, "invalid_request", Reason::EndpointMisbehaved),
    (401, "invalid_client", Reason::ClientRejected),
    (400, "invalid_client", Reason::ClientRejected),
    (400, "unauthorized_client", Reason::ClientRejected),
    (401, "invalid_request", Reason::EndpointMisbehaved),
    (400, "unsupported_grant_type", Reason::EndpointMisbehaved),
    (403, "access_denied", Reason::EndpointMisbehaved),
];

#[test]
fn a_refused_login_takes_the_slowest_pace_whatever_the_words() {
    for (status, word, reason) in REFUSALS {
        let body = format!(r#"{{"error":"{word}","error_description":"…","hint":"…","message":"…"}}"#);
        let failure = password(status, &body);
        assert_eq!(failure.pace(), Pace::Rejection, "{status} {word}");
        assert_eq!(failure.reason(), reason, "{status} {word}");
        assert!(
            failure
                .message("acme.staffr.net")
                .contains(&format!("({status} {word})"))
        );
    }
    for body in [
        r#"{"status":401,"error":"The user name or password is wrong for api.acme@example.com"}"#,
        r#"{"error":""}"#,
        r#"{"error":"INVALID_GRANT"}"#,
        r#"{"error":"x","error":"invalid_grantt"}"#,
        r#"{"error":"x","expires_in":1e999}"#,
    ] {
        let failure = password(401, body);
        assert_eq!(
            (failure.pace(), failure.reason()),
            (Pace::Rejection, Reason::EndpointMisbehaved)
        );
        assert!(failure.message("a.b").contains("(401 with an unknown error code)"));
    }
}

#[test]
fn a_refused_refresh_token_says_nothing_about_the_password() {
    for (status, word, _) in REFUSALS {
        let failure = failure(Grant::Refresh, status, &[], &format!(r#"{{"error":"{word}"}}"#));
        let code = ErrorCode::of(word);
        let expected = TokenRequestFailure::RefreshRefused {
            status,
            code,
            retry_after: None,
        };
        assert_eq!(failure, expected);
        assert_eq!(failure.pace().wait(1, 0), Span::seconds(30));
        assert!(!failure.reason().stalls());
    }
}

#[test]
fn server_errors_pass_whatever_their_body_says() {
    for grant in [Grant::Password, Grant::Refresh] {
        for status in [500, 502, 503, 504, 599, 999] {
            for body in ["", "<h1>Maintenance</h1>", r#"{"error":"invalid_grant"}"#] {
                let failure = failure(grant, status, &[], body);
                assert_eq!(failure, TokenRequestFailure::ServerError { status });
                assert_eq!(failure.pace(), Pace::Unavailable { bytes_sent: true });
            }
        }
        let balancer = failure(grant, 503, &[("server", "awselb/2.0")], "");
        assert_eq!(balancer, TokenRequestFailure::ServerError { status: 503 });
    }
}

#[test]
fn the_firewall_is_told_from_tracktik() {
    for body in [
        "<html><center>403 Forbidden</center>",
        r#"{"error":"invalid_grant"}"#,
        "",
    ] {
        for name in ["awselb/2.0", "AWSELB"] {
            let failure = failure(Grant::Password, 403, &[("server", name)], body);
            assert_eq!(
                (failure, failure.pace()),
                (TokenRequestFailure::Firewall, Pace::Firewall)
            );
        }
    }
    let other = failure(Grant::Password, 403, &[("server", "nginx")], "<html>");
    assert_eq!(other.pace(), Pace::Misbehaviour);
    let refusal = failure(
        Grant::Password,
        403,
        &[("server", "nginx")],
        r#"{"error":"access_denied"}"#,
    );
    assert_eq!(refusal.pace(), Pace::Rejection);
}

#[test]
fn any_other_answer_is_misbehaviour() {
    for (status, body, what) in [
        (301, "", Misbehaviour::Redirect),
        (307, r#"{"error":"invalid_grant"}"#, Misbehaviour::Redirect),
        (404, "<html>", Misbehaviour::UnexpectedStatus),
        (404, r#"{"error":"invalid_grant"}"#, Misbehaviour::UnexpectedStatus),
        (422, r#"{"error":"invalid_grant"}"#, Misbehaviour::UnexpectedStatus),
        (400, "<html>", Misbehaviour::UnexpectedStatus),
        (401, "", Misbehaviour::UnexpectedStatus),
        (
            401,
            r#"{"error":{"code":"invalid_grant"}}"#,
            Misbehaviour::UnexpectedStatus,
        ),
        (401, r#"["error","invalid_grant"]"#, Misbehaviour::UnexpectedStatus),
        (401, r#"{"error":"invalid_grant""#, Misbehaviour::UnexpectedStatus),
        (
            201,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":3600}"#,
            Misbehaviour::UnexpectedStatus,
        ),
        (204, "", Misbehaviour::UnexpectedStatus),
        (100, "", Misbehaviour::UnexpectedStatus),
        (0, "", Misbehaviour::UnexpectedStatus),
    ] {
        for grant in [Grant::Password, Grant::Refresh] {
            let failure = failure(grant, status, &[], body);
            let status = Some(status);
            assert_eq!(
                failure,
                TokenRequestFailure::Misbehaved { status, what },
                "{status:?} {body}"
            );
            assert_eq!((failure.pace(), failure.may_have_sent()), (Pace::Misbehaviour, true));
        }
    }
}

#[test]
fn a_body_that_cannot_be_read_whole_is_judged_by_its_status() {
    let judge = |status, body| judge(Grant::Password, status, &[], body).unwrap_err();
    let cut = Body::Broken(Silence::Cut);
    assert_eq!(judge(200, cut), TokenRequestFailure::NoAnswer(Silence::Cut));
    assert_eq!(judge(502, cut), TokenRequestFailure::ServerError { status: 502 });
    assert_eq!(judge(429, cut).reason(), Reason::EndpointThrottled);
    assert_eq!(judge(401, cut).pace(), Pace::Misbehaviour, "may be a wrong password");
    assert_eq!(
        judge(502, Body::TooLarge),
        TokenRequestFailure::ServerError { status: 502 }
    );
    for status in [200, 401] {
        let failure = judge(status, Body::TooLarge);
        assert!(failure.message("a.b").contains("more than 64 KiB"), "{failure:?}");
    }
}
