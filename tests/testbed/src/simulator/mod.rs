//! A simulator of TrackTik: its token endpoint as league/oauth2-server 8 answers, the ban of
//! addresses in front of it, a resource API to try tokens on, and faults on command.
//!
//! ```text
//! client ══TLS══► tls_listener ► wire ► token_endpoint ─┬─► faults      pure: what goes wrong, for whom
//!                                 │                     ├─► world       pure: accounts, sessions, ban, counts
//!                                 │                     └─► answers     right and broken bytes
//!                                 └───► reader_api ───────► world
//! script ────HTTP──► control ─► the same state             Simulator (this file): a test's handle to it
//! ```
//!
//! [`world::World`] takes `now` as an argument and holds every rule, so a simulation in virtual time
//! needs nothing else; around it a [`Simulator`] asks a [`Clock`].

mod accounts;
mod address_ban;
mod answers;
mod certificate;
mod control;
mod counts;
mod faults;
mod reader_api;
mod refusal;
mod sessions;
mod shared;
mod tls_listener;
mod token_endpoint;
mod token_request;
mod tokens;
mod wire;
pub mod world;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub use address_ban::BanRule;
pub use certificate::Certificate;
pub use counts::{Counts, ReaderCounts, UserCounts};
pub use faults::{Dialect, Fault, PlannedFault, RetryAfter, Target};
pub use reader_api::{READER, WHOAMI_PATH};
pub use refusal::Refusal;
pub use sessions::Granted;
pub use shared::Clock;
pub use token_endpoint::TOKEN_PATH;
pub use token_request::TokenRequest;
pub use tokens::PERSONAL_NAME;

pub use crate::account::Account;

use shared::Shared;
use tls_listener::TlsListener;
use wire::Peer;
use world::{Rules, World};

/// How a simulator is started.
#[derive(Clone)]
pub struct SimulatorConfig {
    /// What it shows to clients.
    pub certificate: Certificate,
    /// Address to listen on; loopback but for a simulator that is a pod.
    pub address: IpAddr,
    /// Port there; 0 takes a free one.
    pub port: u16,
    /// On how many addresses it serves, from 127.0.0.1 on, all with this port: each is a host of its own to a client.
    pub hosts: u8,
    /// Lives of tokens, the ban, the seed of tokens.
    pub rules: Rules,
    /// Where its time comes from.
    pub clock: Clock,
}

impl SimulatorConfig {
    /// TrackTik's own values with this certificate, on a free port, in real time, with tokens that no
    /// other simulator hands out.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new(certificate: Certificate) -> Result<Self, StartError> {
        let seed = getrandom::u64().map_err(|_| StartError::NoRandomness)?;
        let rules = Rules {
            seed,
            ..Rules::default()
        };
        Ok(Self {
            certificate,
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            hosts: 1,
            rules,
            clock: Clock::real(),
        })
    }
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificate chain is no PEM.
    #[error("the certificate chain is not readable as PEM")]
    CertificateUnreadable,
    /// The private key is no PEM.
    #[error("the private key is not readable as PEM")]
    KeyUnreadable,
    /// Certificate and key are no pair, or of an unknown kind.
    #[error("certificate and key cannot serve TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The port is taken.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The system has no randomness to give.
    #[error("no randomness from the system")]
    NoRandomness,
}

/// A running simulator. Dropping it closes its listeners and every connection.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Its end is what connections wait for.
    _stop: watch::Sender<()>,
    /// The listeners, aborted when dropped.
    serving: JoinSet<()>,
}

impl Simulator {
    /// Starts to serve.
    ///
    /// # Errors
    /// An unusable certificate or a port that is taken.
    pub async fn start(config: SimulatorConfig) -> Result<Self, StartError> {
        let tls = config.certificate.acceptor()?;
        let shared = Arc::new(Shared::new(World::new(config.rules), config.clock));
        let tcp = TcpListener::bind((config.address, config.port)).await?;
        let address = tcp.local_addr()?;
        let mut listening = vec![tcp];
        for host in 2..=config.hosts {
            listening.push(TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), address.port())).await?);
        }
        let (stop, stopped) = watch::channel(());
        let mut serving = JoinSet::new();
        let router = Router::new()
            .route(TOKEN_PATH, post(token_endpoint::answer))
            .route(WHOAMI_PATH, get(reader_api::whoami))
            .fallback(reader_api::stray)
            .method_not_allowed_fallback(reader_api::stray)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Peer>();
        for tcp in listening {
            let listener = TlsListener::new(tcp, tls.clone(), Arc::clone(&shared), stopped.clone(), &mut serving)?;
            let router = router.clone();
            // Serving ends only by abortion: the listener never reports an error.
            serving.spawn(async move { drop(axum::serve(listener, router).await) });
        }
        Ok(Self {
            shared,
            address,
            _stop: stop,
            serving,
        })
    }

    /// Opens the control listener, plain HTTP at the simulator's address, and tells its port, which is free with 0.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn listen_for_control(&mut self, port: u16) -> Result<u16, StartError> {
        let tcp = TcpListener::bind((self.address.ip(), port)).await?;
        let port = tcp.local_addr()?.port();
        let router = control::router(Arc::clone(&self.shared));
        self.serving.spawn(async move { drop(axum::serve(tcp, router).await) });
        Ok(port)
    }

    /// Like a drop, but when it returns the port is free for another.
    pub async fn stop(mut self) {
        self.serving.shutdown().await;
    }

    /// What stands for `<domain>` in a credential: `127.0.0.1:PORT`.
    #[must_use]
    pub fn domain(&self) -> String {
        self.address.to_string()
    }

    /// The port on 127.0.0.1, for those who connect by another name.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds an account; a client or employee already known gets the new secret or password.
    pub fn add_account(&self, account: Account) {
        self.shared.state().world.add_account(account);
    }

    /// Replaces a password; `false` if nobody has this user name.
    #[must_use = "a name that nobody has is a mistake of the test"]
    pub fn change_password(&self, username: &str, password: &str) -> bool {
        self.shared.state().world.change_password(username, password)
    }

    /// Ends every session of a user, as an administrator who logs somebody out everywhere: tokens and refresh tokens.
    pub fn end_sessions(&self, username: &str) {
        self.shared.state().world.sessions.end_all_of(username);
    }

    /// Plans a fault after those already planned, for so many requests or, with `None`, until cleared.
    pub fn set_fault(&self, target: Target, fault: Fault, times: Option<u32>) {
        let planned = PlannedFault { target, fault, times };
        self.shared.state().faults.plan(planned);
    }

    /// Ends every fault; requests that already met one are not released.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.state().world.counts()
    }

    /// Whose access token this is, alive or not.
    #[must_use]
    pub fn owner_of(&self, access_token: &str) -> Option<String> {
        let state = self.shared.state();
        state.world.owner_of(access_token).map(str::to_owned)
    }

    /// Is this access token neither expired nor revoked?
    #[must_use]
    pub fn valid(&self, access_token: &str) -> bool {
        let now = self.shared.now();
        self.shared.state().world.valid(now, access_token)
    }

    /// Every text that must appear in no log, event or status: client secrets, passwords, tokens.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.shared.state().world.secrets()
    }
}
