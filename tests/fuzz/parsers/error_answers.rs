//! An answer with any status, headers and body, as it stands on the wire: what it is called, how long it makes everybody
//! wait, and that nothing of it gets any further.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tracktik_operator::{
    api::{Grant, Moment, Span},
    oauth::{
        Silence, TokenRequestFailure,
        answer::{Answer, Body, classify},
    },
    rotation::backoff::Pace,
};

use crate::{
    canary::hidden,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "error_answers",
    dictionary: &[
        "200",
        "302",
        "400",
        "401",
        "403",
        "429",
        "500",
        "503",
        "Retry-After: ",
        "Server: awselb/2.0",
        "Content-Type: ",
        "120",
        "86400",
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "error",
        "error_description",
        "invalid_grant",
        "invalid_client",
        "invalid_request",
        "invalid_credentials",
        "unauthorized_client",
        "\r\n\r\n",
        "<html>",
        "TOO LARGE",
        "CUT",
        "TIMED OUT",
    ],
    judge,
};

/// The time at which all answers come.
const NOW: Moment = Moment::from_seconds(1_792_567_680);

fn judge(message: &[u8]) -> Judgement {
    let Some((status, headers, body)) = read(message) else {
        return Ok(Verdict::rejected("not an answer"));
    };
    let judge = |grant| {
        let body = match body {
            b"TOO LARGE" => Body::TooLarge,
            b"CUT" => Body::Broken(Silence::Cut),
            b"TIMED OUT" => Body::Broken(Silence::TimedOut),
            whole => Body::Whole(whole),
        };
        let answer = Answer {
            status,
            headers: &headers,
            body,
        };
        classify(grant, &answer, NOW)
    };
    let Err(failure) = judge(Grant::Password) else {
        same(&status, &200, "tokens with the status")?;
        return Ok(Verdict::accepted("tokens"));
    };
    for failure in [Some(failure), judge(Grant::Refresh).err()].into_iter().flatten() {
        harmless(failure)?;
    }
    let refused = matches!(failure, TokenRequestFailure::LoginRefused { .. });
    if let Some(expected) = in_oauths_words(status, &headers, body) {
        ensure(refused == expected, || format!("status {status} is called {failure:?}"))?;
    }
    let pause = failure.retry_after().map(|pause| pause.as_seconds().checked_ilog2());
    Ok(Verdict::rejected(format!(
        "{} {:?} {pause:?}",
        failure.outcome(),
        failure.reason()
    )))
}

/// Whatever it is, it makes no hot loop, stops nobody for longer than a day, and repeats nothing.
fn harmless(failure: TokenRequestFailure) -> Result<(), String> {
    ensure(failure.may_have_sent(), || format!("there is an answer: {failure:?}"))?;
    let asked = failure.retry_after().unwrap_or(Span::ZERO);
    ensure((Span::ZERO..=Span::hours(1)).contains(&asked), || {
        format!("{failure:?}")
    })?;
    for count in [i32::MIN, 0, 1, 2, 30, i32::MAX] {
        let wait = failure.pace().wait(count, 0);
        let bounds = Span::seconds(30)..=Span::hours(24);
        ensure(bounds.contains(&wait), || format!("{failure:?} makes wait {wait}"))?;
    }
    let refused = matches!(failure, TokenRequestFailure::LoginRefused { .. });
    ensure(refused == (failure.pace() == Pace::Rejection), || {
        format!("{failure:?}")
    })?;
    let message = failure.message("acme.staffr.net");
    hidden(&format!(
        "{failure:?} {message} {} {:?}",
        failure.outcome(),
        failure.reason()
    ))?;
    ensure(message.len() <= 400 && !message.contains(char::is_control), || {
        message.clone()
    })
}

/// Whether a login is refused in the manner of OAuth 2, as a plain reading of the body has it; nothing where it cannot be
/// read so. It minds, where nobody looks, what the parser does not.
fn in_oauths_words(status: u16, headers: &HeaderMap, body: &[u8]) -> Option<bool> {
    let firewall = headers.get_all("server").iter().any(|server| {
        let server = server.as_bytes().to_ascii_lowercase();
        server.starts_with(b"awselb")
    });
    let refused = matches!(status, 400 | 401) || status == 403 && !firewall;
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(refused && body.is_object() && body["error"].is_string())
}

/// A message of HTTP/1.1 without its version: the status in the first line, headers up to an empty line, then the body.
/// Headers that no client lets through are left out.
fn read(message: &[u8]) -> Option<(u16, HeaderMap, &[u8])> {
    let (head, body) = match message.windows(2).position(|end| end == b"\n\n") {
        Some(end) => (&message[..end], &message[end + 2..]),
        None => (message, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = std::str::from_utf8(lines.next()?).ok()?.trim().parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Some((status, headers, body))
}
