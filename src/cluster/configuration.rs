//! The configuration for the API server: where it is, and who we are to it.

use std::{net::IpAddr, path::Path};

use http::{HeaderValue, header::USER_AGENT};
use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::client::NoClient;
use crate::api::annotations::AGENT;

/// Where the API server is and who we are to it: the file that was named, else the usual places; and of these the context
/// that was named, else the current one.
///
/// Not `Config::infer`, which takes a broken kubeconfig for none and then speaks of something else, and which lets the
/// environment say who to impersonate.
///
/// `remedy` is what to do where there is none, which is not the same for the operator as for a person.
///
/// # Errors
/// [`NoClient::Configuration`], where there is none or it is wrong.
pub async fn configuration(kubeconfig: Option<&Path>, context: Option<&str>, remedy: &str) -> Result<Config, NoClient> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
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
                     of the pod ({in_cluster}); {remedy}"
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
    let wanted = options.context.as_ref().or(read.current_context.as_ref());
    let context = read.contexts.iter().find(|named| Some(&named.name) == wanted);
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
///
/// # Errors
/// [`NoClient::Configuration`] for a server that would be asked in clear.
pub fn check_verified(config: &Config, server: &str) -> Result<(), NoClient> {
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

/// Scheme, host and port: what stands before an `@` is nobody's business.
pub fn server_of(config: &Config) -> String {
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
