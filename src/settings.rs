//! The settings: flags and their environment twins become one validated [`Settings`]. Nothing else reads the
//! environment; what stands in here is all that an administrator can set.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::ValueEnum;

use tracing_subscriber::EnvFilter;

use crate::command_line::{self, Command, RunFlags};
use crate::oauth::{AllowedDomains, endpoint::check_ca_bundle};
use crate::rotation::gate::Limits;

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Run the operator.
    Run(Box<Settings>),
    /// Print the `CustomResourceDefinition`.
    Crd,
}

/// Why nothing is run.
#[derive(Debug, PartialEq, Eq)]
pub enum NotRun {
    /// Help or the version was asked for: this text.
    Asked(String),
    /// The command line or the environment is wrong: what is wrong with it, in one line.
    Mistake(String),
}

/// Everything that an administrator has set, valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The kubeconfig to use; `None` for the usual discovery (`KUBECONFIG`, `~/.kube/config`, the pod's own account).
    pub kubeconfig: Option<PathBuf>,
    /// The namespaces to look at, sorted and each once; empty means all.
    pub namespaces: Vec<String>,
    /// The labels of the credentials to look after, as the API server takes it; `None` for all.
    pub selector: Option<String>,
    /// How the leader is elected; `None` for a process that is the only one.
    pub election: Option<ElectionSettings>,
    /// The hosts that credentials may name, as they were written: exact hosts, `host:port`, or `*.` and a suffix.
    pub allowed_domains: Vec<String>,
    /// Certificate authorities to trust for the token endpoint, beside those of the system.
    pub ca_bundle: Option<Vec<u8>>,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which log lines are written: directives that [`EnvFilter`] takes.
    pub log_level: String,
    /// The longest that connecting to the token endpoint may take, TLS included.
    pub connect_timeout: Duration,
    /// The longest that a token request may take as a whole; never shorter than `connect_timeout`.
    pub request_timeout: Duration,
    /// How many token requests there may be at a time.
    pub login_limits: Limits,
    /// How long the start waits for an API server that does not answer.
    pub api_server_patience: Duration,
}

/// The Lease by which the leader is elected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionSettings {
    /// Its name.
    pub lease_name: String,
    /// Its namespace; `None` for the pod's own, or that of the kubeconfig's context.
    pub lease_namespace: Option<String>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// What `arguments` ask for, the name of the program first; what they do not say is taken from the environment.
///
/// # Errors
/// [`NotRun`]: help was asked for, or something is wrong.
pub fn parse(arguments: impl IntoIterator<Item: Into<OsString> + Clone>) -> Result<Request, NotRun> {
    match command_line::read(arguments)? {
        Command::Crd => Ok(Request::Crd),
        Command::Run(flags) => validated(*flags).map(|settings| Request::Run(Box::new(settings))),
    }
}

fn validated(flags: RunFlags) -> Result<Settings, NotRun> {
    if flags.connect_timeout_seconds > flags.request_timeout_seconds {
        return Err(NotRun::Mistake(
            "--connect-timeout-seconds must not be greater than --request-timeout-seconds, which it is a part of"
                .to_owned(),
        ));
    }
    AllowedDomains::parse(&flags.allowed_domains)
        .map_err(|error| NotRun::Mistake(format!("--allowed-domain: {error}")))?;
    Ok(Settings {
        kubeconfig: flags.kubeconfig,
        namespaces: flags
            .namespaces
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        selector: flags.selector,
        election: flags.leader_elect.then_some(ElectionSettings {
            lease_name: flags.lease_name,
            lease_namespace: flags.lease_namespace,
        }),
        allowed_domains: flags.allowed_domains,
        ca_bundle: flags.ca_bundle.as_deref().map(ca_bundle).transpose()?,
        listen: flags.listen,
        log_format: flags.log_format,
        log_level: flags.log_level,
        connect_timeout: Duration::from_secs(flags.connect_timeout_seconds),
        request_timeout: Duration::from_secs(flags.request_timeout_seconds),
        login_limits: Limits {
            budget: usize::from(flags.login_budget),
            ..Limits::default()
        },
        api_server_patience: Duration::from_secs(flags.api_server_patience_seconds),
    })
}

/// An empty name is refused too: an empty variable must not widen one namespace to all.
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    named(text, is_label(text)).ok_or_else(|| {
        "not the name of a namespace: 1 to 63 lower-case letters, digits and '-'; leave it unset for all".to_owned()
    })
}

pub(crate) fn lease_namespace(text: &str) -> Result<String, String> {
    named(text, is_label(text)).ok_or_else(|| {
        "not the name of a namespace: 1 to 63 lower-case letters, digits and '-'; leave it unset for the pod's own"
            .to_owned()
    })
}

/// The API server would refuse another one at each attempt, with nobody leading meanwhile.
pub(crate) fn lease_name(text: &str) -> Result<String, String> {
    named(text, text.len() <= 253 && text.split('.').all(is_inner)).ok_or_else(|| {
        "not the name of a Lease: up to 253 lower-case letters, digits, '-' and '.', with a letter or digit at both ends \
         of each part"
            .to_owned()
    })
}

fn named(text: &str, valid: bool) -> Option<String> {
    valid.then(|| text.to_owned())
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_inner(text)
}

/// Lower-case letters, digits and dashes, the latter not at an end.
fn is_inner(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(|c| inner(c) || c == '-') && text.starts_with(inner) && text.ends_with(inner)
}

pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "not an IP address and a port; write for example 0.0.0.0:8080 or [::]:8080".to_owned())
}

pub(crate) fn log_level(text: &str) -> Result<String, String> {
    // A filter takes any word for a module to be traced, so that a misspelt level would silence all others.
    let is_level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word);
    let spelt = text.contains('[') || text.split(',').all(|part| part.contains('=') || is_level(part.trim()));
    match EnvFilter::builder().parse(text) {
        Ok(_) if spelt => Ok(text.to_owned()),
        _ => {
            Err("not a level; write error, warn, info, debug, trace or off, or warn,tracktik_operator=debug".to_owned())
        }
    }
}

fn ca_bundle(file: &Path) -> Result<Vec<u8>, NotRun> {
    let because = |why: String| NotRun::Mistake(format!("--ca-bundle: {}: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|error| because(format!("cannot be read: {error}")))?;
    check_ca_bundle(&pem).map_err(|error| because(error.to_string()))?;
    Ok(pem)
}
