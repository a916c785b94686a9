//! Whom the endpoint trusts: certificates, the CA bundle, the system's authorities, and what a proxy gets to see.

use tracktik_operator::oauth::{
    CertificateFault, ConnectFault, EndpointOptions, HttpTokenEndpoint, TokenRequestFailure, endpoint::EndpointError,
};

use crate::{
    connections::{ask, attempt, good, options},
    server::{Authority, Certificate, Server},
};

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_told_by_what_is_wrong() {
    for (certificate, fault) in [
        (Certificate::WrongName, CertificateFault::WrongName),
        (Certificate::Expired, CertificateFault::Expired),
        (Certificate::NotYetValid, CertificateFault::NotYetValid),
    ] {
        let (server, failure) = attempt(certificate, good()).await;
        assert_eq!(
            failure,
            TokenRequestFailure::NotConnected(ConnectFault::Certificate(fault))
        );
        assert!(!failure.may_have_sent() && server.requests().is_empty());
    }
    let (ca, stranger) = (Authority::new(), Authority::new());
    let server = Server::start(&stranger, Certificate::Good, good()).await;
    let failure = ask(options(&server.domain, &ca), &server.domain).await.unwrap_err();
    let fault = ConnectFault::Certificate(CertificateFault::UnknownIssuer);
    assert_eq!(failure, TokenRequestFailure::NotConnected(fault));
    assert!(server.requests().is_empty());
}

#[test]
fn a_ca_bundle_that_cannot_be_used_stops_the_start() {
    let ca = Authority::new();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_base64 = "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n";
    for (bundle, error) in [
        (String::new(), EndpointError::NoCertificate),
        ("hunter2".to_owned(), EndpointError::NoCertificate),
        (broken.to_owned(), EndpointError::Certificate { number: 1 }),
        (format!("{}{broken}", ca.pem), EndpointError::Certificate { number: 2 }),
        (
            format!("{}{}{no_base64}", ca.pem, ca.pem),
            EndpointError::Certificate { number: 3 },
        ),
    ] {
        let mut options = options("acme.staffr.net", &ca);
        options.ca_bundle = Some(bundle.into_bytes());
        assert_eq!(HttpTokenEndpoint::new(options).unwrap_err(), error);
    }
}

/// Runs an ignored test of this file in a process of its own: the environment is not a test's to change.
fn in_own_process(test: &str, environment: [(&str, &str); 2]) {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("https_proxy")
        .envs(environment)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
}

#[test]
fn a_proxy_that_refuses_the_tunnel_has_passed_nothing_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let tunnel = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let mut request = [0; 1_024];
        let read = std::io::Read::read(&mut tcp, &mut request).unwrap();
        std::io::Write::write_all(&mut tcp, b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    for proxy in [proxy.as_str(), "http://127.0.0.1:1"] {
        in_own_process("trust::behind_a_proxy", [("HTTPS_PROXY", proxy), ("NO_PROXY", "")]);
    }
    let tunnel = tunnel.join().unwrap();
    assert!(
        tunnel.starts_with("CONNECT acme.staffr.net:443 HTTP/1.1\r\n"),
        "{tunnel}"
    );
    assert!(!tunnel.contains("hunter2"));
}

#[tokio::test]
#[ignore = "run by the test above, with a proxy in the environment"]
async fn behind_a_proxy() {
    let failure = ask(options("acme.staffr.net", &Authority::new()), "acme.staffr.net")
        .await
        .unwrap_err();
    assert_eq!(failure, TokenRequestFailure::NotConnected(ConnectFault::Proxy));
}

#[test]
fn without_anybody_to_trust_the_start_fails() {
    let nothing = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nowhere")];
    in_own_process("trust::on_a_system_without_authorities", nothing);
}

#[test]
#[ignore = "run by the test above, with no certificate authority in the environment"]
fn on_a_system_without_authorities() {
    let error = HttpTokenEndpoint::new(EndpointOptions::default()).unwrap_err();
    assert_eq!(error, EndpointError::NoProvider);
    let mut options = options("acme.staffr.net", &Authority::new());
    assert!(HttpTokenEndpoint::new(options.clone()).is_ok(), "a CA bundle is enough");
    options.ca_bundle = None;
    assert_eq!(HttpTokenEndpoint::new(options).unwrap_err(), EndpointError::NoTrust);
}
