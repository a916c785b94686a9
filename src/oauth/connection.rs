//! What a broken connection means: from the errors of the HTTP and TLS libraries to our closed list.
//!
//! Their texts hold URLs, names and whatever a server sent, so they are looked at and never passed on. The one question
//! that matters most is whether a byte of the request can have been sent; where in doubt, it can.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{
    failure::TokenRequestFailure,
    failure_detail::{CertificateFault, ConnectFault, Misbehaviour, Silence},
    last_word::HeldBack,
};

/// The failure for an error of [`reqwest::RequestBuilder::send`].
///
/// `is_connect` is true from the resolution of the name to the end of the TLS handshake, proxy tunnel and connect
/// time-out included: the request is handed to a connection only after that. Everything else, the total time-out while
/// still connecting included, counts as sent.
pub(super) fn broken_request(error: &reqwest::Error) -> TokenRequestFailure {
    if error.is_builder() {
        // A URL or header that cannot be sent, so it was not.
        TokenRequestFailure::NotConnected(ConnectFault::Other)
    } else if error.is_connect() {
        TokenRequestFailure::NotConnected(connect_fault(error))
    } else if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        TokenRequestFailure::Misbehaved {
            status: None,
            what: Misbehaviour::NotHttp,
        }
    } else {
        TokenRequestFailure::NoAnswer(silence(error))
    }
}

/// How an answer broke off.
pub(super) fn silence(error: &reqwest::Error) -> Silence {
    if error.is_timeout() {
        Silence::TimedOut
    } else {
        Silence::Cut
    }
}

fn connect_fault(error: &reqwest::Error) -> ConnectFault {
    if find::<HeldBack>(error).is_some() {
        return ConnectFault::HeldBack;
    }
    // Before all others, because below it lie faults of the connection to the proxy, which must not be blamed on the host.
    if through_proxy(error) {
        return ConnectFault::Proxy;
    }
    if error.is_dns() {
        return ConnectFault::NotResolved;
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(why) => ConnectFault::Certificate(certificate_fault(why)),
            _ => ConnectFault::Tls,
        };
    }
    if error.is_timeout() {
        return ConnectFault::TimedOut;
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => ConnectFault::Refused,
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => ConnectFault::Unreachable,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => ConnectFault::Cut,
        _ => ConnectFault::Other,
    }
}

fn certificate_fault(why: &CertificateError) -> CertificateFault {
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        _ => CertificateFault::Other,
    }
}

/// Whether the tunnel through a proxy failed. Its error type is not reachable from here, but its text is fixed.
fn through_proxy(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.to_string().starts_with("tunnel error"))
}

/// The innermost cause of that type.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).filter_map(|cause| cause.downcast_ref()).last()
}

/// All causes, from the outermost.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| next_cause(*cause))
}

/// `io::Error` hides the error that it wraps from its own chain, so it is opened.
fn next_cause<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as _),
        None => cause.source(),
    }
}
