//! TrackTik: sessions with single-use refresh tokens, and what it counts against an address and an account.

use std::collections::{BTreeMap, BTreeSet};

use tracktik_operator::{
    api::{Moment, Span},
    oauth::{failure::TokenRequestFailure, failure_detail::ErrorCode},
};

/// How the token endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mood {
    #[default]
    Grants,
    /// The password is wrong.
    Rejects,
    /// 503, and every login counts as a failed one: nobody knows what it counts.
    Fails,
}

/// The server. A session is known by the id of the grant that its latest tokens came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrackTik {
    pub mood: Mood,
    /// The grants, and whether their access token is still good.
    granted: BTreeMap<String, bool>,
    /// Refresh tokens that were sent, by the grant that they came with.
    sent: BTreeSet<String>,
    /// Logins that failed, of the last hour.
    pub failed: Vec<Moment>,
}

/// A refresh token was sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed;

impl TrackTik {
    pub fn new(mood: Mood) -> Self {
        Self {
            mood,
            ..Self::default()
        }
    }

    /// A password grant.
    pub fn login(&mut self, id: &str, now: Moment) -> Result<(), TokenRequestFailure> {
        self.failed.retain(|at| *at + Span::hours(1) > now);
        let failure = match self.mood {
            Mood::Grants => {
                self.granted.insert(id.to_owned(), true);
                return Ok(());
            }
            Mood::Rejects => TokenRequestFailure::LoginRefused {
                status: 400,
                code: ErrorCode::InvalidGrant,
                retry_after: None,
            },
            Mood::Fails => TokenRequestFailure::ServerError { status: 503 },
        };
        self.failed.push(now);
        Err(failure)
    }

    /// A refresh token is sent, whether it gets here or not: of one that is lost on the way nobody can know that.
    pub fn note_sent(&mut self, with: &str) -> Result<(), Replayed> {
        if self.sent.insert(with.to_owned()) {
            Ok(())
        } else {
            Err(Replayed)
        }
    }

    /// A refresh grant: it ends the access token before its answer exists.
    pub fn refresh(&mut self, id: &str, with: &str) -> Result<Result<(), TokenRequestFailure>, Replayed> {
        self.note_sent(with)?;
        self.granted.insert(with.to_owned(), false);
        if self.mood == Mood::Fails {
            return Ok(Err(TokenRequestFailure::ServerError { status: 503 }));
        }
        self.granted.insert(id.to_owned(), true);
        Ok(Ok(()))
    }

    /// Whether the access token of this grant was not revoked.
    pub fn is_good(&self, id: &str) -> bool {
        self.granted.get(id).copied().unwrap_or_default()
    }

    /// The ids of what it has granted since it was as it was before.
    pub fn granted_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        let since = self.granted.keys().filter(|id| !before.granted.contains_key(*id));
        since.map(String::as_str)
    }

    /// Failed logins within a time before now.
    pub fn failed_within(&self, window: Span, now: Moment) -> usize {
        self.failed.iter().filter(|at| **at + window > now).count()
    }
}
