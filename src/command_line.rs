//! The command line: its flags, their variables and the texts of `--help`. What the values must be, and what becomes of
//! them, is in [`crate::settings`].

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{
    ArgAction, Args, CommandFactory, Parser, Subcommand,
    builder::RangedU64ValueParser,
    error::{ContextValue, ErrorKind},
};

use crate::{
    label_selector,
    settings::{self, LogFormat, NotRun},
};

/// Keeps `TrackTik` API tokens fresh in Kubernetes Secrets.
#[derive(Parser)]
#[command(
    name = "tracktik-operator",
    version,
    about = "Keeps TrackTik API tokens fresh in Kubernetes Secrets.",
    arg_required_else_help = false
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the operator
    #[command(after_help = "Every flag may be given in the environment instead; a flag wins over its variable.")]
    Run(Box<RunFlags>),
    /// Print the CustomResourceDefinition as YAML, to be applied before the operator is started
    #[expect(clippy::doc_markdown, reason = "clap prints this as it stands")]
    Crd,
}

// The texts below are what `--help` prints, line by line.
#[derive(Args)]
pub(crate) struct RunFlags {
    /// Kubeconfig to use. Without it: the files that KUBECONFIG names, then ~/.kube/config,
    /// then the service account of the pod.
    #[arg(
        long,
        value_name = "FILE",
        env = "TRACKTIK_OPERATOR_KUBECONFIG",
        verbatim_doc_comment
    )]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Namespace to look at; repeat the flag or separate names by commas. Without it: all namespaces,
    /// for which the operator needs cluster-wide access to Secrets.
    #[arg(
        long = "namespace",
        value_name = "NAME",
        env = "TRACKTIK_OPERATOR_NAMESPACE",
        verbatim_doc_comment
    )]
    #[arg(value_delimiter = ',', value_parser = settings::namespace)]
    pub(crate) namespaces: Vec<String>,

    /// Look after those credentials only whose labels this selector matches, such as `team=a` or `team in (a,b)`.
    /// Several operators may share a cluster so; where they share a namespace of their own, each needs a
    /// --lease-name of its own, and no credential may be matched by two.
    #[arg(
        long,
        value_name = "SELECTOR",
        env = "TRACKTIK_OPERATOR_SELECTOR",
        verbatim_doc_comment
    )]
    #[arg(value_parser = label_selector::checked)]
    pub(crate) selector: Option<String>,

    /// Whether to act only as the leader that the replicas elect, by a Lease. false is for a process that is the
    /// only one.
    #[arg(
        long,
        value_name = "BOOL",
        env = "TRACKTIK_OPERATOR_LEADER_ELECT",
        default_value = "true"
    )]
    #[arg(action = ArgAction::Set, hide_possible_values = true, verbatim_doc_comment)]
    pub(crate) leader_elect: bool,

    /// Name of that Lease. Operators that share the work by --selector or --namespace, and are no replicas of each
    /// other, need one each; the right to get, watch and update it goes by its name.
    #[arg(
        long,
        value_name = "NAME",
        env = "TRACKTIK_OPERATOR_LEASE_NAME",
        default_value = "tracktik-operator"
    )]
    #[arg(value_parser = settings::lease_name, verbatim_doc_comment)]
    pub(crate) lease_name: String,

    /// Namespace of that Lease. Without it: the pod's own, or that of the kubeconfig's context.
    #[arg(
        long,
        value_name = "NAME",
        env = "TRACKTIK_OPERATOR_LEASE_NAMESPACE",
        verbatim_doc_comment
    )]
    #[arg(value_parser = settings::lease_namespace)]
    pub(crate) lease_namespace: Option<String>,

    /// Host that credentials may send their password to; repeat the flag or separate hosts by commas.
    /// `*.example.com` covers every host below example.com, on port 443 only. An IP address, and a host with
    /// a port, must be listed exactly. Setting it replaces the defaults.
    #[arg(
        long = "allowed-domain",
        value_name = "HOST",
        env = "TRACKTIK_OPERATOR_ALLOWED_DOMAIN"
    )]
    // Read after clap, which quotes what it refuses, as it does the variable's value in `--help`: somebody may have put a
    // whole URL in it, with a password.
    #[arg(value_delimiter = ',', hide_env_values = true, verbatim_doc_comment)]
    #[arg(default_values = ["*.staffr.net", "*.staffr.us", "*.staffr.ca"])]
    pub(crate) allowed_domains: Vec<String>,

    /// PEM file with certificate authorities to trust for the token endpoint, beside those of the system.
    /// Read once, at start.
    #[arg(long, value_name = "FILE", env = "TRACKTIK_OPERATOR_CA_BUNDLE", verbatim_doc_comment)]
    pub(crate) ca_bundle: Option<PathBuf>,

    /// Token requests that may be under way or have failed within the last minutes, in all. TrackTik blocks an
    /// address for two hours after 40 failed logins in two minutes, and twice this number must stay below 40.
    /// Two operators behind one address take 9 each; 1 to 18.
    #[arg(long, value_name = "N", env = "TRACKTIK_OPERATOR_LOGIN_BUDGET", default_value = "18")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=18), verbatim_doc_comment)]
    pub(crate) login_budget: u8,

    /// Address and port to serve /livez, /readyz and /metrics on, over plain HTTP.
    #[arg(
        long,
        value_name = "ADDR",
        env = "TRACKTIK_OPERATOR_LISTEN",
        default_value = "0.0.0.0:8080"
    )]
    #[arg(value_parser = settings::listen, verbatim_doc_comment)]
    pub(crate) listen: SocketAddr,

    /// How log lines are written to stderr.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        env = "TRACKTIK_OPERATOR_LOG_FORMAT",
        default_value = "json"
    )]
    pub(crate) log_format: LogFormat,

    /// Which log lines are written: error, warn, info, debug, trace or off, or directives such as
    /// `warn,tracktik_operator=debug`. More than info is only ever written of the operator's own modules:
    /// below that, the libraries for HTTP, TLS and Kubernetes print headers and bodies, which hold secrets.
    #[arg(
        long,
        value_name = "LEVEL",
        env = "TRACKTIK_OPERATOR_LOG_LEVEL",
        default_value = "info"
    )]
    #[arg(value_parser = settings::log_level, verbatim_doc_comment)]
    pub(crate) log_level: String,

    /// Seconds that connecting to the token endpoint may take, TLS included; 1 to 60.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "TRACKTIK_OPERATOR_CONNECT_TIMEOUT_SECONDS",
        default_value = "5"
    )]
    #[arg(value_parser = seconds(1, 60))]
    pub(crate) connect_timeout_seconds: u64,

    /// Seconds that a token request may take as a whole; 1 to 60. TrackTik itself gives up after 30.
    /// Each second above 40 is one less by which the clocks of two nodes may differ: 24 s with 40, 4 s with 60.
    /// The end of the process waits for 20 s more than this; the pod's terminationGracePeriodSeconds has to be 35 s
    /// more (75 ships).
    #[arg(
        long,
        value_name = "SECONDS",
        env = "TRACKTIK_OPERATOR_REQUEST_TIMEOUT_SECONDS",
        default_value = "40"
    )]
    // No more than a minute: the login budget counts on a request being over before its place is free again.
    #[arg(value_parser = seconds(1, 60), verbatim_doc_comment)]
    pub(crate) request_timeout_seconds: u64,

    /// Seconds that the start waits for an API server that does not answer. For tests.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "TRACKTIK_OPERATOR_API_SERVER_PATIENCE_SECONDS",
        default_value = "60"
    )]
    #[arg(value_parser = seconds(0, 3_600), hide = true)]
    pub(crate) api_server_patience_seconds: u64,
}

/// The command that `arguments` and the environment give.
pub(crate) fn read(arguments: impl IntoIterator<Item: Into<OsString> + Clone>) -> Result<Command, NotRun> {
    let line = CommandLine::try_parse_from(arguments).map_err(|error| not_run(&error))?;
    Ok(line.command)
}

/// The command line as clap knows it, for references and tests.
#[must_use]
pub fn definition() -> clap::Command {
    CommandLine::command()
}

fn seconds(least: u64, most: u64) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(least..=most)
}

/// clap's message in one line, so that it survives a log collector that splits lines.
fn not_run(error: &clap::Error) -> NotRun {
    let mut text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return NotRun::Asked(text);
    }
    for (_, given) in error.context() {
        // A URL may hold a user and a password.
        if let ContextValue::String(given) = given
            && given.contains(['@', '/'])
        {
            text = text.replace(given.as_str(), "<removed>");
        }
    }
    let lines = text.lines().map(str::trim);
    let told = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let line = told
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" tip: ", "; ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    // A value that is wrong is one of `run`; of anything else clap tells the command.
    let usage = text
        .lines()
        .find_map(|line| line.strip_prefix("Usage: tracktik-operator "));
    let of = match usage.and_then(|usage| usage.split_whitespace().next()) {
        Some("<COMMAND>" | "[OPTIONS]") => "",
        Some("crd") => "crd ",
        _ => "run ",
    };
    NotRun::Mistake(format!("{line}; see tracktik-operator {of}--help"))
}
