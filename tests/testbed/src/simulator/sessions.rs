//! Sessions: what each grant handed out and what of it is still alive. Pure; `now` is an argument.
//!
//! ```text
//! password grant ─► session 0 {access, refresh}        independent of every other session
//! refresh of 0   ─► access 0 revoked, refresh 0 consumed, at once ─► session 1 {access, refresh}
//! ```

use std::time::Duration;

use super::tokens::TokenTexts;

/// The tokens of one successful grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Opaque, about 1,180 characters.
    pub access_token: String,
    /// Single use, 924 hexadecimal characters.
    pub refresh_token: String,
    /// Personal data, to be ignored.
    pub id_token: String,
    /// Of no use to an integrator, to be ignored.
    pub media_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// Why a refresh token is not accepted; the hints are league's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Not one of ours.
    Garbage,
    /// Issued to another client.
    Foreign,
    /// Older than its life.
    Expired,
    /// Used before: a replay.
    Consumed,
    /// Its session was ended.
    Ended,
}

impl Unusable {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Garbage => "Cannot decrypt the refresh token",
            Self::Foreign => "Token is not linked to client",
            Self::Expired => "Token has expired",
            Self::Consumed | Self::Ended => "Token has been revoked",
        }
    }
}

#[derive(Debug)]
struct Session {
    client_id: String,
    username: String,
    access_until: Duration,
    access_revoked: bool,
    refresh_until: Duration,
    refresh_consumed: bool,
    ended: bool,
}

/// Every session ever granted; its index is the serial number in the tokens.
#[derive(Debug)]
pub(super) struct Sessions {
    texts: TokenTexts,
    access_life: Duration,
    refresh_life: Duration,
    granted: Vec<Session>,
}

impl Sessions {
    pub(super) fn new(seed: u64, access_life: Duration, refresh_life: Duration) -> Self {
        Self {
            texts: TokenTexts::new(seed),
            access_life,
            refresh_life,
            granted: Vec::new(),
        }
    }

    /// Opens a session.
    pub(super) fn grant(&mut self, now: Duration, client_id: &str, username: &str) -> Granted {
        let serial = self.granted.len() as u64;
        self.granted.push(Session {
            client_id: client_id.to_owned(),
            username: username.to_owned(),
            access_until: now.saturating_add(self.access_life),
            access_revoked: false,
            refresh_until: now.saturating_add(self.refresh_life),
            refresh_consumed: false,
            ended: false,
        });
        Granted {
            access_token: self.texts.access(serial),
            refresh_token: self.texts.refresh(serial),
            id_token: self.texts.identity(serial, username),
            media_token: self.texts.media(serial),
            expires_in: self.access_life.as_secs(),
        }
    }

    /// Would this refresh token be accepted? Checked in league's order; changes nothing.
    pub(super) fn check(&self, now: Duration, client: &str, token: &str) -> Result<u64, Unusable> {
        let serial = self.texts.serial_of_refresh(token);
        let serial = serial.ok_or(Unusable::Garbage)?;
        let session = self.session(serial).ok_or(Unusable::Garbage)?;
        if session.client_id != client {
            Err(Unusable::Foreign)
        } else if session.refresh_until <= now {
            Err(Unusable::Expired)
        } else if session.refresh_consumed {
            Err(Unusable::Consumed)
        } else if session.ended {
            Err(Unusable::Ended)
        } else {
            Ok(serial)
        }
    }

    /// Replaces a session that [`Self::check`] found usable. The old tokens die before the new ones
    /// exist, so an answer that is lost on its way leaves the client with nothing.
    pub(super) fn renew(&mut self, now: Duration, serial: u64) -> Option<Granted> {
        let index = usize::try_from(serial).ok()?;
        let old = self.granted.get_mut(index)?;
        old.access_revoked = true;
        old.refresh_consumed = true;
        let (client_id, username) = (old.client_id.clone(), old.username.clone());
        Some(self.grant(now, &client_id, &username))
    }

    /// Ends every session of a user: no token of theirs is good any more.
    pub(super) fn end_all_of(&mut self, username: &str) {
        let theirs = self.granted.iter_mut().filter(|session| session.username == username);
        for session in theirs {
            session.access_revoked = true;
            session.ended = true;
        }
    }

    /// Whose access token this is, alive or not.
    pub(super) fn owner_of_access(&self, token: &str) -> Option<&str> {
        let serial = self.texts.serial_of_access(token)?;
        Some(&self.session(serial)?.username)
    }

    /// Whose refresh token this is, usable or not.
    pub(super) fn owner_of_refresh(&self, token: &str) -> Option<&str> {
        let serial = self.texts.serial_of_refresh(token)?;
        Some(&self.session(serial)?.username)
    }

    /// Is this access token neither expired nor revoked?
    pub(super) fn valid(&self, now: Duration, token: &str) -> bool {
        let serial = self.texts.serial_of_access(token);
        serial
            .and_then(|serial| self.session(serial))
            .is_some_and(|session| !session.access_revoked && now < session.access_until)
    }

    /// Every token handed out so far.
    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        (0u64..).zip(&self.granted).flat_map(|(serial, session)| {
            [
                self.texts.access(serial),
                self.texts.refresh(serial),
                self.texts.identity(serial, &session.username),
                self.texts.media(serial),
            ]
        })
    }

    fn session(&self, serial: u64) -> Option<&Session> {
        self.granted.get(usize::try_from(serial).ok()?)
    }
}
