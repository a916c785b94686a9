//! TrackTik with many tenants, each a host of its own: accounts, sessions and the ban are those of the bench's simulator;
//! what the weather is like on each host is said here, and what others do behind the operator's address.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use testbed::simulator::{
    Account, Counts, TokenRequest,
    world::{Reply, Rules, World as Simulated},
};
use tracktik_operator::{
    api::Grant,
    clock::{Instant, monotonic},
    oauth::{GrantRequest, TokenEndpoint, TokenRequestFailure},
    secrets::sensitive::{Sensitive, ServiceAccount, Tokens},
};

use super::{
    figures::InTwoMinutes,
    residents::account,
    weather::{Outcome, Weather},
};

/// The cluster's.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// For so long TrackTik bans an address.
pub const BANNED: Duration = Duration::from_hours(2);

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub at: Instant,
    pub username: String,
    pub how: Grant,
    /// Whether TrackTik granted tokens, be it that they were lost on the way.
    pub granted: bool,
    /// Whether TrackTik refused what was sent.
    pub refused: bool,
    /// The session whose access token it revoked.
    pub revoked: Option<u64>,
}

/// What TrackTik knows of an access token that it granted.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Its number.
    pub serial: u64,
    pub granted: Instant,
    pub revoked: Option<Instant>,
}

pub struct Tenants {
    began: Instant,
    state: Mutex<State>,
}

struct State {
    simulated: Simulated,
    weather: HashMap<String, Weather>,
    arrivals: Vec<Arrival>,
    sessions: Vec<Session>,
    refresh_tokens: HashSet<u64>,
    /// Requests of the operator's that were heard and gave no token, whatever TrackTik makes of them.
    fruitless: InTwoMinutes,
    /// Those of them that TrackTik counts as failed logins.
    failed: InTwoMinutes,
    /// Bans that others brought about.
    bans: u64,
    /// Of each host since the latest ban began, or the operator if later: requests that were answered by the ban.
    asked_while_banned: HashMap<String, usize>,
    most_asked_while_banned: usize,
    wrong: Vec<String>,
}

impl Tenants {
    pub fn new() -> Self {
        let state = State {
            simulated: Simulated::new(Rules::default()),
            weather: HashMap::new(),
            arrivals: Vec::new(),
            sessions: Vec::new(),
            refresh_tokens: HashSet::new(),
            fruitless: InTwoMinutes::default(),
            failed: InTwoMinutes::default(),
            bans: 0,
            asked_while_banned: HashMap::new(),
            most_asked_while_banned: 0,
            wrong: Vec::new(),
        };
        Self {
            began: monotonic(),
            state: Mutex::new(state),
        }
    }

    /// From now on this account may log in with these values, and with no other.
    pub fn admit(&self, account: &Account) {
        self.with(|state| state.simulated.add_account(account.clone()));
    }

    /// From now on.
    pub fn weather(&self, host: &str, weather: Weather) {
        self.with(|state| state.weather.insert(host.to_owned(), weather));
    }

    /// Another client behind the operator's address fails until the address is banned, which is for two hours. Where the
    /// operator has failed within the last two minutes, that takes fewer than forty.
    pub fn ban(&self) {
        let now = monotonic() - self.began;
        let somebody_elses = TokenRequest::login(&account("somebody else"));
        self.with(|state| {
            state.bans += 1;
            state.asked_while_banned.clear();
            let mut tries = 0..100;
            let mut is_banned = || state.simulated.token_request(now, ADDRESS, &somebody_elses) == Reply::Blocked {};
            assert!(
                tries.any(|_| is_banned()),
                "a hundred failed logins do not end in a ban"
            );
        });
    }

    /// An operator that knows nothing of what was answered to the one before.
    pub fn another_operator(&self) {
        self.with(|state| state.asked_while_banned.clear());
    }

    /// How many bans others brought about, and how many there were.
    pub fn bans(&self) -> (u64, u64) {
        self.with(|state| (state.bans, state.simulated.bans()))
    }

    /// The most requests to one host that one operator sent in one ban, and that were answered by it.
    pub fn most_asked_while_banned(&self) -> usize {
        self.with(|state| state.most_asked_while_banned)
    }

    /// Requests that arrived since this was asked last.
    pub fn take_arrivals(&self) -> Vec<Arrival> {
        self.with(|state| std::mem::take(&mut state.arrivals))
    }

    /// The session of this access token.
    pub fn session(&self, access_token: &str) -> Session {
        let serial = usize::try_from(serial(access_token)).unwrap();
        self.with(|state| state.sessions[serial])
    }

    /// Whom this access token lets in now, if anybody.
    pub fn lets_in(&self, access_token: &str) -> Option<String> {
        let now = monotonic() - self.began;
        self.with(|state| state.simulated.whoami(now, access_token))
    }

    /// What TrackTik counted.
    pub fn counts(&self) -> Counts {
        self.with(|state| state.simulated.counts())
    }

    /// The operator's most requests in any two minutes that were heard and gave no token, whatever TrackTik makes of them.
    pub fn worst_fruitless(&self) -> usize {
        self.with(|state| state.fruitless.worst())
    }

    /// The operator's most failed logins in any two minutes, as TrackTik counts them.
    pub fn worst_failed(&self) -> usize {
        self.with(|state| state.failed.worst())
    }

    /// What the operator must never do, and did.
    pub fn wrong(&self) -> Vec<String> {
        self.with(|state| state.wrong.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that happens to TrackTik happens when the request arrives.
    fn arrives(&self, host: &str, grant: &GrantRequest<'_>) -> Outcome {
        let (asked, now) = (asked(grant), monotonic() - self.began);
        self.with(|state| {
            let weather = state.weather.get(host).copied().unwrap_or_default();
            if let Some(token) = asked.get("refresh_token")
                && !state.refresh_tokens.insert(serial(token))
            {
                state.wrong.push(format!("a refresh token was sent twice to {host}"));
            }
            if !weather.hears() {
                return weather.outcome(None, grant.grant());
            }
            let username = state.simulated.username_of(&asked).unwrap_or_default().to_owned();
            let admitted = state.simulated.admits(now, ADDRESS, &asked);
            let reply = match (admitted, weather.acts()) {
                (false, _) => Some(Reply::Blocked),
                (true, true) => Some(state.simulated.admitted(now, ADDRESS, &asked)),
                (true, false) => None,
            };
            let granted = matches!(reply, Some(Reply::Granted(_)));
            let renewed = asked.get("refresh_token").filter(|_| granted);
            state.arrivals.push(Arrival {
                at: monotonic(),
                username,
                how: grant.grant(),
                granted,
                refused: matches!(reply, Some(Reply::Refused(_))),
                revoked: renewed.map(serial),
            });
            if granted {
                state.granted(renewed.map(serial));
            }
            if matches!(&reply, Some(Reply::Refused(refusal)) if refusal.is_failed_authentication()) {
                state.failed.add(monotonic());
            }
            let outcome = weather.outcome(reply, grant.grant());
            if outcome.1.is_err() {
                state.fruitless.add(monotonic());
            }
            if !admitted && matches!(outcome.1, Err(TokenRequestFailure::Firewall)) {
                state.asked_while_banned(host);
            }
            outcome
        })
    }
}

impl State {
    /// By a refresh of this session, if by one: its access token is revoked before there is another.
    fn granted(&mut self, refreshed: Option<u64>) {
        if let Some(serial) = refreshed {
            self.sessions[usize::try_from(serial).unwrap()].revoked = Some(monotonic());
        }
        self.sessions.push(Session {
            serial: self.sessions.len() as u64,
            granted: monotonic(),
            revoked: None,
        });
    }

    fn asked_while_banned(&mut self, host: &str) {
        let asked = self.asked_while_banned.entry(host.to_owned()).or_default();
        *asked += 1;
        self.most_asked_while_banned = self.most_asked_while_banned.max(*asked);
    }
}

/// Both kinds of token end in the number of their session.
fn serial(token: &str) -> u64 {
    u64::from_str_radix(&token[token.len() - 16..], 16).unwrap()
}

fn asked(grant: &GrantRequest<'_>) -> TokenRequest {
    let of = |client_id: &Sensitive, client_secret: &Sensitive, username: &str, password: &str| Account {
        client_id: client_id.expose().to_owned(),
        client_secret: client_secret.expose().to_owned(),
        username: username.to_owned(),
        password: password.to_owned(),
    };
    match grant {
        GrantRequest::Password(ServiceAccount {
            client_id,
            client_secret,
            username,
            password,
        }) => TokenRequest::login(&of(client_id, client_secret, username.expose(), password.expose())),
        GrantRequest::Refresh {
            client_id,
            client_secret,
            refresh_token,
        } => TokenRequest::refresh(&of(client_id, client_secret, "", ""), refresh_token.expose()),
    }
}

impl TokenEndpoint for Tenants {
    fn request_token<'a>(
        &'a self,
        domain: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        let (after, answer) = self.arrives(domain, &grant);
        Box::pin(async move {
            tokio::time::sleep(after).await;
            answer
        })
    }
}
