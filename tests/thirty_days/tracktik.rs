//! A token endpoint that lives in this process.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tracktik_operator::{
    api::{Moment, Span},
    clock::{Clock, Instant, monotonic},
    oauth::{ConnectFault, ErrorCode, GrantRequest, TokenEndpoint, TokenRequestFailure},
    secrets::sensitive::{Sensitive, Tokens},
};

/// How long a login takes: a network takes its time.
pub const LOGIN: Duration = Duration::from_millis(200);

/// What becomes of a login.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// A token of an hour.
    Token,
    /// The port is closed.
    NoConnection,
    /// Wrong password.
    Rejection,
}

/// Answers each request alike, and notes when it granted what. No refresh token may come twice.
pub struct TrackTik {
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    answer: Answer,
    attempts: Vec<Instant>,
    refreshed_with: HashSet<String>,
    granted: Vec<(String, Moment)>,
}

impl TrackTik {
    pub fn new(clock: Clock) -> Self {
        let state = Mutex::new(State {
            answer: Answer::Token,
            attempts: Vec::new(),
            refreshed_with: HashSet::new(),
            granted: Vec::new(),
        });
        Self { clock, state }
    }

    /// From now on.
    pub fn answers(&self, answer: Answer) {
        self.with(|state| state.answer = answer);
    }

    /// How many logins and refreshes were begun, whatever became of them.
    pub fn attempts(&self) -> usize {
        self.with(|state| state.attempts.len())
    }

    /// When each was begun.
    pub fn attempt_times(&self) -> Vec<Instant> {
        self.with(|state| state.attempts.clone())
    }

    /// How many of them were refreshes.
    pub fn refreshes(&self) -> usize {
        self.with(|state| state.refreshed_with.len())
    }

    /// Whether a refresh with this token has arrived: from then on the access token beside it is revoked.
    pub fn has_seen(&self, refresh_token: &str) -> bool {
        self.with(|state| state.refreshed_with.contains(refresh_token))
    }

    /// How many tokens were granted.
    pub fn granted(&self) -> usize {
        self.with(|state| state.granted.len())
    }

    /// When the tokens of this credential were granted.
    pub fn granted_to(&self, name: &str) -> Vec<Moment> {
        let username = format!("user-{name}");
        self.with(|state| {
            let own = state.granted.iter().filter(|(of, _)| *of == username);
            own.map(|(_, at)| *at).collect()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, username: &str) -> Result<Tokens, TokenRequestFailure> {
        self.with(|state| match state.answer {
            Answer::NoConnection => Err(TokenRequestFailure::NotConnected(ConnectFault::Refused)),
            Answer::Rejection => Err(TokenRequestFailure::LoginRefused {
                status: 401,
                code: ErrorCode::InvalidCredentials,
                retry_after: None,
            }),
            Answer::Token => {
                state.granted.push((username.to_owned(), self.clock.now()));
                let serial = state.granted.len();
                Ok(Tokens {
                    access_token: Sensitive::from(format!("access-{username}-{serial}")),
                    refresh_token: Some(Sensitive::from(format!("refresh-{username}-{serial}"))),
                    token_type: "Bearer".to_owned(),
                    expires_in: Span::hours(1),
                })
            }
        })
    }
}

impl TokenEndpoint for TrackTik {
    fn request_token<'a>(
        &'a self,
        _: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        self.with(|state| state.attempts.push(monotonic()));
        let username = match grant {
            GrantRequest::Password(account) => account.username.expose().to_owned(),
            GrantRequest::Refresh { refresh_token, .. } => {
                let token = refresh_token.expose();
                let first = self.with(|state| state.refreshed_with.insert(token.to_owned()));
                assert!(first, "{token} is sent twice");
                let (session, _serial) = token.rsplit_once('-').unwrap();
                session.trim_start_matches("refresh-").to_owned()
            }
        };
        Box::pin(async move {
            tokio::time::sleep(LOGIN).await;
            self.answer(&username)
        })
    }
}
