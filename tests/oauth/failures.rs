//! The words, labels and paces of failures.

use tracktik_operator::{
    api::Span,
    oauth::{CertificateFault, ConnectFault, ErrorCode, Misbehaviour, Silence, TokenRequestFailure},
    rotation::backoff::Pace,
};

const SOME: [TokenRequestFailure; 12] = [
    TokenRequestFailure::LoginRefused {
        status: 400,
        code: ErrorCode::InvalidGrant,
        retry_after: Some(Span::hours(1)),
    },
    TokenRequestFailure::LoginRefused {
        status: 401,
        code: ErrorCode::InvalidClient,
        retry_after: None,
    },
    TokenRequestFailure::LoginRefused {
        status: 403,
        code: ErrorCode::Unknown,
        retry_after: None,
    },
    TokenRequestFailure::RefreshRefused {
        status: 401,
        code: ErrorCode::InvalidRequest,
        retry_after: None,
    },
    TokenRequestFailure::Throttled {
        status: 503,
        retry_after: Some(Span::minutes(10)),
    },
    TokenRequestFailure::Firewall,
    TokenRequestFailure::ServerError { status: 504 },
    TokenRequestFailure::NoAnswer(Silence::TimedOut),
    TokenRequestFailure::NotConnected(ConnectFault::Certificate(CertificateFault::WrongName)),
    TokenRequestFailure::NotConnected(ConnectFault::NotAllowed),
    TokenRequestFailure::Misbehaved {
        status: Some(404),
        what: Misbehaviour::UnexpectedStatus,
    },
    TokenRequestFailure::Misbehaved {
        status: None,
        what: Misbehaviour::NotHttp,
    },
];

#[test]
fn a_message_says_what_and_where_and_what_to_do() {
    let messages: Vec<String> = SOME.iter().map(|failure| failure.message("acme.staffr.net")).collect();
    insta::assert_snapshot!(messages.join("\n"));
    for message in messages {
        assert!(message.contains("acme.staffr.net") && message.len() < 300, "{message}");
    }
}

#[test]
fn a_domain_that_is_no_host_is_not_repeated() {
    for domain in [
        "user:hunter2@acme.staffr.net",
        "acme.staffr.net/?token=hunter2",
        "hunter2\n",
        "",
    ] {
        for failure in SOME {
            let message = failure.message(domain);
            assert!(
                message.contains("the token endpoint") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}

#[test]
fn only_a_connection_that_never_was_has_sent_nothing() {
    for failure in SOME {
        let unsent = matches!(failure, TokenRequestFailure::NotConnected(_));
        assert_eq!(failure.may_have_sent(), !unsent);
        if failure.pace() == (Pace::Unavailable { bytes_sent: false }) {
            assert!(unsent);
        }
    }
}

#[test]
fn a_refused_refresh_is_followed_by_a_login_after_thirty_seconds() {
    let wait = SOME[3].pace().wait(1, 17);
    assert_eq!((wait, SOME[3].reason().stalls()), (Span::seconds(30), false));
}
