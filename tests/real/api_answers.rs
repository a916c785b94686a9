//! What a proxy answers an operator in the place of the API server, or makes of what the API server has answered.

use std::{
    convert::Infallible,
    io,
    time::{Duration, SystemTime},
};

use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response,
    body::{Bytes, Frame},
    header,
};
use serde_json::{Value, json};

use crate::api_trouble::{Foreign, Later};

pub type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// The head of an answer that was passed on.
fn head(passed: &reqwest::Response) -> hyper::http::response::Builder {
    let mut head = Response::builder().status(passed.status());
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::RETRY_AFTER] {
        if let Some(value) = passed.headers().get(&name) {
            head = head.header(name, value);
        }
    }
    head
}

/// All of it as it comes, for as long as it comes.
pub fn whole(passed: reqwest::Response) -> Answer {
    let head = head(&passed);
    let chunks = stream::try_unfold(passed, async |mut passed| {
        let chunk = passed.chunk().await.map_err(io::Error::other)?;
        Ok(chunk.map(|chunk| (Frame::data(chunk), passed)))
    });
    head.body(StreamBody::new(chunks).boxed_unsync()).unwrap()
}

/// Half of it, and the end of the connection.
pub async fn half(passed: reqwest::Response) -> Result<Answer, io::Error> {
    let head = head(&passed);
    let all = passed.bytes().await.map_err(io::Error::other)?;
    let first = all.slice(..all.len() / 2);
    let cut = async {
        // Without the pause the half would be thrown away with the connection, unsent.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(io::ErrorKind::ConnectionReset.into())
    };
    let chunks = stream::once(async { Ok(Frame::data(first)) }).chain(stream::once(cut));
    Ok(head.body(StreamBody::new(chunks).boxed_unsync()).unwrap())
}

/// Stands in whatever a foreign server says, and must be told nowhere.
pub const FOREIGN_WORDS: &str = "Kf0reignWords-of-a-p0rtal-Zq7";

/// What somebody else answers; a redirect leads to the host `elsewhere`.
pub fn foreign(foreign: Foreign, elsewhere: &str) -> Answer {
    let page = format!("<!doctype html><title>{FOREIGN_WORDS}</title><p>Log in, then come back to {FOREIGN_WORDS}.");
    let (code, text) = match foreign {
        Foreign::Page => (200, page),
        Foreign::Denied => (403, format!("{page} You cannot access this resource from here.")),
        Foreign::Missing => (404, page),
        Foreign::Failure => (
            200,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": FOREIGN_WORDS, "reason": "InternalError", "code": 500,
            })
            .to_string(),
        ),
        Foreign::Redirect => (307, page),
        Foreign::Flood => (
            200,
            format!("{FOREIGN_WORDS} ").repeat(10 * 1_024 * 1_024 / FOREIGN_WORDS.len()),
        ),
    };
    let mut head = Response::builder()
        .status(code)
        .header(header::CONTENT_TYPE, "text/html");
    if foreign == Foreign::Redirect {
        head = head.header(header::LOCATION, format!("https://{elsewhere}/{FOREIGN_WORDS}"));
    }
    head.body(said(&text)).unwrap()
}

/// A refusal that the API server knows nothing of.
pub fn refusal(code: u16, retry_after: Option<Later>) -> Answer {
    let mut head = Response::builder()
        .status(code)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(later) = retry_after {
        let later = match later {
            Later::Seconds(seconds) => seconds.to_string(),
            Later::Date(seconds) => httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds.into())),
        };
        head = head.header(header::RETRY_AFTER, later);
    }
    head.body(said(&status(code).to_string())).unwrap()
}

/// What a watch says of a version that is too old, in the stream itself.
pub fn expired() -> Answer {
    let event = json!({ "type": "ERROR", "object": status(410) });
    let json = Response::builder().header(header::CONTENT_TYPE, "application/json");
    json.body(said(&format!("{event}\n"))).unwrap()
}

fn said(text: &str) -> UnsyncBoxBody<Bytes, io::Error> {
    let whole = Full::new(Bytes::from(text.to_owned()));
    whole.map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn status(code: u16) -> Value {
    let reason = match code {
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "said by the proxy", "reason": reason, "code": code,
    })
}
