//! The token endpoint, asked from where the plugin runs: whether it can be reached, and once whether it takes an account.

use std::path::{Path, PathBuf};

use clap::Args;
use tracktik_operator::{
    api::{Reason, Span},
    oauth::{
        AllowedDomains, ConnectFault, EndpointOptions, GrantRequest, HttpTokenEndpoint, TokenEndpoint,
        TokenRequestFailure, host::Host,
    },
    secrets::sensitive::{Sensitive, ServiceAccount},
};

use super::{
    connect_words::message,
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
pub struct Endpoint {
    options: EndpointOptions,
    /// Why its domain is allowed, where that was not told by a flag.
    why: Option<String>,
}

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
        let endpoint = Self { options, why: None };
        endpoint.client()?;
        Ok(endpoint)
    }

    /// The way to this domain alone, since the operator takes it; none where it is no host.
    pub fn taken(&self, domain: &str, why: String) -> Option<Self> {
        let allowed = AllowedDomains::parse([domain]).ok()?;
        Some(Self {
            options: EndpointOptions {
                allowed,
                ..self.options.clone()
            },
            why: Some(why),
        })
    }

    fn client(&self) -> Result<HttpTokenEndpoint, Failed> {
        HttpTokenEndpoint::new(self.options.clone()).map_err(|error| Failed::Usage(format!("--ca-bundle: {error}")))
    }

    /// Adds whether the domain is allowed and answers. A connection is made, over which nothing is sent.
    ///
    /// # Errors
    /// None but those of [`Self::new`].
    pub async fn reach(&self, domain: &str, findings: &mut Findings) -> Result<(), Failed> {
        let allowed = &self.options.allowed;
        if let Err(why) = Host::parse(domain) {
            findings.add("domain", Found::Wrong, format!("the domain is no host: {why}"));
            findings.add("connection", Found::Skipped, "there is no host to connect to");
            return Ok(());
        }
        if !allowed.allows(domain) {
            let message = format!(
                "the domain is not among {allowed}: correct it, or give --allowed-domain as the operator has it"
            );
            findings.add("domain", Found::Wrong, message);
            findings.add("connection", Found::Skipped, "the operator would not connect to it");
            return Ok(());
        }
        let among = || format!("{domain} is among {allowed}");
        findings.add("domain", Found::Ok, self.why.clone().unwrap_or_else(among));
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
            Err(failure) => findings.add("connection", Found::Wrong, message(failure, domain)),
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
                let told = message(failure, domain);
                let told = format!("{} ({}): {told}", failure.reason(), failure.outcome());
                findings.add("login", found, told);
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
