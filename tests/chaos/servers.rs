//! Whom the credentials of all rounds log in to: real OAuth servers that the rounds share, and a simulator for each.

use std::{sync::Arc, time::Duration};

use testbed::{
    account::Account,
    certificates::Authority,
    oauth_servers::{Kind, OAuthServer},
    operator::Operator,
    operator_start::OperatorBuilder,
};

use crate::scene::Scene;

/// Who issues a credential's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Simulator,
    Real(Kind),
}

impl Backend {
    pub const ALL: [Self; 3] = [Self::Simulator, Self::Real(Kind::Django), Self::Real(Kind::Node)];

    pub fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Real(Kind::Django) => "django",
            Self::Real(Kind::Node) => "node",
        }
    }
}

/// What a server's own record says of one user.
#[derive(Clone, Debug, Default)]
pub struct Granted {
    pub logins: u64,
    pub refreshes: u64,
    pub refused: u64,
    /// When each of the logins was answered, in milliseconds by the server's own clock.
    pub login_times: Vec<u64>,
}

impl Granted {
    /// How often tokens were given.
    pub fn grants(&self) -> u64 {
        self.logins + self.refreshes
    }
}

/// The real servers, one of each kind for each life of tokens.
pub struct Servers {
    pub authority: Arc<Authority>,
    hour: [OAuthServer; 2],
    minute: [OAuthServer; 2],
}

/// Lives of tokens: TrackTik's, and the shortest that is renewed as usual, after half of it.
pub const HOUR: Duration = Duration::from_hours(1);
pub const MINUTE: Duration = Duration::from_mins(1);

impl Servers {
    pub async fn start() -> Self {
        testbed::install_tls_provider();
        let authority = Arc::new(Authority::new().unwrap());
        let pair = async |life: Duration| {
            let seconds = u32::try_from(life.as_secs()).unwrap();
            let [one, other] = Kind::ALL.map(|kind| OAuthServer::start(kind, &authority, seconds));
            <[OAuthServer; 2]>::from(tokio::try_join!(one, other).unwrap())
        };
        let (hour, minute) = (pair(HOUR).await, pair(MINUTE).await);
        Self {
            authority,
            hour,
            minute,
        }
    }

    /// The servers whose tokens live so long.
    fn of(&self, life: Duration) -> &[OAuthServer; 2] {
        if life == HOUR { &self.hour } else { &self.minute }
    }

    fn real(&self, kind: Kind, life: Duration) -> &OAuthServer {
        let [django, node] = self.of(life);
        match kind {
            Kind::Django => django,
            Kind::Node => node,
        }
    }

    /// Refresh tokens that came twice to any of the real servers.
    pub async fn repeated_refresh_tokens(&self) -> u64 {
        let mut repeated = 0;
        for server in self.hour.iter().chain(&self.minute) {
            repeated += server.counts().await.unwrap().repeated_refresh_tokens;
        }
        repeated
    }
}

/// The servers as one scene sees them.
#[derive(Clone, Copy)]
pub struct Endpoints<'a> {
    pub servers: &'a Servers,
    pub scene: &'a Scene,
    pub life: Duration,
}

impl Endpoints<'_> {
    /// Starts an operator that may log in to all of them.
    pub async fn start(&self, operator: OperatorBuilder) -> Operator {
        let domains = self.servers.of(self.life).iter().map(OAuthServer::domain);
        let operator = operator.args(domains.flat_map(|domain| ["--allowed-domain".to_owned(), domain]));
        operator.start(self.scene.plane).await.unwrap()
    }

    pub fn domain(&self, backend: Backend) -> String {
        match backend {
            Backend::Simulator => self.scene.simulator.domain(),
            Backend::Real(kind) => self.servers.real(kind, self.life).domain(),
        }
    }

    pub async fn add_account(&self, backend: Backend, account: Account) {
        match backend {
            Backend::Simulator => self.scene.simulator.add_account(account),
            Backend::Real(kind) => self.servers.real(kind, self.life).add_account(&account).await.unwrap(),
        }
    }

    /// Whose token this is, if its server takes it.
    pub async fn owner_of(&self, backend: Backend, token: &str) -> Option<String> {
        match backend {
            Backend::Simulator if self.scene.simulator.valid(token) => self.scene.simulator.owner_of(token),
            Backend::Simulator => None,
            Backend::Real(kind) => self.servers.real(kind, self.life).whoami(token).await.unwrap(),
        }
    }

    /// Every token of a user that the cluster may not tell of. A simulator tells of all by itself.
    pub async fn tokens_of(&self, backend: Backend, username: &str) -> Vec<String> {
        match backend {
            Backend::Simulator => Vec::new(),
            Backend::Real(kind) => {
                let tokens = self.servers.real(kind, self.life).granted(username).await.unwrap();
                let grants = self.granted_to(backend, username).await.grants();
                assert_eq!(
                    tokens.len() as u64,
                    2 * grants,
                    "an access token and a refresh token of each grant"
                );
                tokens
            }
        }
    }

    pub async fn granted_to(&self, backend: Backend, username: &str) -> Granted {
        match backend {
            Backend::Simulator => {
                let mut counts = self.scene.simulator.counts();
                let user = counts.by_username.remove(username).unwrap_or_default();
                Granted {
                    logins: user.logins,
                    refreshes: user.refreshes,
                    refused: user.refused,
                    login_times: user.login_times,
                }
            }
            Backend::Real(kind) => {
                let mut counts = self.servers.real(kind, self.life).counts().await.unwrap();
                let user = counts.by_username.remove(username).unwrap_or_default();
                Granted {
                    logins: user.logins,
                    refreshes: user.refreshes,
                    refused: user.refused,
                    login_times: user.login_times,
                }
            }
        }
    }
}
