//! The one place from which credentials leave: one POST over one new connection, to an allowed host, over verified TLS.
//!
//! Whatever an HTTP client does to be helpful would be a second login that nobody decided on: redirects, retries and
//! re-used connections are all off.

use std::{fmt, time::Duration};

use futures::future::BoxFuture;
use reqwest::{
    Certificate, Client, Response,
    header::{ACCEPT, CONTENT_TYPE},
    redirect, retry, tls,
};
use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};
use tower::util::AndThenLayer;
use zeroize::Zeroizing;

use super::{
    allowed_domains::AllowedDomains,
    answer::{Answer, Body, classify},
    connection::{broken_request, silence},
    failure::TokenRequestFailure,
    failure_detail::{ConnectFault, Silence},
    form::GrantRequest,
    host::Host,
    last_word::LastWord,
};
use crate::{api::annotations::AGENT, clock, secrets::sensitive::Tokens};

/// How much of a body is read; TrackTik's have about 5 KB.
const LARGEST_BODY: usize = 64 * 1_024;

/// Asks for tokens. A trait because tests of everything above need answers that no server gives on command.
pub trait TokenEndpoint: Send + Sync + 'static {
    /// Sends at most one request to the token endpoint of `domain`.
    ///
    /// Dropping the future abandons the request, which may have been sent by then.
    fn request_token<'a>(
        &'a self,
        domain: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>>;
}

/// How to connect. Not `Debug`: people put private keys into bundles.
#[derive(Clone)]
pub struct EndpointOptions {
    /// Checked again right before a request, so that no mistake elsewhere sends credentials to a stranger.
    pub allowed: AllowedDomains,
    /// Certificate authorities to trust beside the system's, as PEM.
    pub ca_bundle: Option<Vec<u8>>,
    /// From the resolution of the name to the end of the TLS handshake.
    pub connect_timeout: Duration,
    /// For everything, the last byte of the answer included.
    pub total_timeout: Duration,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self {
            allowed: AllowedDomains::default(),
            ca_bundle: None,
            connect_timeout: Duration::from_secs(5),
            // TrackTik gives up after 30 s and says so; its answer is worth waiting for.
            total_timeout: Duration::from_secs(40),
        }
    }
}

/// The token endpoints out there.
#[derive(Clone)]
pub struct HttpTokenEndpoint {
    client: Client,
    allowed: AllowedDomains,
    last_word: LastWord,
}

impl fmt::Debug for HttpTokenEndpoint {
    /// Without the client, which would print the proxy's URL and with it a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTokenEndpoint")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl HttpTokenEndpoint {
    /// Prepares everything that can fail: at start, not at the first renewal.
    ///
    /// A proxy is taken from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, which reqwest reads by itself, once, in here:
    /// the one use of the environment outside `settings.rs`, because the rules of these variables are its own.
    ///
    /// # Errors
    /// When the CA bundle cannot be read, when there is no certificate authority to trust at all, or when the process has
    /// no rustls provider yet.
    pub fn new(options: EndpointOptions) -> Result<Self, EndpointError> {
        if CryptoProvider::get_default().is_none() {
            // Further down this would be a panic.
            return Err(EndpointError::NoProvider);
        }
        let extra_roots = match &options.ca_bundle {
            Some(pem) => read_ca_bundle(pem)?,
            None => Vec::new(),
        };
        let last_word = LastWord::default();
        let client = Client::builder()
            .https_only(true)
            .tls_version_min(tls::Version::TLS_1_2)
            .tls_certs_merge(extra_roots)
            .redirect(redirect::Policy::none())
            .referer(false)
            // Without this, requests that a server refuses by HTTP/2 are sent again, up to twice.
            .retry(retry::never())
            // Without idle connections there is no pool, and so no second try over a new connection either.
            .pool_max_idle_per_host(0)
            .connector_layer(AndThenLayer::new(last_word.clone().over()))
            .connect_timeout(options.connect_timeout)
            .timeout(options.total_timeout)
            .user_agent(AGENT)
            .build()
            .map_err(|_| EndpointError::NoTrust)?;
        Ok(Self {
            client,
            allowed: options.allowed,
            last_word,
        })
    }

    /// The same, where this is asked once more when a connection stands, right before a request is sent over it.
    /// [`TokenRequestFailure::held_back`] tells that it was not. To be called once.
    #[must_use]
    pub fn asking(self, may_send: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.last_word.belongs_to(may_send);
        self
    }

    async fn post(&self, domain: &str, grant: GrantRequest<'_>) -> Result<Tokens, TokenRequestFailure> {
        let not_allowed = TokenRequestFailure::NotConnected(ConnectFault::NotAllowed);
        let host = Host::parse(domain).map_err(|_| not_allowed)?;
        if !self.allowed.allows_host(&host) {
            return Err(not_allowed);
        }
        let url = host.token_url().map_err(|_| not_allowed)?;
        let response = self
            .client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            // The buffer itself, not a copy: it is wiped when the client lets go of it.
            .body(hyper::body::Bytes::from_owner(grant.form()))
            .send()
            .await
            .map_err(|error| broken_request(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = read_body(response).await;
        let body = match &bytes {
            Ok(Some(bytes)) => Body::Whole(bytes),
            Ok(None) => Body::TooLarge,
            Err(how) => Body::Broken(*how),
        };
        let answer = Answer {
            status,
            headers: &headers,
            body,
        };
        classify(grant.grant(), &answer, clock::now())
    }
}

impl TokenEndpoint for HttpTokenEndpoint {
    fn request_token<'a>(
        &'a self,
        domain: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        Box::pin(self.post(domain, grant))
    }
}

/// The whole body, none where it is too large. Returning early drops the response, which closes the connection.
async fn read_body(mut response: Response) -> Result<Option<Zeroizing<Vec<u8>>>, Silence> {
    // Room at once: a buffer that grows leaves copies of tokens in freed memory.
    let mut body = Zeroizing::new(Vec::with_capacity(LARGEST_BODY));
    while let Some(chunk) = response.chunk().await.map_err(|error| silence(&error))? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Whether a CA bundle can be used, before anything starts.
///
/// # Errors
/// What is wrong with it.
pub fn check_ca_bundle(pem: &[u8]) -> Result<(), EndpointError> {
    read_ca_bundle(pem).map(drop)
}

fn read_ca_bundle(pem: &[u8]) -> Result<Vec<Certificate>, EndpointError> {
    let mut certificates = Vec::new();
    let mut trusted = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let unusable = EndpointError::Certificate { number: index + 1 };
        let certificate = certificate.map_err(|_| unusable)?;
        certificates.push(Certificate::from_der(&certificate).map_err(|_| unusable)?);
        trusted.add(certificate).map_err(|_| unusable)?;
    }
    if certificates.is_empty() {
        return Err(EndpointError::NoCertificate);
    }
    Ok(certificates)
}

/// Why no request can ever be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The bundle holds no PEM certificate.
    #[error("the CA bundle holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// A certificate of the bundle cannot be used.
    #[error("certificate {number} of the CA bundle cannot be read")]
    Certificate {
        /// Which, counted from 1.
        number: usize,
    },
    /// `main` has not installed rustls' crypto provider.
    #[error("TLS could not be set up: this process has no crypto provider")]
    NoProvider,
    /// There is nobody to trust, or the TLS library could not be set up.
    #[error("TLS could not be set up: the system has no certificate authorities and no CA bundle was given")]
    NoTrust,
}
