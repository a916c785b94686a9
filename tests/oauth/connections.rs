//! The endpoint over real TLS: one request at most per attempt, to nobody else, and a failure that says what happened.

use std::time::Duration;

use tracktik_operator::{
    api::Span,
    oauth::{
        AllowedDomains, EndpointOptions, GrantRequest, HttpTokenEndpoint, Misbehaviour, Silence, TokenEndpoint,
        TokenRequestFailure,
    },
    secrets::sensitive::{Sensitive, ServiceAccount, Tokens},
};

use crate::server::{Authority, Certificate, Conduct, Server};

fn sensitive(text: &str) -> Sensitive {
    Sensitive::from(text.to_owned())
}

pub fn account() -> ServiceAccount {
    ServiceAccount {
        client_id: sensitive("id"),
        client_secret: sensitive("s3cret"),
        username: sensitive("api@example.com"),
        password: sensitive("hunter2 & co"),
    }
}

pub fn options(domain: &str, ca: &Authority) -> EndpointOptions {
    let _ = rustls::crypto::ring::default_provider().install_default();
    EndpointOptions {
        allowed: AllowedDomains::parse([domain]).unwrap(),
        ca_bundle: Some(ca.pem.clone().into_bytes()),
        connect_timeout: Duration::from_millis(1_500),
        total_timeout: Duration::from_secs(3),
    }
}

fn reply(head: &str, body: &str) -> Conduct {
    Conduct::Reply(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

const TOKEN: &str = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"at","refresh_token":"rt"}"#;

pub fn good() -> Conduct {
    reply("200 OK", TOKEN)
}

pub async fn ask(options: EndpointOptions, domain: &str) -> Result<Tokens, TokenRequestFailure> {
    let endpoint: Box<dyn TokenEndpoint> = Box::new(HttpTokenEndpoint::new(options).unwrap());
    endpoint.request_token(domain, GrantRequest::Password(&account())).await
}

/// One attempt at a server of this conduct: the server and the failure.
pub async fn attempt(certificate: Certificate, conduct: Conduct) -> (Server, TokenRequestFailure) {
    let ca = Authority::new();
    let server = Server::start(&ca, certificate, conduct).await;
    let failure = ask(options(&server.domain, &ca), &server.domain).await.unwrap_err();
    (server, failure)
}

#[tokio::test]
async fn each_login_is_one_request_over_its_own_connection() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, good()).await;
    let endpoint = HttpTokenEndpoint::new(options(&server.domain, &ca)).unwrap();
    for count in 1..=3 {
        let tokens = endpoint
            .request_token(&server.domain, GrantRequest::Password(&account()))
            .await
            .unwrap();
        assert_eq!(
            (tokens.access_token.expose(), tokens.expires_in),
            ("at", Span::hours(1))
        );
        assert_eq!((server.connections(), server.requests().len()), (count, count));
    }
    server.all_closed().await;
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
    lines.sort();
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        "accept: application/json".to_owned(),
        format!("content-length: {}", body.len()),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        format!("host: {}", server.domain),
        "post /rest/oauth2/access_token http/1.1".to_owned(),
        format!("user-agent: tracktik-operator/{version}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        body,
        "grant_type=password&client_id=id&client_secret=s3cret&username=api%40example.com&password=hunter2%20%26%20co"
    );
}

#[tokio::test]
async fn a_refresh_token_is_sent_once_and_its_refusal_is_told_from_a_login_s() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, reply("401 U", r#"{"error":"invalid_request"}"#)).await;
    let endpoint = HttpTokenEndpoint::new(options(&server.domain, &ca)).unwrap();
    let (account, refresh_token) = (account(), sensitive("def50200"));
    let grant = GrantRequest::Refresh {
        client_id: &account.client_id,
        client_secret: &account.client_secret,
        refresh_token: &refresh_token,
    };
    let failure = endpoint.request_token(&server.domain, grant).await.unwrap_err();
    assert!(matches!(
        failure,
        TokenRequestFailure::RefreshRefused { status: 401, .. }
    ));
    assert_eq!(server.requests().len(), 1);
    assert!(!server.requests()[0].contains("hunter2"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let ca = Authority::new();
    let elsewhere = Server::start(&ca, Certificate::Good, good()).await;
    for status in ["301 M", "302 F", "307 T", "308 P"] {
        let head = format!(
            "{status}\r\nlocation: https://{}/rest/oauth2/access_token",
            elsewhere.domain
        );
        let server = Server::start(&ca, Certificate::Good, reply(&head, "")).await;
        let mut options = options(&server.domain, &ca);
        options.allowed = AllowedDomains::parse([&server.domain, &elsewhere.domain]).unwrap();
        let failure = ask(options, &server.domain).await.unwrap_err();
        assert!(matches!(
            failure,
            TokenRequestFailure::Misbehaved {
                what: Misbehaviour::Redirect,
                ..
            }
        ));
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    for (status, cut) in [(200, true), (500, false)] {
        let (server, failure) = attempt(Certificate::Good, Conduct::Flood(status)).await;
        let large = matches!(
            failure,
            TokenRequestFailure::Misbehaved {
                what: Misbehaviour::BodyTooLarge,
                ..
            }
        );
        assert_eq!(large, cut, "{failure:?}");
        // Only then is the count of what was sent the last one.
        server.all_closed().await;
        let sent = server.sent();
        assert!(sent < 9 << 20, "{sent} bytes were sent, buffers of the kernel included");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_request_without_a_whole_answer_is_not_repeated_and_counts_as_sent() {
    for (conduct, how) in [
        (Conduct::Silence, Silence::TimedOut),
        (Conduct::Stall, Silence::TimedOut),
        (Conduct::HangUp, Silence::Cut),
        (Conduct::CutShort, Silence::Cut),
    ] {
        let begun = tracktik_operator::clock::monotonic();
        let (server, failure) = attempt(Certificate::Good, conduct.clone()).await;
        assert_eq!(failure, TokenRequestFailure::NoAnswer(how), "{conduct:?}");
        assert!(failure.may_have_sent() && begun.elapsed() < Duration::from_secs(5));
        assert_eq!((server.connections(), server.requests().len()), (1, 1), "{conduct:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_misbehaviour() {
    let (server, failure) = attempt(
        Certificate::Good,
        Conduct::Reply(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
    )
    .await;
    let what = Misbehaviour::NotHttp;
    assert_eq!(failure, TokenRequestFailure::Misbehaved { status: None, what });
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn over_http2_each_login_has_its_own_connection_too() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, Conduct::Http2(TOKEN)).await;
    let endpoint = HttpTokenEndpoint::new(options(&server.domain, &ca)).unwrap();
    let account = account();
    let two = futures::future::join(
        endpoint.request_token(&server.domain, GrantRequest::Password(&account)),
        endpoint.request_token(&server.domain, GrantRequest::Password(&account)),
    );
    let (one, other) = two.await;
    assert!(one.is_ok() && other.is_ok());
    endpoint
        .request_token(&server.domain, GrantRequest::Password(&account))
        .await
        .unwrap();
    assert_eq!((server.connections(), server.requests().len()), (3, 3));
    server.all_closed().await;
}

/// The client library's own policy is to send such a request again, twice.
#[tokio::test]
async fn a_stream_refused_over_http2_is_not_sent_again() {
    let (server, failure) = attempt(Certificate::Good, Conduct::RefuseStreams).await;
    assert_eq!(failure, TokenRequestFailure::NoAnswer(Silence::Cut));
    assert_eq!((server.connections(), server.requests().len()), (1, 1));
}
