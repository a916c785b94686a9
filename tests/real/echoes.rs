//! The answers of an [`EchoServer`](crate::echo_server::EchoServer): each repeats the values that it was sent, and each
//! is something that the operator must understand without repeating it in turn.

use serde_json::{Value, json};

use crate::echo_server::{Answer, Asked};

/// Client id, the reason that status must give, and how it is answered.
pub const ECHOES: &[(&str, &str, Answer)] = &[
    ("echo-word", "EndpointMisbehaved", |asked| {
        json_answer(
            "400 Bad Request",
            "",
            &json!({ "error": asked.password, "error_description": asked.form }),
        )
    }),
    ("echo-description", "CredentialsRejected", |asked| {
        let said = [&asked.password, &asked.form, &asked.client_secret];
        json_answer(
            "400 Bad Request",
            "",
            &json!({ "error": "invalid_grant", "error_description": said[0], "hint": said[1], "message": said[2] }),
        )
    }),
    ("echo-challenge", "ClientRejected", |asked| {
        let header = format!(
            "WWW-Authenticate: Basic realm=\"{}\"\r\nX-Sent: {}\r\n",
            asked.form, asked.password
        );
        json_answer(
            "401 Unauthorized",
            &header,
            &json!({ "error": "invalid_client", "message": asked.client_secret }),
        )
    }),
    ("echo-rest", "EndpointMisbehaved", |asked| {
        json_answer(
            "403 Forbidden",
            "",
            &json!({ "status": 403, "error": format!("no login with {}", asked.password) }),
        )
    }),
    ("echo-firewall", "EndpointThrottled", |asked| {
        answer(
            "403 Forbidden",
            &format!("Server: awselb/2.0 {}\r\n", asked.form),
            &page(asked),
        )
    }),
    ("echo-error-page", "EndpointUnavailable", |asked| {
        answer("500 Internal Server Error", "Content-Type: text/html\r\n", &page(asked))
    }),
    ("echo-page", "EndpointMisbehaved", |asked| {
        answer("200 OK", "Content-Type: text/html\r\n", &page(asked))
    }),
    ("echo-ok-error", "EndpointMisbehaved", |asked| {
        json_answer("200 OK", "", &json!({ "error": asked.password }))
    }),
    ("echo-type", "EndpointMisbehaved", |asked| {
        json_answer("200 OK", "", &token("token_type", json!(asked.password)))
    }),
    ("echo-lifetime", "EndpointMisbehaved", |asked| {
        json_answer("200 OK", "", &token("expires_in", json!(asked.password)))
    }),
    ("echo-token", "EndpointMisbehaved", |asked| {
        json_answer(
            "200 OK",
            "",
            &token("access_token", json!(format!("{}\r\nX: y", asked.password))),
        )
    }),
    ("echo-cut-json", "EndpointMisbehaved", |asked| {
        answer(
            "200 OK",
            "Content-Type: application/json\r\n",
            &format!("{{\"access_token\": \"{}\", ", asked.form),
        )
    }),
    ("echo-redirect", "EndpointMisbehaved", |asked| {
        let to = format!(
            "Location: https://{}:{}@127.0.0.1:1/?{}\r\n",
            asked.client_id, asked.password, asked.form
        );
        answer("302 Found", &to, "")
    }),
    ("echo-retry-after", "EndpointThrottled", |asked| {
        answer(
            "429 Too Many Requests",
            &format!("Retry-After: {}\r\n", asked.password),
            &asked.form,
        )
    }),
    ("echo-reason", "EndpointMisbehaved", |asked| {
        answer(&format!("418 {} {}", asked.password, asked.form), "", "")
    }),
    ("echo-no-http", "EndpointMisbehaved", |asked| {
        format!("{} {}\r\n\r\n", asked.password, asked.form).into_bytes()
    }),
    ("echo-header-line", "EndpointMisbehaved", |asked| {
        format!("HTTP/1.1 200 OK\r\n{} {}\r\n\r\n", asked.password, asked.form).into_bytes()
    }),
    ("echo-long-header", "EndpointMisbehaved", |asked| {
        answer("200 OK", &format!("X-Sent: {}\r\n", asked.form.repeat(3_000)), "")
    }),
    ("echo-huge", "EndpointMisbehaved", |asked| {
        answer("200 OK", "", &asked.form.repeat(1_000))
    }),
    ("echo-half", "EndpointUnavailable", |asked| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{}", asked.form).into_bytes()
    }),
    ("echo-half-error", "EndpointMisbehaved", |asked| {
        format!("HTTP/1.1 400 Bad\r\nContent-Length: 100000\r\n\r\n{}", asked.form).into_bytes()
    }),
    ("echo-chunks", "EndpointUnavailable", |asked| {
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
            asked.password
        )
        .into_bytes()
    }),
];

/// A client id that gets no answer at all.
pub const UNANSWERED: (&str, &str) = ("echo-nothing", "EndpointUnavailable");

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn json_answer(status: &str, headers: &str, body: &Value) -> Vec<u8> {
    answer(
        status,
        &format!("Content-Type: application/json\r\n{headers}"),
        &body.to_string(),
    )
}

fn page(asked: &Asked) -> String {
    format!(
        "<html><pre>POST {}</pre><input value=\"{}\"></html>",
        asked.form, asked.password
    )
}

/// A good answer but for one key.
fn token(key: &str, value: Value) -> Value {
    let mut body = json!({ "access_token": "short", "token_type": "Bearer", "expires_in": 3600 });
    body[key] = value;
    body
}
