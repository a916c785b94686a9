//! Faults that are complete answers.

use reqwest::StatusCode;
use serde_json::{Value, json};
use testbed::simulator::{Dialect, Fault, RetryAfter, Target, TokenRequest};

use crate::client::{Bench, account};

#[tokio::test]
async fn an_answer_without_effect_issues_nothing() {
    let bench = Bench::start().await;
    let status = |status| Fault::Status {
        status,
        after_effect: false,
    };
    let table = [
        (Fault::Firewall, 403, "text/html"),
        (
            Fault::TooManyRequests { retry_after: None },
            429,
            "application/json; charset=UTF-8",
        ),
        (status(500), 500, "application/json; charset=UTF-8"),
        (status(503), 503, "text/html"),
        (status(504), 504, "text/html"),
        (Fault::refusal(400, "invalid_grant"), 400, "application/json"),
        (Fault::Html, 200, "text/html"),
        (
            Fault::OkWithError {
                error: "invalid_grant".to_owned(),
            },
            200,
            "application/json; charset=UTF-8",
        ),
    ];
    let faults = table.len() as u64;
    for (fault, status, content_type) in table {
        let answer = bench.login_meeting(fault.clone()).await.expect("an answer");
        assert_eq!(answer.status.as_u16(), status, "{fault:?}");
        assert_eq!(answer.header("content-type"), content_type, "{fault:?}");
        assert!(!answer.body.is_empty() && !answer.body.contains("eyJ"), "{fault:?}");
    }
    let counts = bench.simulator.counts();
    assert_eq!((counts.logins, counts.faulted, counts.refused), (0, faults, 1));
    assert_eq!(
        counts.worst_failures_per_two_minutes, 1,
        "a refusal in words is a failure"
    );
    assert_eq!(bench.login().await.expect("an answer").status, StatusCode::OK);
}

#[tokio::test]
async fn a_status_may_hide_that_tokens_were_issued() {
    let bench = Bench::start().await;
    let fault = Fault::Status {
        status: 504,
        after_effect: true,
    };
    let answer = bench.login_meeting(fault).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), bench.simulator.counts().logins), (504, 1));
}

#[tokio::test]
async fn retry_after_has_two_forms_and_none() {
    let bench = Bench::start().await;
    let throttled = |retry_after| bench.login_meeting(Fault::TooManyRequests { retry_after });
    let seconds = throttled(Some(RetryAfter::Seconds(120))).await.expect("an answer");
    assert_eq!(seconds.header("retry-after"), "120");
    let date = throttled(Some(RetryAfter::DateIn(90))).await.expect("an answer");
    assert!(
        date.header("retry-after").ends_with(" GMT"),
        "{}",
        date.header("retry-after")
    );
    let text = throttled(Some(RetryAfter::Text("soon".to_owned()))).await;
    assert_eq!(text.expect("an answer").header("retry-after"), "soon");
    assert_eq!(throttled(None).await.expect("an answer").header("retry-after"), "");
    let retry_after = RetryAfter::Seconds(30);
    let unavailable = bench.login_meeting(Fault::Unavailable { retry_after }).await;
    let unavailable = unavailable.expect("an answer");
    assert_eq!(
        (unavailable.status.as_u16(), unavailable.header("retry-after")),
        (503, "30")
    );
    assert_eq!(bench.simulator.counts().logins, 0);
}

#[tokio::test]
async fn a_refusal_speaks_either_dialect() {
    let bench = Bench::start().await;
    let prose = Fault::Refusal {
        status: 403,
        error: "You shall not pass".to_owned(),
        dialect: Dialect::Tracktik,
    };
    let rest = bench.login_meeting(prose).await.expect("an answer");
    assert_eq!(rest.status, StatusCode::FORBIDDEN);
    assert_eq!(
        (rest.json("status"), rest.text("error")),
        (json!(403), "You shall not pass".to_owned())
    );
    let oauth = bench.login_meeting(Fault::refusal(401, "invalid_credentials")).await;
    assert_eq!(oauth.expect("an answer").text("error"), "invalid_credentials");
}

#[tokio::test]
async fn any_key_of_a_success_may_be_odd_or_missing() {
    let bench = Bench::start().await;
    let values = [
        json!(0),
        json!(-1),
        json!("3600"),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        Value::Null,
    ];
    for value in values {
        let answer = bench.login_meeting(Fault::expires_in(value.clone())).await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status, answer.json("expires_in")), (StatusCode::OK, value));
        assert!(bench.simulator.valid(&answer.text("access_token")));
    }
    let missing = Fault::MissingKey {
        key: "expires_in".to_owned(),
    };
    let answer = bench.login_meeting(missing).await.expect("an answer");
    assert!(!answer.body.contains("expires_in") && answer.body.contains("access_token"));
}

#[tokio::test]
async fn a_success_may_be_unreadable() {
    let bench = Bench::start().await;
    let malformed = bench.login_meeting(Fault::MalformedJson).await.expect("an answer");
    assert_eq!(malformed.status, StatusCode::OK);
    assert!(malformed.body.contains("eyJ") && malformed.json("access_token").is_null());
    let huge = bench.login_meeting(Fault::HugeBody).await.expect("an answer");
    assert!(huge.body.len() > 10_000_000);
    assert!(bench.simulator.valid(&huge.text("access_token")));
    let counts = bench.simulator.counts();
    assert_eq!((counts.logins, counts.faulted), (2, 2));
}

#[tokio::test]
async fn a_redirect_points_where_it_is_told() {
    let bench = Bench::start().await;
    let location = "https://elsewhere.invalid/".to_owned();
    let fault = Fault::Redirect {
        location: location.clone(),
    };
    let answer = bench.login_meeting(fault).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::FOUND, location.as_str())
    );
}

#[tokio::test]
async fn faults_meet_whom_they_are_meant_for_in_order() {
    let bench = Bench::start().await;
    bench.simulator.add_account(account("other"));
    let other = TokenRequest::login(&account("other"));
    let session = bench.login().await.expect("an answer");
    let ours = Target::Username(bench.account.username.clone());
    bench
        .simulator
        .set_fault(ours.clone(), Fault::refusal(400, "first"), Some(1));
    bench.simulator.set_fault(ours, Fault::refusal(400, "second"), Some(1));
    assert_eq!(bench.send(&other).await.expect("an answer").status, StatusCode::OK);
    let refresh = bench.refresh(&session.text("refresh_token")).await;
    assert_eq!(
        refresh.expect("an answer").text("error"),
        "first",
        "a refresh is its owner's"
    );
    assert_eq!(bench.login().await.expect("an answer").text("error"), "second");
    assert_eq!(bench.login().await.expect("an answer").status, StatusCode::OK);

    let table = [
        ("127.0.0.1", true),
        (&bench.simulator.domain(), true),
        ("localhost", false),
    ];
    for (host, meets) in table {
        let html = Fault::Html;
        bench.simulator.set_fault(Target::Host(host.to_owned()), html, None);
        let met = bench.login().await.expect("an answer").body.contains("html");
        assert_eq!(met, meets, "{host}");
        bench.simulator.clear_faults();
    }
}
