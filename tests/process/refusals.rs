//! What is made of the API server's refusals, and what is not repeated.

use std::time::Duration;

use kube::{
    Client, Config,
    core::{
        Status,
        response::{StatusCause, StatusDetails},
    },
};
use tokio::io::AsyncReadExt;
use tracktik_operator::cluster::{
    ClusterError, DEADLINE, LONGEST_MESSAGE, NoConnection, Refusal, deadline, deadline_with_values, error::Carried,
};

/// The reason of a `Status` that kube makes of an answer that is none.
const PAGE: &str = "Failed to parse error data";

const SECRET: &str = "aHVudGVyMi1zZWNyZXQtdmFsdWU";

fn status(code: u16, reason: &str, message: &str) -> Status {
    Status::failure(message, reason).with_code(code)
}

fn of(status: &Status, carried: Carried) -> ClusterError {
    ClusterError::from_kube(&kube::Error::Api(Box::new(status.clone())), carried)
}

fn forbidden(by: Refusal, message: &str) -> ClusterError {
    ClusterError::Forbidden {
        by,
        message: message.to_owned(),
    }
}

fn other(code: u16, detail: &str) -> ClusterError {
    ClusterError::Other {
        code,
        detail: detail.to_owned(),
    }
}

#[test]
fn each_answer_has_one_meaning() {
    for (code, reason, message, expected) in [
        (404, "NotFound", "secrets \"x\" not found", ClusterError::NotFound),
        (409, "Conflict", "the object has been modified", ClusterError::Conflict),
        (
            409,
            "AlreadyExists",
            "secrets \"x\" already exists",
            ClusterError::Conflict,
        ),
        (401, "Unauthorized", "Unauthorized", ClusterError::Unauthenticated),
        (
            422,
            "Invalid",
            "Secret \"x\" is invalid",
            ClusterError::Invalid { fields: vec![] },
        ),
        (429, "TooManyRequests", "slow down", other(429, "TooManyRequests")),
        (500, "InternalError", "etcd: secret things", other(500, "InternalError")),
        (503, "", "upstream connect error", other(503, "")),
        (502, PAGE, "<html>secret</html>", other(502, "")),
        (410, "Expired", "too old resource version", other(410, "Expired")),
        // A page of a proxy that asks who is there.
        (401, PAGE, "<html>secret</html>", ClusterError::Unauthenticated),
        // Of a portal, a firewall or another proxy, for which kube has this word: by its code alone it means nothing.
        (403, PAGE, "<html>secret</html>", other(403, "")),
        (404, PAGE, "<html>secret</html>", other(404, "")),
        (409, PAGE, "<html>secret</html>", other(409, "")),
        (422, PAGE, "<html>secret</html>", other(422, "")),
        (404, PAGE, "404 page not found\n", ClusterError::NotServed),
        (
            500,
            "InternalError",
            "Internal error occurred: failed calling webhook \"v.example.com\": Post \"https://x\": secret",
            other(500, "failed calling webhook \"v.example.com\""),
        ),
    ] {
        for carried in [Carried::NoValues, Carried::SecretValues] {
            assert_eq!(of(&status(code, reason, message), carried), expected, "{code} {reason}");
        }
    }
}

#[test]
fn a_refusal_says_who_refused() {
    let access = "secrets \"x\" is forbidden: User \"system:serviceaccount:ops:tracktik-operator\" cannot patch resource \
                  \"secrets\" in API group \"\" in the namespace \"team\"";
    let quota =
        "secrets \"x\" is forbidden: exceeded quota: small, requested: secrets=1, used: secrets=5, limited: secrets=5";
    let ending =
        "secrets \"x\" is forbidden: unable to create new content in namespace team because it is being terminated";
    for (code, reason, message, by) in [
        (403, "Forbidden", access, Refusal::Access),
        (403, "Forbidden", quota, Refusal::Quota),
        (403, "Forbidden", ending, Refusal::NamespaceTerminating),
    ] {
        for carried in [Carried::NoValues, Carried::SecretValues] {
            assert_eq!(of(&status(code, reason, message), carried), forbidden(by, message));
        }
    }
}

#[test]
fn the_words_of_a_policy_are_shown_only_where_it_saw_no_secret() {
    let webhook = "admission webhook \"v.example.com\" denied the request";
    let policy = "secrets \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request";
    // A webhook chooses its code: 409 is not a conflict, 404 is not an absence.
    for (code, reason, own) in [
        (403, "Forbidden", webhook),
        (400, "BadRequest", webhook),
        (404, "NotFound", webhook),
        (409, "Conflict", webhook),
        (422, "Invalid", policy),
        (403, "Forbidden", policy),
    ] {
        let denied = status(
            code,
            reason,
            &format!("{own}: label team is missing, password was hunter2"),
        );
        assert_eq!(
            of(&denied, Carried::SecretValues),
            forbidden(Refusal::Admission, own),
            "{code}"
        );
        let ClusterError::Forbidden { message, .. } = of(&denied, Carried::NoValues) else {
            panic!("{code}")
        };
        assert!(message.ends_with("label team is missing, password was hunter2"));
    }
    let unknown = status(403, "Forbidden", &format!("secrets \"x\" is forbidden: {SECRET}"));
    assert!(!of(&unknown, Carried::SecretValues).to_string().contains(SECRET));
}

#[test]
fn an_invalid_object_gives_paths_and_no_values() {
    let mut invalid = status(422, "Invalid", &format!("data[password]: Invalid value: \"{SECRET}\""));
    let cause = |field: &str| StatusCause {
        reason: "FieldValueInvalid".to_owned(),
        message: format!("Invalid value: \"{SECRET}\""),
        field: field.to_owned(),
    };
    let causes = vec![cause("data[password]"), cause(""), cause("metadata.labels\n[evil]")];
    invalid.details = Some(StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes,
        retry_after_seconds: 0,
    });
    let error = of(&invalid, Carried::NoValues);
    assert_eq!(error.to_string(), "invalid: data[password], metadata.labels[evil]");
    assert!(!format!("{error:?}").contains(SECRET));
}

#[test]
fn a_message_is_one_short_line_without_anything_like_a_token() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln";
    let denied = status(
        403,
        "Forbidden",
        &format!("admission webhook \"w\" denied the request:\n\tsaw ({jwt})\r\nor {SECRET}9A."),
    );
    let ClusterError::Forbidden { message, .. } = of(&denied, Carried::NoValues) else {
        panic!()
    };
    assert_eq!(
        message,
        "admission webhook \"w\" denied the request: saw (<removed>) or <removed>"
    );
    let long = status(
        403,
        "Forbidden",
        &format!("admission webhook \"w\" denied the request: {}", "é ".repeat(500)),
    );
    let ClusterError::Forbidden { message, .. } = of(&long, Carried::NoValues) else {
        panic!()
    };
    assert_eq!(message.chars().count(), LONGEST_MESSAGE);
}

#[test]
fn what_cannot_be_understood_is_not_quoted() {
    let undecodable = serde_json::from_str::<bool>(&format!("\"{SECRET}\"")).unwrap_err();
    assert!(undecodable.to_string().contains(SECRET), "the danger is real");
    let error = ClusterError::from_kube(&kube::Error::SerdeError(undecodable), Carried::SecretValues);
    assert!(!format!("{error} {error:?}").contains(SECRET));
    assert!(!error.is_transient());
}

#[test]
fn only_what_passes_by_itself_is_transient() {
    for (error, transient) in [
        (ClusterError::Unreachable(NoConnection::Refused), true),
        (ClusterError::TimedOut, true),
        (other(503, ""), true),
        (other(429, ""), true),
        (other(400, ""), false),
        (ClusterError::NotFound, false),
        (ClusterError::Conflict, false),
        (forbidden(Refusal::Access, ""), false),
        (ClusterError::Unauthenticated, false),
    ] {
        assert_eq!(error.is_transient(), transient, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_ends_at_the_deadline() {
    let begun = tracktik_operator::clock::monotonic();
    assert_eq!(
        deadline(std::future::pending::<kube::Result<()>>()).await,
        Err(ClusterError::TimedOut)
    );
    assert_eq!(begun.elapsed(), DEADLINE);
    assert_eq!(deadline(async { Ok(7) }).await, Ok(7));
    // A second before the deadline, on the paused clock.
    let late = async {
        tokio::time::sleep(Duration::from_secs(14)).await;
        Err::<(), _>(kube::Error::Api(Box::new(status(404, "NotFound", ""))))
    };
    assert_eq!(deadline_with_values(late).await, Err(ClusterError::NotFound));
}

#[test]
fn the_cause_is_found_below_what_is_wrapped_around_it() {
    use std::io::{Error, ErrorKind};
    let untrusted = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let in_io = |error: rustls::Error| Error::new(ErrorKind::InvalidData, error);
    for (error, expected) in [
        (in_io(untrusted()), NoConnection::CertificateNotTrusted),
        (Error::other(in_io(untrusted())), NoConnection::CertificateNotTrusted),
        (in_io(rustls::Error::DecryptError), NoConnection::Tls),
        (
            Error::other(Error::from(ErrorKind::ConnectionRefused)),
            NoConnection::Refused,
        ),
        (Error::from(ErrorKind::TimedOut), NoConnection::TimedOut),
        (Error::from(ErrorKind::UnexpectedEof), NoConnection::Broken),
        (Error::other("dns error"), NoConnection::NameNotResolved),
        (Error::other("something else"), NoConnection::Unknown),
    ] {
        let error = ClusterError::from_kube(&kube::Error::Service(Box::new(error)), Carried::NoValues);
        assert_eq!(error, ClusterError::Unreachable(expected));
    }
}

#[tokio::test]
async fn a_server_that_closes_in_place_of_an_answer_has_broken_the_connection() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let closing = tokio::spawn(async move {
        loop {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
        }
    });
    let client = Client::try_from(Config::new(format!("http://{address}").parse().unwrap())).unwrap();
    let error = client.apiserver_version().await.unwrap_err();
    assert_eq!(
        ClusterError::from_kube(&error, Carried::NoValues),
        ClusterError::Unreachable(NoConnection::Broken),
        "{error:?}"
    );
    closing.abort();
}
