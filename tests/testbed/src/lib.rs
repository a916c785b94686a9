//! The bench that the operator is proved on. Nothing here knows the operator's code: it starts real
//! servers, and the operator as the process that ships.
//!
//! - [`supervised`]: child processes that cannot outlive the process that started them.
//! - [`transcript`]: what such a process wrote, line by line.
//! - [`control_plane`]: etcd, kube-apiserver and kube-controller-manager, and clients for them.
//! - [`audit_log`]: every request that the API server answered.
//! - [`manifests`]: the CRD and the operator's rights, as an administrator applies them.
//! - [`certificates`]: a test CA and server certificates signed by it.
//! - [`account`]: what an integrator logs in with, at the simulator or at a real server.
//! - [`simulator`]: TrackTik as its public facts describe it (league/oauth2-server 8).
//! - [`oauth_servers`]: real OAuth 2 servers that none of us wrote.
//! - [`operator`]: the operator under test, authenticated as its own `ServiceAccount`.
//! - [`operator_start`]: with which flags, in which environment and as whom it is started.
//! - [`gitops_tools`]: what kstatus and Argo CD make of an object.
//! - [`promtool`]: what Prometheus says of metrics and rules.
//! - [`promql`]: which metrics a rule or a dashboard asks for.
//! - [`demo`]: the story that `make demo` tells with all of these.

pub mod account;
pub mod audit_log;
pub mod certificates;
pub mod control_plane;
pub mod demo;
pub mod gitops_tools;
mod identities;
pub mod manifests;
pub mod oauth_servers;
pub mod operator;
pub mod operator_start;
pub mod promql;
pub mod promtool;
pub mod simulator;
pub mod supervised;
pub mod transcript;

use std::path::Path;

/// Makes ring the process's TLS provider. Whoever comes first decides, and everyone here decides the
/// same, so that a second call is no error.
pub fn install_tls_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The root of this repository.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
