//! What an answer of the token endpoint means. Pure: no I/O, no clock, and the body goes no further than this room.
//!
//! No error body of TrackTik is known, so unknown answers fail safe: by grant first, then by status, and by the words of
//! the body only for the reason.

use std::time::UNIX_EPOCH;

use http::{
    HeaderMap,
    header::{RETRY_AFTER, SERVER},
};

use super::{
    failure::TokenRequestFailure,
    failure_detail::{ErrorCode, Misbehaviour, Silence},
    token_body::{Field, read_fields},
};
use crate::{
    api::{Grant, Moment, Span},
    secrets::sensitive::{Sensitive, Tokens},
};

/// The longest token, in characters: several fit into one answer, and one into one header of common servers.
const LONGEST_TOKEN: usize = 16 * 1_024;
/// Below this a token would expire before a pod sees it.
const SHORTEST_LIFE: Span = Span::seconds(30);
/// A claim beyond a year is cut to one: no arithmetic runs out of range, and renewal at two thirds still comes.
const LONGEST_LIFE_SECONDS: i64 = 365 * 24 * 3_600;
/// What a server may ask for by `Retry-After`; a typo of its must not stop renewals for a week.
const LONGEST_PAUSE: Span = Span::hours(1);

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// The headers; only `Retry-After` and `Server` are looked at.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: Body<'a>,
}

/// How much of the body was read.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// More than is read.
    TooLarge,
    /// It ended too early, or not in time.
    Broken(Silence),
}

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::TooLarge => f.write_str("TooLarge"),
            Self::Broken(how) => write!(f, "Broken({how:?})"),
        }
    }
}

/// Judges an answer; `now` is for a `Retry-After` that names a date.
///
/// # Errors
/// Whatever is not a usable token. For [`Grant::Refresh`] every error means that the refresh token is spent.
pub fn classify(grant: Grant, answer: &Answer<'_>, now: Moment) -> Result<Tokens, TokenRequestFailure> {
    let status = answer.status;
    let misbehaved = |what| TokenRequestFailure::Misbehaved {
        status: Some(status),
        what,
    };
    if status == 200 {
        return match answer.body {
            Body::Whole(body) => read_tokens(body).map_err(misbehaved),
            Body::TooLarge => Err(misbehaved(Misbehaviour::BodyTooLarge)),
            Body::Broken(how) => Err(TokenRequestFailure::NoAnswer(how)),
        };
    }
    let retry_after = retry_after(answer.headers, now);
    Err(match (status, error_code(answer.body)) {
        (429, _) => TokenRequestFailure::Throttled { status, retry_after },
        (403, _) if is_load_balancer(answer.headers) => TokenRequestFailure::Firewall,
        // Before Retry-After: a wrong password that is tried every minute, because the server says so, locks the account.
        (400 | 401 | 403, Some(code)) => TokenRequestFailure::refused(grant, status, code, retry_after),
        // Before Retry-After: in a redirect that says when to follow it.
        (300..=399, _) => misbehaved(Misbehaviour::Redirect),
        _ if retry_after.is_some() => TokenRequestFailure::Throttled { status, retry_after },
        (500.., _) => TokenRequestFailure::ServerError { status },
        _ => misbehaved(match answer.body {
            Body::TooLarge => Misbehaviour::BodyTooLarge,
            // An error that was under way must not be tried again as soon as silence is.
            Body::Broken(_) => Misbehaviour::BodyCut,
            Body::Whole(_) => Misbehaviour::UnexpectedStatus,
        }),
    })
}

fn read_tokens(body: &[u8]) -> Result<Tokens, Misbehaviour> {
    let keys = ["access_token", "refresh_token", "token_type", "expires_in", "error"];
    let [access, refresh, token_type, expires_in, error] = read_fields(body, keys).ok_or(Misbehaviour::NotJson)?;
    if !error.is_absent() {
        return Err(Misbehaviour::ErrorWithStatus200);
    }
    let access_token = match access {
        Field::Text(token) if token.expose().is_empty() => return Err(Misbehaviour::NoAccessToken),
        Field::Text(token) if is_token(&token) => token,
        Field::Absent => return Err(Misbehaviour::NoAccessToken),
        _ => return Err(Misbehaviour::AccessTokenUnusable),
    };
    if !token_type
        .text()
        .is_some_and(|text| text.eq_ignore_ascii_case("Bearer"))
    {
        return Err(Misbehaviour::TokenTypeNotBearer);
    }
    let expires_in = lifetime(&expires_in).ok_or(Misbehaviour::LifetimeUnreadable)?;
    if expires_in < SHORTEST_LIFE {
        return Err(Misbehaviour::LifetimeTooShort);
    }
    Ok(Tokens {
        access_token,
        // One that cannot be sent back is as good as none; the access token beside it is not thrown away for it.
        refresh_token: match refresh {
            Field::Text(token) if is_token(&token) => Some(token),
            _ => None,
        },
        token_type: "Bearer".to_owned(),
        expires_in,
    })
}

/// Whether it can stand in a header as it is: a line break in there would be a way to smuggle in another one.
fn is_token(token: &Sensitive) -> bool {
    let token = token.expose();
    (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic())
}

/// `expires_in` in whole seconds, rounded down. Servers write it as integer, fraction and text.
fn lifetime(field: &Field) -> Option<Span> {
    let seconds = match field {
        Field::Integer(seconds) => *seconds,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float becomes the nearest integer there is"
        )]
        Field::Fraction(seconds) => seconds.floor() as i64,
        Field::Text(text) => digits(text.expose())?,
        Field::Absent | Field::Other => return None,
    };
    Some(Span::seconds(seconds.min(LONGEST_LIFE_SECONDS)))
}

/// A number of nothing but digits, the largest there is where it is larger.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(i64::MAX))
}

/// The code of an OAuth 2 or `{status, error}` body: a JSON object with a text under `error`.
fn error_code(body: Body<'_>) -> Option<ErrorCode> {
    let Body::Whole(body) = body else { return None };
    let [error] = read_fields(body, ["error"])?;
    error.text().map(ErrorCode::of)
}

/// AWS' load balancer answers by itself; what it passes on has the server's own header.
fn is_load_balancer(headers: &HeaderMap) -> bool {
    let is = |value: &http::HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"awselb");
    headers.get_all(SERVER).iter().any(is)
}

/// What `Retry-After` asks for, at most an hour. Unreadable values are as good as none.
fn retry_after(headers: &HeaderMap, now: Moment) -> Option<Span> {
    let read = |value: &http::HeaderValue| {
        let text = value.to_str().ok()?.trim();
        let pause = if let Some(seconds) = digits(text) {
            Span::seconds(seconds)
        } else {
            let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
            Moment::from_seconds(i64::try_from(date.as_secs()).ok()?) - now
        };
        Some(pause.clamp(Span::ZERO, LONGEST_PAUSE))
    };
    headers.get_all(RETRY_AFTER).iter().filter_map(read).max()
}
