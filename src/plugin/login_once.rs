//! The token endpoint, asked from where the plugin runs: whether it can be reached, and once whether it takes an account.

use std::path::{Path, PathBuf};

use clap::Args;
use tracktik_operator::{
    api::{Reason, Span},
    oauth::{
        AllowedDomains, ConnectFault, EndpointOptions, GrantRequest, HttpTokenEndpoint, TokenEndpoint,
        TokenRequestFailure,
    },
    secrets::sensitive::{Sensitive, ServiceAccount},
};

use super::{
    findings::{Findings, Found},
    verdict::Failed,
};

/// Where to connect to, and whom to trust there.
#[derive(Args, Debug)]
pub struct EndpointFlags {
    /// Host that the operator may send passwords to, as in its own flag; repeat the flag or separate hosts by commas
    #[arg(long = "allowed-domain", value_name = "HOST", value_delimiter = ',')]
    #[arg(default_values = AllowedDomains::DEFAULT)]
    allowed_domains: Vec<String>,
    /// PEM file with certificate authorities to trust for the token endpoint, beside those of the system
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
}

/// The way to token endpoints.
pub struct Endpoint(EndpointOptions);

impl Endpoint {
    /// By these flags.
    ///
    /// # Errors
    /// One of them is wrong.
    pub fn new(flags: &EndpointFlags) -> Result<Self, Failed> {
        let allowed = AllowedDomains::parse(&flags.allowed_domains)
            .map_err(|error| Failed::Usage(format!("--allowed-domain: {error}")))?;
        let options = EndpointOptions {
            allowed,
            ca_bundle: flags.ca_bundle.as_deref().map(bundle).transpose()?,
            ..EndpointOptions::default()
        };
        // What is wrong with the bundle shows here.
        let endpoint = Self(options);
        endpoint.client()?;
        Ok(endpoint)
    }

    fn client(&self) -> Result<HttpTokenEndpoint, Failed> {
        HttpTokenEndpoint::new(self.0.clone()).map_err(|error| Failed::Usage(format!("--ca-bundle: {error}")))
    }

    /// Adds whether the domain is allowed and answers. A connection is made, over which nothing is sent.
    ///
    /// # Errors
    /// None but those of [`Self::new`].
    pub async fn reach(&self, domain: &str, findings: &mut Findings) -> Result<(), Failed> {
        if !self.0.allowed.allows(domain) {
            let message = format!(
                "the domain is not among {}: correct it, or give --allowed-domain as the operator has it",
                self.0.allowed
            );
            findings.add("domain", Found::Wrong, message);
            findings.add("connection", Found::Skipped, "the operator would not connect to it");
            return Ok(());
        }
        findings.add("domain", Found::Ok, format!("{domain} is among {}", self.0.allowed));
        let nobody = || Sensitive::from("-".to_owned());
        let nobody = ServiceAccount {
            client_id: nobody(),
            client_secret: nobody(),
            username: nobody(),
            password: nobody(),
        };
        // The same way that a password goes, up to the point at which it would be sent.
        let closed = self.client()?.asking(|| false);
        match closed.request_token(domain, GrantRequest::Password(&nobody)).await {
            Err(failure) if failure.held_back() => {
                findings.add(
                    "connection",
                    Found::Ok,
                    format!("{domain} can be reached from here over verified TLS"),
                );
            }
            Err(failure) => findings.add("connection", Found::Wrong, failure.message(domain)),
            // Nothing was sent, so nothing can have been granted.
            Ok(_) => findings.add("connection", Found::Untold, "the connection was not held back"),
        }
        Ok(())
    }

    /// Adds what came of one login. The token is dropped here, unseen.
    ///
    /// # Errors
    /// None but those of [`Self::new`].
    pub async fn login(&self, domain: &str, account: &ServiceAccount, findings: &mut Findings) -> Result<(), Failed> {
        let answer = self
            .client()?
            .request_token(domain, GrantRequest::Password(account))
            .await;
        match answer.map(|tokens| tokens.expires_in) {
            Ok(life) => findings.add("login", Found::Ok, granted(domain, life)),
            Err(failure) => {
                let found = if is_telling(failure) {
                    Found::Wrong
                } else {
                    Found::Untold
                };
                let message = format!(
                    "{} ({}): {}",
                    failure.reason(),
                    failure.outcome(),
                    failure.message(domain)
                );
                findings.add("login", found, message);
            }
        }
        Ok(())
    }
}

fn granted(domain: &str, life: Span) -> String {
    format!(
        "{domain} granted a token that lives {} s; it was thrown away",
        life.as_seconds()
    )
}

/// Whether the answer says anything of the account or the domain.
fn is_telling(failure: TokenRequestFailure) -> bool {
    let passes = matches!(
        failure.reason(),
        Reason::EndpointUnavailable | Reason::EndpointThrottled
    );
    !passes || matches!(failure, TokenRequestFailure::NotConnected(ConnectFault::Certificate(_)))
}

fn bundle(file: &Path) -> Result<Vec<u8>, Failed> {
    std::fs::read(file)
        .map_err(|error| Failed::Usage(format!("--ca-bundle: {} cannot be read: {error}", file.display())))
}
