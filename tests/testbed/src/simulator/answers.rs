//! Answers of the token endpoint as bytes: the right ones and the broken ones. No state.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use k8s_openapi::jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use serde_json::{Value, json};

use super::{
    faults::{Dialect, RetryAfter},
    sessions::Granted,
    world::Reply,
};

const JSON: &str = "application/json";
const JSON_UTF8: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html";
/// What the `Server` header says when the load balancer or its firewall answers itself.
const BALANCER: &str = "awselb/2.0";
const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

/// The answer that league would give.
pub(super) fn right(reply: &Reply) -> Response {
    match reply {
        Reply::Granted(granted) => success(success_body(granted).to_string()),
        Reply::Refused(refusal) => {
            let body = refusal.body().to_string();
            let mut answer = with_status(refusal.status, JSON, body);
            if refusal.error == "invalid_client" {
                let scheme = HeaderValue::from_static("Basic realm=\"OAuth\"");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            }
            answer
        }
        Reply::Blocked => balancer(403),
    }
}

/// The JSON of a success, key by key, so that a fault can change one.
pub(super) fn success_body(granted: &Granted) -> Value {
    json!({
        "token_type": "Bearer",
        "expires_in": granted.expires_in,
        "access_token": granted.access_token,
        "refresh_token": granted.refresh_token,
        "id_token": granted.id_token,
        "media_token": granted.media_token,
    })
}

/// A 200 with the headers of a real one and any body.
pub(super) fn success(body: impl Into<Body>) -> Response {
    let headers = [
        (header::PRAGMA, "no-cache"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_TYPE, JSON_UTF8),
    ];
    (headers, body.into()).into_response()
}

/// The right answer, but its JSON ends in a stray comma.
pub(super) fn malformed(granted: &Granted) -> Response {
    let mut body = success_body(granted).to_string();
    body.pop();
    success(body + ",}")
}

/// The right answer and ten megabytes of something else in one JSON object.
pub(super) fn huge(granted: &Granted) -> Response {
    let mut body = success_body(granted);
    body["padding"] = json!("x".repeat(TEN_MEGABYTES));
    success(body.to_string())
}

/// The head and half of the body of the right answer, then a cut connection.
pub(super) fn cut(granted: &Granted) -> Response {
    let body = success_body(granted).to_string();
    let (length, half) = (body.len(), body[..body.len() / 2].to_owned());
    let chunks = stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // Without the pause the half would be thrown away with the connection, unsent.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Err(io::Error::from(io::ErrorKind::BrokenPipe)), None))
    });
    let mut answer = success(Body::from_stream(chunks));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    answer
}

/// 429 in TrackTik's layout.
pub(super) fn too_many_requests(retry_after: Option<&RetryAfter>) -> Response {
    let answer = rest_error(429, "Too many requests, please cool off for the next minute");
    match retry_after {
        Some(retry_after) => later(answer, retry_after),
        None => answer,
    }
}

/// 503 of the load balancer, with a time to come again.
pub(super) fn unavailable(retry_after: &RetryAfter) -> Response {
    later(balancer(503), retry_after)
}

fn later(mut answer: Response, retry_after: &RetryAfter) -> Response {
    let text = match retry_after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::DateIn(seconds) => http_date(*seconds),
        RetryAfter::Text(text) => text.clone(),
    };
    if let Ok(value) = HeaderValue::try_from(text) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

/// A status without OAuth: 500 comes from the application, the others from what stands before it.
pub(super) fn status(status: u16) -> Response {
    if status == 500 {
        rest_error(500, "Internal Server Error")
    } else {
        balancer(status)
    }
}

/// A refusal in free words.
pub(super) fn refusal(status: u16, error: &str, dialect: Dialect) -> Response {
    match dialect {
        Dialect::OAuth => with_status(status, JSON, oauth_error(error).to_string()),
        Dialect::Tracktik => rest_error(status, error),
    }
}

/// An error that says 200.
pub(super) fn ok_with_error(error: &str) -> Response {
    success(oauth_error(error).to_string())
}

/// A page for people where JSON was due.
pub(super) fn html() -> Response {
    with_status(200, HTML, page("We will be back soon"))
}

/// 302 to anywhere.
pub(super) fn redirect(location: &str) -> Response {
    with_header(302, header::LOCATION, location, String::new())
}

/// TrackTik's own layout of an error.
pub(super) fn rest_error(status: u16, error: &str) -> Response {
    let body = json!({"status": status, "error": error});
    with_status(status, JSON_UTF8, body.to_string())
}

/// The HTML that Amazon's load balancer and firewall answer with.
pub(super) fn balancer(status: u16) -> Response {
    let reason = status_code(status).to_string();
    let mut answer = with_header(status, header::SERVER, BALANCER, page(&reason));
    let html = HeaderValue::from_static(HTML);
    answer.headers_mut().insert(header::CONTENT_TYPE, html);
    answer
}

fn oauth_error(error: &str) -> Value {
    let description = "The request was refused on command of a test.";
    json!({"error": error, "error_description": description, "message": description})
}

fn page(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
         <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}

fn with_status(status: u16, content_type: &str, body: String) -> Response {
    with_header(status, header::CONTENT_TYPE, content_type, body)
}

fn with_header(status: u16, name: HeaderName, value: &str, body: String) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status_code(status);
    if let Ok(value) = HeaderValue::try_from(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// A status that HTTP does not know is a mistake of the test: the answer says so as a 500.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn http_date(seconds_from_now: i64) -> String {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now.saturating_add(seconds_from_now))
        .and_then(|time| DateTimePrinter::new().timestamp_to_rfc9110_string(&time))
        .unwrap_or_default()
}
