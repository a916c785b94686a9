//! When it is certain that no byte of a request was sent, and when it is not.

use std::time::Duration;

use tracktik_operator::oauth::{
    ConnectFault, GrantRequest, HttpTokenEndpoint, Silence, TokenEndpoint, TokenRequestFailure,
};

use crate::{
    connections::{account, ask, attempt, good, options},
    server::{Authority, Certificate, Conduct, Server},
};

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    for (conduct, fault) in [
        (Conduct::NoTls, ConnectFault::TimedOut),
        (Conduct::PlainHttp, ConnectFault::Tls),
        (Conduct::CloseAtOnce, ConnectFault::Cut),
    ] {
        let (server, failure) = attempt(Certificate::Good, conduct.clone()).await;
        assert_eq!(failure, TokenRequestFailure::NotConnected(fault), "{conduct:?}");
        assert!(server.requests().is_empty() && !failure.may_have_sent());
        assert_eq!(server.connections(), 1, "{conduct:?}");
    }
    let ca = Authority::new();
    for (domain, fault) in [
        ("localhost:1", ConnectFault::Refused),
        ("no-such-host.invalid", ConnectFault::NotResolved),
    ] {
        let failure = ask(options(domain, &ca), domain).await.unwrap_err();
        assert_eq!(failure, TokenRequestFailure::NotConnected(fault), "{domain}");
    }
}

/// The connection stands, and is closed without a byte of the request.
#[tokio::test]
async fn a_request_that_may_not_be_sent_any_more_once_there_is_a_connection_is_held_back() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, good()).await;
    let endpoint = HttpTokenEndpoint::new(options(&server.domain, &ca)).unwrap();
    let endpoint = endpoint.asking(|| false);
    let grant = GrantRequest::Password(&account());
    let failure = endpoint.request_token(&server.domain, grant).await.unwrap_err();
    assert!(failure.held_back() && !failure.may_have_sent(), "{failure:?}");
    server.all_closed().await;
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

/// Only the connect time-out proves that nothing was sent; the total one says nothing about how far a request came.
#[tokio::test]
async fn the_total_time_out_counts_as_sent_even_while_connecting() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, Conduct::NoTls).await;
    let mut options = options(&server.domain, &ca);
    options.connect_timeout = Duration::from_secs(20);
    options.total_timeout = Duration::from_millis(300);
    let failure = ask(options, &server.domain).await.unwrap_err();
    assert_eq!(failure, TokenRequestFailure::NoAnswer(Silence::TimedOut));
}

#[tokio::test]
async fn a_domain_that_is_not_allowed_is_not_even_resolved() {
    let ca = Authority::new();
    let server = Server::start(&ca, Certificate::Good, good()).await;
    let options = options("acme.staffr.net", &ca);
    for domain in [server.domain.as_str(), "user:hunter2@acme.staffr.net", "127.1", ""] {
        let failure = ask(options.clone(), domain).await.unwrap_err();
        assert_eq!(
            failure,
            TokenRequestFailure::NotConnected(ConnectFault::NotAllowed),
            "{domain}"
        );
    }
    assert_eq!(server.connections(), 0);
}
