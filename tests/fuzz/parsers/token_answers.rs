//! The body of an answer with status 200: a token that can be used, exactly as a plain reading of the JSON has it, or one
//! of the closed list of faults, and nothing of the body in what is printed.

use http::HeaderMap;
use serde_json::Value;
use tracktik_operator::{
    api::{Grant, Moment, Span},
    oauth::{
        TokenRequestFailure,
        answer::{Answer, Body, classify},
    },
    secrets::sensitive::{Sensitive, Tokens},
};

use crate::{
    canary::hidden,
    plain_reading::plainly_read,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "token_answers",
    dictionary: &[
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
        "error",
        "\"Bearer\"",
        "bearer",
        "MAC",
        "3600",
        "29",
        "30",
        "3599.9",
        "\"3600\"",
        "1e3",
        "31536001",
        "\"\\u0062earer\"",
        "\"error\":null,",
        "\"expires_in\":3600",
    ],
    judge,
};

fn judge(body: &[u8]) -> Judgement {
    let headers = HeaderMap::new();
    let answer = Answer {
        status: 200,
        headers: &headers,
        body: Body::Whole(body),
    };
    let now = Moment::from_seconds(1_800_000_000);
    let verdict = match classify(Grant::Password, &answer, now) {
        Ok(tokens) => {
            hidden(&format!("{tokens:?} {tokens:#?} {answer:?}"))?;
            usable(&tokens)?;
            as_it_stands(&tokens, body)?;
            let lifetime = tokens.expires_in.as_seconds().ilog2();
            Verdict::accepted(format!(
                "refreshable {}, 2^{lifetime} s",
                tokens.refresh_token.is_some()
            ))
        }
        Err(failure) => {
            let message = failure.message("acme.staffr.net");
            hidden(&format!("{failure:?} {message} {answer:?}"))?;
            ensure(message.starts_with("acme.staffr.net answered "), || message.clone())?;
            let TokenRequestFailure::Misbehaved { status, what } = failure else {
                return Err(format!("status 200 is called {failure:?}"));
            };
            same(&status, &Some(200), "the status")?;
            Verdict::rejected(format!("{what:?}"))
        }
    };
    let refreshed = classify(Grant::Refresh, &answer, now).map(drop);
    let asked = classify(Grant::Password, &answer, now).map(drop);
    same(&refreshed, &asked, "the grant makes a difference")?;
    Ok(verdict)
}

/// What [`Tokens`] promises.
fn usable(tokens: &Tokens) -> Result<(), String> {
    let in_a_header = |token: &Sensitive| {
        let token = token.expose();
        (1..=16_384).contains(&token.len()) && token.chars().all(|c| ('!'..='~').contains(&c))
    };
    let all = std::iter::once(&tokens.access_token).chain(&tokens.refresh_token);
    ensure(all.into_iter().all(in_a_header), || {
        "a token cannot stand in a header".to_owned()
    })?;
    same(&tokens.token_type.as_str(), &"Bearer", "the type")?;
    let lives = tokens.expires_in;
    ensure((Span::seconds(30)..=Span::hours(24 * 365)).contains(&lives), || {
        format!("it lives {lives}")
    })
}

/// The tokens are those that a plain reading of the JSON finds.
fn as_it_stands(tokens: &Tokens, body: &[u8]) -> Result<(), String> {
    let Some(value) = plainly_read(body)? else {
        return Ok(());
    };
    ensure(value["error"].is_null(), || "it was taken with an error".to_owned())?;
    let access = Some(tokens.access_token.expose());
    same(&access, &value["access_token"].as_str(), "the access token")?;
    if let Some(refresh) = &tokens.refresh_token {
        same(
            &Some(refresh.expose()),
            &value["refresh_token"].as_str(),
            "the refresh token",
        )?;
    }
    let lives = match &value["expires_in"] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let lives = lives.map(|seconds| seconds.floor().min(31_536_000.0));
    let kept = u32::try_from(tokens.expires_in.as_seconds()).map(f64::from).ok();
    same(&kept, &lives, "the lifetime in seconds")
}
