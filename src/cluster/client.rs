//! The client of the API server: which server and as whom, and the first answer from it.

use std::{path::Path, sync::Arc, time::Duration};

use kube::{
    Client, Config,
    client::{AuthError, ClientBuilder},
};

use super::{
    Claim,
    configuration::{check_verified, configuration, server_of},
    deadline::deadline,
    error::ClusterError,
    fence::fenced,
    no_connection::NoConnection,
    request_counts::RequestCounts,
};
use crate::{clock, metrics::Metrics, settings::Settings};

/// Why there is no client. Each says what can be done about it, and none holds a value from a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoClient {
    /// There is no configuration, or it is wrong: waiting is no use.
    #[error("{0}")]
    Configuration(String),
    /// There is a server, and it does not take who we say we are, or is no API server: waiting is no use.
    #[error("the API server {server} {why}")]
    Refused {
        /// Scheme, host and port.
        server: String,
        /// What it does, and what to do.
        why: &'static str,
    },
    /// Nothing answers.
    #[error(
        "the API server {server} gave no answer for {} s ({latest}): check that it is up and can be reached from here",
        .waited.as_secs()
    )]
    NoAnswer {
        /// Scheme, host and port.
        server: String,
        /// For how long it was tried.
        waited: Duration,
        /// What came of the latest try.
        latest: ClusterError,
    },
}

/// The API server has answered.
pub struct Connected(Client);

impl Connected {
    /// A client whose writes are sent only while this claim is current.
    #[must_use]
    pub fn client(&self, claim: Claim) -> Client {
        fenced(self.0.clone(), claim)
    }
}

/// A client that the API server has not answered yet.
pub struct Unconnected {
    client: Client,
    server: String,
}

/// A client, from the configuration alone. Every attempt at a request is counted in `metrics`.
///
/// # Errors
/// [`NoClient::Configuration`].
pub async fn configure(settings: &Settings, metrics: &Arc<Metrics>) -> Result<Unconnected, NoClient> {
    let mut config = configuration(
        settings.kubeconfig.as_deref(),
        None,
        "set --kubeconfig, or run in a pod with its service account mounted",
    )
    .await?;
    // The fence tries again, and asks before each time.
    config.default_retry = false;
    let server = server_of(&config);
    check_verified(&config, &server)?;
    let client = build(config, metrics)?;
    Ok(Unconnected { client, server })
}

impl Unconnected {
    /// Once the API server has answered.
    ///
    /// # Errors
    /// See [`NoClient`]; [`NoClient::NoAnswer`] only after `patience`.
    pub async fn connect(self, patience: Duration) -> Result<Connected, NoClient> {
        first_answer(&self.client, self.server, patience).await?;
        Ok(Connected(self.client))
    }
}

/// A client for a person at a terminal, who is told at once what is wrong: nothing is counted, fenced or waited for. In a
/// kubeconfig, `context` names another context than the current one.
///
/// # Errors
/// [`NoClient::Configuration`].
pub async fn of_a_person(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, NoClient> {
    let config = configuration(kubeconfig, context, "set KUBECONFIG or --kubeconfig").await?;
    check_verified(&config, &server_of(&config))?;
    Client::try_from(config).map_err(|error| unusable(&error))
}

fn build(config: Config, metrics: &Arc<Metrics>) -> Result<Client, NoClient> {
    let builder = ClientBuilder::try_from(config).map_err(|error| unusable(&error))?;
    Ok(builder.with_layer(&RequestCounts(Arc::clone(metrics))).build())
}

fn unusable(error: &kube::Error) -> NoClient {
    let why = match error {
        kube::Error::Auth(error) => unreadable_credentials(error),
        kube::Error::RustlsTls(_) => "a certificate or key in it cannot be used".to_owned(),
        kube::Error::ProxyProtocolDisabled { .. } | kube::Error::ProxyProtocolUnsupported { .. } => {
            "its proxy-url is not supported".to_owned()
        }
        _ => "a client cannot be built from it".to_owned(),
    };
    NoClient::Configuration(format!("the configuration for the API server: {why}"))
}

/// Asks for the version until there is an answer; any answer of an API server that knows us will do.
async fn first_answer(client: &Client, server: String, patience: Duration) -> Result<(), NoClient> {
    let started = clock::monotonic();
    let mut pause = Duration::from_millis(500);
    let mut told = false;
    loop {
        let latest = match version(client).await {
            Ok(version) => {
                tracing::info!(server, version, "connected to the API server");
                return Ok(());
            }
            Err(Trial::Hopeless(why)) => return Err(NoClient::Refused { server, why }),
            Err(Trial::Again(latest)) => latest,
        };
        let waited = started.elapsed();
        if waited + pause > patience {
            return Err(NoClient::NoAnswer { server, waited, latest });
        }
        if !told {
            let patience = patience.as_secs();
            tracing::warn!(server, reason = %latest, "waiting up to {patience} s for the API server to answer");
            told = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// What came of one try.
enum Trial {
    Hopeless(&'static str),
    Again(ClusterError),
}

async fn version(client: &Client) -> Result<String, Trial> {
    match deadline(client.apiserver_version()).await {
        Ok(info) => Ok(info.git_version),
        Err(ClusterError::Unreachable(NoConnection::CertificateNotTrusted)) => Err(Trial::Hopeless(
            "shows a certificate that is not trusted: check its address and the certificate-authority of the kubeconfig",
        )),
        // Some clusters hide the version; whoever hides it is there.
        Err(ClusterError::Forbidden { .. } | ClusterError::Other { code: 403, .. }) => Ok("unknown".to_owned()),
        Err(ClusterError::Unauthenticated) => Err(Trial::Hopeless(
            "does not accept the operator's credentials (401): renew the token or certificate they consist of",
        )),
        Err(error) if error.is_transient() => Err(Trial::Again(error)),
        Err(_) => Err(Trial::Hopeless(
            "does not answer /version as Kubernetes does: check its address",
        )),
    }
}

/// An exec plug-in's error holds what the plug-in printed.
fn unreadable_credentials(error: &AuthError) -> String {
    match error {
        AuthError::ReadTokenFile(error, file) => format!("the token file {} cannot be read: {error}", file.display()),
        AuthError::AuthExecStart(error) => format!("its exec plug-in cannot be started: {error}"),
        AuthError::AuthExecRun { cmd, out } => format!("its exec plug-in {cmd} failed ({})", out.status),
        _ => "its credentials cannot be used".to_owned(),
    }
}
