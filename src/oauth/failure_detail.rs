//! The closed lists of what can go wrong in detail, each with the words that a person reads. No text of a server's.

/// The `error` code of an OAuth 2 error body, where it is a known word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// RFC 6749 section 5.2; league's answer to a spent refresh token, Authlib's to a wrong password.
    InvalidRequest,
    /// RFC 6749 section 5.2.
    InvalidClient,
    /// RFC 6749 section 5.2; most servers' answer to a wrong password.
    InvalidGrant,
    /// RFC 6749 section 5.2.
    UnauthorizedClient,
    /// RFC 6749 section 5.2.
    UnsupportedGrantType,
    /// RFC 6749 section 5.2.
    InvalidScope,
    /// RFC 6749 section 4.1.2.1, and league.
    AccessDenied,
    /// RFC 6749 section 4.1.2.1, and league.
    ServerError,
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable,
    /// league/oauth2-server before 8: a wrong user name or password.
    InvalidCredentials,
    /// Any other word, or prose. It is not kept: it could repeat what was sent.
    Unknown,
}

impl ErrorCode {
    /// All known words.
    const KNOWN: [Self; 10] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::InvalidCredentials,
    ];

    /// The code for a word of a server's.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|code| code.as_str() == word)
            .unwrap_or(Self::Unknown)
    }

    /// The word itself.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Unknown => "with an unknown error code",
        }
    }
}

/// What went wrong before a byte of the request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectFault {
    /// The domain is not one that the administrator allows, or no host at all. Nothing was dialled.
    NotAllowed,
    /// This process may not send any more, which showed when the connection stood; it was closed unused.
    HeldBack,
    /// The name could not be resolved.
    NotResolved,
    /// The host refused the connection.
    Refused,
    /// There is no way to the host.
    Unreachable,
    /// The connection, TLS handshake included, was not established in time.
    TimedOut,
    /// The connection was cut during the TLS handshake.
    Cut,
    /// The server's certificate was not accepted.
    Certificate(CertificateFault),
    /// The TLS handshake failed for another reason than the certificate.
    Tls,
    /// The proxy could not be reached or did not open the tunnel.
    Proxy,
    /// Anything else while connecting.
    Other,
}

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// Signed by nobody whom the operator trusts.
    UnknownIssuer,
    /// Issued for other names.
    WrongName,
    /// Past its end.
    Expired,
    /// Before its beginning.
    NotYetValid,
    /// Anything else: revoked, malformed, for another purpose.
    Other,
}

impl ConnectFault {
    /// What happened and what to do, to stand behind "could not connect to HOST: ".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NotAllowed => "the operator's administrator does not allow this domain",
            Self::HeldBack => "this process is not the leader any more",
            Self::NotResolved => "the name could not be resolved; check spec.domain and the cluster's DNS",
            Self::Refused => "the connection was refused; check spec.domain",
            Self::Unreachable => "the host cannot be reached; check the cluster's route and egress rules",
            Self::TimedOut => "it took too long; check the cluster's egress rules",
            Self::Cut => "the connection was cut during the TLS handshake; check the cluster's egress rules",
            Self::Certificate(fault) => fault.words(),
            Self::Tls => "the TLS handshake failed; the server must speak TLS 1.2 or 1.3",
            Self::Proxy => "the proxy could not be reached or refused the tunnel; check the operator's HTTPS_PROXY",
            Self::Other => "the connection failed",
        }
    }
}

impl CertificateFault {
    fn words(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "its certificate is signed by an authority that the operator does not trust; \
                 give the operator a CA bundle if that is intended"
            }
            Self::WrongName => "its certificate is issued for another name; check spec.domain",
            Self::Expired => "its certificate has expired; its owner must renew it (or the node's clock is wrong)",
            Self::NotYetValid => "its certificate is not valid yet; check the node's clock",
            Self::Other => "its certificate was not accepted",
        }
    }
}

/// How an answer stayed out, after the request may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Silence {
    /// Nothing, or not all, came in time.
    TimedOut,
    /// The connection ended without a complete answer.
    Cut,
}

/// What was wrong with an answer that is neither a token nor a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misbehaviour {
    /// A redirect; credentials are not sent to where it leads.
    Redirect,
    /// A status that no token endpoint gives, or an error without an OAuth 2 body.
    UnexpectedStatus,
    /// Larger than is read.
    BodyTooLarge,
    /// An error answer that ended too early.
    BodyCut,
    /// No JSON object.
    NotJson,
    /// Status 200 over a body with an `error`.
    ErrorWithStatus200,
    /// No `access_token`, or an empty one.
    NoAccessToken,
    /// An access token that is too long, or cannot stand in a header.
    AccessTokenUnusable,
    /// `token_type` missing or not Bearer.
    TokenTypeNotBearer,
    /// `expires_in` missing or no number.
    LifetimeUnreadable,
    /// `expires_in` below 30 seconds.
    LifetimeTooShort,
    /// Not HTTP at all.
    NotHttp,
}

impl Misbehaviour {
    /// What was wrong, to stand behind "HOST answered ".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Redirect => "with a redirect, which is not followed; check spec.domain",
            Self::UnexpectedStatus => "with neither a token nor an OAuth 2 error; check spec.domain",
            Self::BodyTooLarge => "with more than 64 KiB, which no token endpoint does; check spec.domain",
            Self::BodyCut => "with an error whose body ended too early",
            Self::NotJson => "with something else than a JSON object; check spec.domain",
            Self::ErrorWithStatus200 => "with an error under status 200",
            Self::NoAccessToken => "without an access_token",
            Self::AccessTokenUnusable => "with an access_token that is longer than 16 KiB or cannot stand in a header",
            Self::TokenTypeNotBearer => "with a token_type other than Bearer",
            Self::LifetimeUnreadable => "without a readable expires_in",
            Self::LifetimeTooShort => "with an expires_in below 30 seconds",
            Self::NotHttp => "with something that is not HTTP; check spec.domain",
        }
    }
}
