//! `POST /rest/oauth2/access_token`: a request is judged, then answered rightly or as a fault says.

use std::{future, sync::Arc, time::Duration};

use axum::{
    Form,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};

use super::{
    answers, faults::Fault, sessions::Granted, shared::Shared, token_request::TokenRequest, wire::Peer, world::Reply,
};

/// Where TrackTik answers token requests.
pub const TOKEN_PATH: &str = "/rest/oauth2/access_token";

/// What was decided at the instant of arrival.
enum Verdict {
    /// The answer of a working TrackTik.
    Right(Reply),
    /// A fault; with the right answer if the request had its effect all the same.
    Broken(Fault, Option<Reply>),
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let _in_flight = shared.in_flight();
    // PHP parses nothing but a form: a JSON body is a request without any field.
    let asked = TokenRequest::new(form.map(|Form(pairs)| pairs).unwrap_or_default());
    match judge(&shared, &peer, &headers, &asked) {
        Verdict::Right(reply) => answers::right(&reply),
        Verdict::Broken(fault, reply) => broken(fault, reply, &peer).await,
    }
}

fn judge(shared: &Shared, peer: &Peer, headers: &HeaderMap, asked: &TokenRequest) -> Verdict {
    let (now, from) = (shared.now(), peer.address.ip());
    let mut guard = shared.state();
    let state = &mut *guard;
    if text(headers, &header::USER_AGENT).is_empty() {
        state.world.count(|counts| counts.without_user_agent += 1);
    }
    if let Some(token) = asked.get("refresh_token") {
        let again = !state.arrived.insert(token.to_owned());
        state.world.count(|counts| {
            counts.refresh_requests += 1;
            counts.repeated_refresh_tokens += u64::from(again);
        });
    }
    if !state.world.admits(now, from, asked) {
        return Verdict::Right(Reply::Blocked);
    }
    let host = text(headers, &header::HOST);
    let username = state.world.username_of(asked);
    let Some(fault) = state.faults.meet(host, username) else {
        return Verdict::Right(state.world.admitted(now, from, asked));
    };
    state.world.count(|counts| counts.faulted += 1);
    if let Some(failed) = fault.refuses() {
        state.world.refused(now, from, asked, failed);
    }
    let effect = fault.has_effect();
    let reply = effect.then(|| state.world.admitted(now, from, asked));
    Verdict::Broken(fault, reply)
}

async fn broken(fault: Fault, reply: Option<Reply>, peer: &Peer) -> Response {
    match fault {
        Fault::Delay { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            success_as(reply, |granted| {
                answers::success(answers::success_body(granted).to_string())
            })
        }
        Fault::TooManyRequests { retry_after } => answers::too_many_requests(retry_after.as_ref()),
        Fault::Unavailable { retry_after } => answers::unavailable(&retry_after),
        Fault::Status { status, .. } => answers::status(status),
        Fault::Firewall => answers::balancer(403),
        Fault::Refusal { status, error, dialect } => answers::refusal(status, &error, dialect),
        Fault::Html => answers::html(),
        Fault::OkWithError { error } => answers::ok_with_error(&error),
        Fault::MalformedJson => success_as(reply, answers::malformed),
        Fault::AlteredKey { key, value } => success_as(reply, |granted| {
            let mut body = answers::success_body(granted);
            body[key] = value;
            answers::success(body.to_string())
        }),
        Fault::MissingKey { key } => success_as(reply, |granted| {
            let mut body = answers::success_body(granted);
            body.as_object_mut().map(|keys| keys.remove(&key));
            answers::success(body.to_string())
        }),
        Fault::Redirect { location } => answers::redirect(&location),
        Fault::HugeBody => success_as(reply, answers::huge),
        Fault::CutBody => success_as(reply, answers::cut),
        Fault::Silence { .. } => future::pending().await,
        Fault::Close { .. } => {
            peer.cut();
            // Never sent: writing it is what finds the connection cut.
            ().into_response()
        }
    }
}

/// A success in another guise; a request that was refused is answered as ever.
fn success_as(reply: Option<Reply>, guise: impl FnOnce(&Granted) -> Response) -> Response {
    match reply {
        Some(Reply::Granted(granted)) => guise(&granted),
        Some(reply) => answers::right(&reply),
        None => answers::status(500),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
