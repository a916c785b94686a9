//! Why there is no connection: one of a few words, found in what the client wraps around the cause.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
};

/// Why a server cannot be reached, as far as the client can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoConnection {
    /// Its name has no address.
    NameNotResolved,
    /// Nothing listens there.
    Refused,
    /// No answer to the attempt to connect.
    TimedOut,
    /// The connection was closed or reset before there was an answer.
    Broken,
    /// The server's certificate is not trusted, or is not for this server.
    CertificateNotTrusted,
    /// TLS failed in another way: the server may not speak it.
    Tls,
    /// Anything else.
    Unknown,
}

impl NoConnection {
    /// Looks through `error` and everything below it.
    #[must_use]
    pub fn because_of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(told) = Self::told_by(error) {
                return told;
            }
            // An io::Error names as its source the source of what it wraps, and so hides the one that tells.
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause = wrapped.map_or_else(|| error.source(), |wrapped| Some(wrapped));
        }
        Self::Unknown
    }

    fn told_by(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            let untrusted = matches!(tls, rustls::Error::InvalidCertificate(_));
            return Some(if untrusted {
                Self::CertificateNotTrusted
            } else {
                Self::Tls
            });
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return match io.kind() {
                ErrorKind::ConnectionRefused => Some(Self::Refused),
                ErrorKind::TimedOut => Some(Self::TimedOut),
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => Some(Self::Broken),
                _ => None,
            };
        }
        // Closed in order, but before the answer: an API server whose handler failed does that, or one that ends.
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            let broken = http.is_incomplete_message() || http.is_closed() || http.is_canceled();
            return broken.then_some(Self::Broken);
        }
        // The connector's own error has no public type.
        (error.to_string() == "dns error").then_some(Self::NameNotResolved)
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameNotResolved => "its name cannot be resolved",
            Self::Refused => "connection refused",
            Self::TimedOut => "connecting timed out",
            Self::Broken => "the connection broke",
            Self::CertificateNotTrusted => "its certificate is not trusted",
            Self::Tls => "TLS failed",
            Self::Unknown => "no connection",
        })
    }
}
