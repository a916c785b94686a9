//! Whom the endpoint trusts: certificates and the CA bundle. What the environment says of it is in `tests/own_process.rs`.

use tracktik_operator::oauth::{
    CertificateFault, ConnectFault, HttpTokenEndpoint, TokenRequestFailure, endpoint::EndpointError,
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
