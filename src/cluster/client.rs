//! The client of the API server: which server and as whom, and the first answer from it.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use http::{HeaderValue, header::USER_AGENT};
use kube::{
    Client, Config,
    client::{AuthError, ClientBuilder},
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::{deadline::deadline, error::ClusterError, no_connection::NoConnection, request_counts::RequestCounts};
use crate::{api::annotations::AGENT, clock, metrics::Metrics, settings::Settings};

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

/// A client, once the API server has answered it. Every request is counted in `metrics`.
///
/// # Errors
/// See [`NoClient`]; [`NoClient::NoAnswer`] only after [`Settings::api_server_patience`].
pub async fn connect(settings: &Settings, metrics: &Arc<Metrics>) -> Result<Client, NoClient> {
    let config = configuration(settings.kubeconfig.as_deref()).await?;
    let server = server_of(&config);
    check_verified(&config, &server)?;
    let client = build(config, metrics)?;
    first_answer(&client, server, settings.api_server_patience).await?;
    Ok(client)
}

/// Where the API server is and who we are to it: the file that was named, else the usual places.
///
/// Not `Config::infer`, which takes a broken kubeconfig for none and then speaks of something else, and which lets the
/// environment say who to impersonate.
async fn configuration(kubeconfig: Option<&Path>) -> Result<Config, NoClient> {
    let options = KubeConfigOptions::default();
    let mut config = if let Some(file) = kubeconfig {
        let wrong = |error| NoClient::Configuration(format!("--kubeconfig: {}: {}", file.display(), said(&error)));
        let read = Kubeconfig::read_from(file).map_err(wrong)?;
        configured(read, &options).await.map_err(wrong)?
    } else {
        let found = match Kubeconfig::read() {
            Ok(read) => configured(read, &options).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(config) => config,
            Err(error) if is_absent(&error) => Config::incluster().map_err(|in_cluster| {
                let looked = match &error {
                    KubeconfigError::ReadConfig(_, file) => format!("no file at {}", file.display()),
                    _ => "HOME is not set".to_owned(),
                };
                NoClient::Configuration(format!(
                    "no API server is configured: tried KUBECONFIG, ~/.kube/config ({looked}) and the service account \
                     of the pod ({in_cluster}); set --kubeconfig, or run in a pod with its service account mounted"
                ))
            })?,
            Err(error) => {
                let text = format!("the kubeconfig of KUBECONFIG or ~/.kube/config: {}", said(&error));
                return Err(NoClient::Configuration(text));
            }
        }
    };
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    Ok(config)
}

/// kube takes `HTTPS_PROXY` for a proxy in front of every API server; here it is the token endpoint's. One that the
/// kubeconfig itself names stays, and is refused by name.
async fn configured(read: Kubeconfig, options: &KubeConfigOptions) -> Result<Config, KubeconfigError> {
    let context = read
        .contexts
        .iter()
        .find(|named| Some(&named.name) == read.current_context.as_ref());
    let cluster = context.and_then(|named| Some(&named.context.as_ref()?.cluster));
    let names_one = read.clusters.iter().any(|named| {
        let proxy = named.cluster.as_ref().and_then(|cluster| cluster.proxy_url.as_ref());
        Some(&named.name) == cluster && proxy.is_some()
    });
    let mut config = Config::from_custom_kubeconfig(read, options).await?;
    if !names_one {
        config.proxy_url = None;
    }
    Ok(config)
}

/// The operator's token and every Secret go this way.
fn check_verified(config: &Config, server: &str) -> Result<(), NoClient> {
    let host = config.cluster_url.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if config.cluster_url.scheme_str() != Some("https") && !loopback {
        return Err(NoClient::Configuration(format!(
            "the API server {server} is not asked without TLS, since Secrets would pass in clear: give its server in the \
             kubeconfig as https://"
        )));
    }
    if config.accept_invalid_certs {
        tracing::warn!(
            server,
            "insecure-skip-tls-verify is set in the kubeconfig: whoever is between the operator and the API server can read \
             every Secret; set certificate-authority instead"
        );
    }
    Ok(())
}

fn build(config: Config, metrics: &Arc<Metrics>) -> Result<Client, NoClient> {
    let builder = ClientBuilder::try_from(config).map_err(|error| {
        let why = match &error {
            kube::Error::Auth(error) => unreadable_credentials(error),
            kube::Error::RustlsTls(_) => "a certificate or key in it cannot be used".to_owned(),
            kube::Error::ProxyProtocolDisabled { .. } | kube::Error::ProxyProtocolUnsupported { .. } => {
                "its proxy-url is not supported".to_owned()
            }
            _ => "a client cannot be built from it".to_owned(),
        };
        NoClient::Configuration(format!("the configuration for the API server: {why}"))
    })?;
    Ok(builder.with_layer(&RequestCounts(Arc::clone(metrics))).build())
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
        Err(ClusterError::Forbidden { .. }) => Ok("unknown".to_owned()),
        Err(ClusterError::Unauthenticated) => Err(Trial::Hopeless(
            "does not accept the operator's credentials (401): renew the token or certificate they consist of",
        )),
        Err(error) if error.is_transient() => Err(Trial::Again(error)),
        Err(_) => Err(Trial::Hopeless(
            "does not answer /version as Kubernetes does: check its address",
        )),
    }
}

/// Scheme, host and port: what stands before an `@` is nobody's business.
fn server_of(config: &Config) -> String {
    let url = &config.cluster_url;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}",
        url.scheme_str().unwrap_or("https"),
        url.host().unwrap_or("?")
    )
}

fn is_absent(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// What is wrong with a kubeconfig; a parser's message may quote a token, so where it is wrong must do.
fn said(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => format!("cannot be read: {error}"),
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!("is not a kubeconfig in YAML (line {})", at.line()),
            None => "is not a kubeconfig in YAML".to_owned(),
        },
        KubeconfigError::ParseClusterUrl(_) => "the server of its cluster is not a URL".to_owned(),
        KubeconfigError::CurrentContextNotSet => "has no current-context".to_owned(),
        KubeconfigError::ParseCertificates(_) => "its certificate-authority is not in PEM format".to_owned(),
        other => other.to_string(),
    }
}

/// As [`said`]; an exec plug-in's error holds what the plug-in printed.
fn unreadable_credentials(error: &AuthError) -> String {
    match error {
        AuthError::ReadTokenFile(error, file) => format!("the token file {} cannot be read: {error}", file.display()),
        AuthError::AuthExecStart(error) => format!("its exec plug-in cannot be started: {error}"),
        AuthError::AuthExecRun { cmd, out } => format!("its exec plug-in {cmd} failed ({})", out.status),
        _ => "its credentials cannot be used".to_owned(),
    }
}
