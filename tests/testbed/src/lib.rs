//! The bench that the operator is proved on. Nothing here knows the operator's code: it starts real
//! servers, and the operator as the process that ships.
//!
//! - [`supervised`]: child processes that cannot outlive the process that started them.
//! - [`control_plane`]: etcd, kube-apiserver and kube-controller-manager, and clients for them.
//! - [`certificates`]: a test CA and server certificates signed by it.
//! - [`simulator`]: TrackTik as its public facts describe it (league/oauth2-server 8).
//! - [`oauth_servers`]: real OAuth 2 servers that none of us wrote.
//! - [`operator`]: the operator under test, authenticated as its own ServiceAccount.
