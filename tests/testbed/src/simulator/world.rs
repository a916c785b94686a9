//! TrackTik as a state machine: accounts, sessions, the ban, the counts. Pure: no HTTP, no clock, no
//! lock; `now` is an argument, counted from any epoch, so weeks of rotation can pass in a test.

use std::{net::IpAddr, time::Duration};

use super::{
    accounts::Accounts,
    address_ban::{AddressBan, BanRule},
    counts::{Counts, UserCounts},
    refusal::Refusal,
    sessions::{Granted, Sessions, Unusable},
    token_request::TokenRequest,
};
use crate::account::Account;

/// What a tenant of TrackTik would have configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Life of an access token; TrackTik's is one hour.
    pub access_token_life: Duration,
    /// Life of a refresh token, which clients are not told; league's default is a month.
    pub refresh_token_life: Duration,
    /// The ban of addresses; `None` switches it off.
    pub ban: Option<BanRule>,
    /// What tokens are derived from: equal seeds hand out equal tokens.
    pub seed: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            access_token_life: Duration::from_hours(1),
            refresh_token_life: Duration::from_hours(30 * 24),
            ban: Some(BanRule::default()),
            seed: 0,
        }
    }
}

/// The answer to a token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Tokens.
    Granted(Granted),
    /// An OAuth error.
    Refused(Refusal),
    /// The firewall's 403: the address is banned, the request was not looked at.
    Blocked,
}

/// The whole state of the simulated TrackTik.
#[derive(Debug)]
pub struct World {
    accounts: Accounts,
    pub(super) sessions: Sessions,
    ban: AddressBan,
    counts: Counts,
}

impl World {
    /// A tenant without accounts.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            accounts: Accounts::default(),
            sessions: Sessions::new(rules.seed, rules.access_token_life, rules.refresh_token_life),
            ban: AddressBan::new(rules.ban),
            counts: Counts::default(),
        }
    }

    /// Adds an account; a client or employee already known gets the new secret or password.
    pub fn add_account(&mut self, account: Account) {
        self.accounts.add(account);
    }

    /// Replaces a password; sessions opened with the old one live on, as in league. `false` if
    /// nobody has this user name.
    pub fn change_password(&mut self, username: &str, password: &str) -> bool {
        self.accounts.change_password(username, password)
    }

    /// One token request from its arrival to its answer.
    pub fn token_request(&mut self, now: Duration, from: IpAddr, asked: &TokenRequest) -> Reply {
        if self.admits(now, from, asked) {
            self.admitted(now, from, asked)
        } else {
            Reply::Blocked
        }
    }

    /// The first half of [`Self::token_request`], for a caller that may break the answer: counts the
    /// arrival; `false` if the address is banned.
    pub fn admits(&mut self, now: Duration, from: IpAddr, asked: &TokenRequest) -> bool {
        self.counts.token_requests += 1;
        self.counts.scope_sent += u64::from(asked.get("scope").is_some());
        self.by_username(asked, |user| user.attempts += 1);
        let blocked = self.ban.blocks(now, from);
        self.counts.blocked += u64::from(blocked);
        !blocked
    }

    /// The second half: grants or refuses.
    pub fn admitted(&mut self, now: Duration, from: IpAddr, asked: &TokenRequest) -> Reply {
        let granted = match asked.get("grant_type") {
            Some("password") => self.log_in(now, asked),
            Some("refresh_token") => self.refresh(now, asked),
            _ => Err(Refusal::unsupported_grant_type()),
        };
        match granted {
            Ok(granted) => Reply::Granted(granted),
            Err(refusal) => {
                self.refused(now, from, asked, refusal.is_failed_authentication());
                Reply::Refused(refusal)
            }
        }
    }

    /// Counts a refusal, and towards the ban if an authentication failed.
    pub fn refused(&mut self, now: Duration, from: IpAddr, asked: &TokenRequest, failed: bool) {
        self.counts.refused += 1;
        self.by_username(asked, |user| user.refused += 1);
        if failed {
            self.ban.failed(now, from);
        }
    }

    fn log_in(&mut self, now: Duration, asked: &TokenRequest) -> Result<Granted, Refusal> {
        let client_id = self.authenticate_client(asked)?;
        refuse_scope(asked)?;
        let username = required(asked, "username")?;
        let password = required(asked, "password")?;
        if !self.accounts.user_is(username, password) {
            return Err(Refusal::invalid_credentials());
        }
        let granted = self.sessions.grant(now, client_id, username);
        self.counts.logins += 1;
        let time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.by_username(asked, |user| {
            user.logins += 1;
            user.login_times.push(time);
        });
        Ok(granted)
    }

    fn refresh(&mut self, now: Duration, asked: &TokenRequest) -> Result<Granted, Refusal> {
        let client_id = self.authenticate_client(asked)?;
        let token = required(asked, "refresh_token")?;
        let refuse = |why: Unusable| Refusal::invalid_refresh_token(why.hint());
        let checked = self.sessions.check(now, client_id, token);
        self.counts.replays += u64::from(checked == Err(Unusable::Consumed));
        let serial = checked.map_err(refuse)?;
        refuse_scope(asked)?;
        let renewed = self.sessions.renew(now, serial);
        let granted = renewed.ok_or_else(|| refuse(Unusable::Garbage))?;
        self.counts.refreshes += 1;
        self.by_username(asked, |user| user.refreshes += 1);
        Ok(granted)
    }

    fn authenticate_client<'a>(&self, asked: &'a TokenRequest) -> Result<&'a str, Refusal> {
        let client_id = required(asked, "client_id")?;
        // League passes a missing secret on, since public clients have none: a wrong client then.
        if self.accounts.client_is(client_id, asked.get("client_secret")) {
            Ok(client_id)
        } else {
            Err(Refusal::invalid_client())
        }
    }

    /// A read of the resource API: whose token it is, if it is alive.
    pub fn whoami(&mut self, now: Duration, access_token: &str) -> Option<String> {
        self.counts.reader_requests += 1;
        if self.valid(now, access_token) {
            self.owner_of(access_token).map(str::to_owned)
        } else {
            self.counts.reader_failures += 1;
            None
        }
    }

    /// Whose access token this is, alive or not.
    #[must_use]
    pub fn owner_of(&self, access_token: &str) -> Option<&str> {
        self.sessions.owner_of_access(access_token)
    }

    /// Is this access token neither expired nor revoked?
    #[must_use]
    pub fn valid(&self, now: Duration, access_token: &str) -> bool {
        self.sessions.valid(now, access_token)
    }

    /// The user name that a request is about: the one it sends, or the one of its refresh token.
    #[must_use]
    pub fn username_of<'a>(&'a self, asked: &'a TokenRequest) -> Option<&'a str> {
        let of_token = || self.sessions.owner_of_refresh(asked.get("refresh_token")?);
        asked.get("username").or_else(of_token)
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            banned_addresses: self.ban.imposed(),
            worst_failures_per_two_minutes: self.ban.worst(),
            ..self.counts.clone()
        }
    }

    /// How many times an address was banned.
    #[must_use]
    pub fn bans(&self) -> u64 {
        self.ban.imposed()
    }

    /// Every text that a client must not let out: client secrets, passwords, tokens.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let known = self.accounts.secrets().map(str::to_owned);
        known.chain(self.sessions.secrets()).collect()
    }

    /// A token request begins to be answered.
    pub fn begins(&mut self) {
        self.counts.in_flight += 1;
        self.counts.in_flight_max = self.counts.in_flight_max.max(self.counts.in_flight);
    }

    /// A token request has been answered, or its client has gone.
    pub fn ends(&mut self) {
        self.counts.in_flight = self.counts.in_flight.saturating_sub(1);
    }

    /// Counts something that only the server around the state machine can see.
    pub fn count(&mut self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts);
    }

    fn by_username(&mut self, asked: &TokenRequest, change: impl FnOnce(&mut UserCounts)) {
        if let Some(username) = self.username_of(asked).map(str::to_owned) {
            change(self.counts.by_username.entry(username).or_default());
        }
    }
}

fn required<'a>(asked: &'a TokenRequest, parameter: &str) -> Result<&'a str, Refusal> {
    asked.get(parameter).ok_or_else(|| Refusal::missing(parameter))
}

/// TrackTik says: "do not provide any values for scope". League lets an empty one pass, other servers
/// don't: here the mere key is refused, so that a client which sends it is caught.
fn refuse_scope(asked: &TokenRequest) -> Result<(), Refusal> {
    match asked.get("scope") {
        Some(scope) => Err(Refusal::invalid_scope(scope)),
        None => Ok(()),
    }
}
