//! Whether a session is continued with its refresh token, or a new one begun with a login.
//!
//! A refresh token may be sent once: a server that sees it again may revoke all that came of the session. So whatever is
//! not known to be unused counts as used, and a login, which hurts nobody, takes its place.

use super::{
    observation::{Content, Observation, Target},
    schedule::Timetable,
};
use crate::api::{Grant, Moment};

/// What is known of the refresh token in a token Secret. It may be used once, and a request with it is announced on the
/// Secret itself, so that neither a crash nor another process sends it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RefreshToken {
    /// There is none.
    #[default]
    Absent,
    /// It was never sent.
    Unused,
    /// It was sent, or may have been: that is marked on the Secret.
    Tried,
    /// Somebody else wrote to the Secret since the operator did, and may have taken that mark off.
    Doubtful,
}

/// Whether the next token may be requested with the refresh token in place: where that is asked for, only for the values
/// that began the session, while its access token lives, and never twice.
#[must_use]
pub fn may_refresh(seen: &Observation, times: Option<Timetable>, now: Moment) -> bool {
    let alive = times.is_some_and(|times| times.expires > now && !times.age_unknown);
    let same = seen
        .issue()
        .is_some_and(|issue| issue.identity == seen.identity && issue.sources == seen.sources.versions);
    seen.renewal.grant == Grant::Refresh
        && alive
        && same
        && seen.content() == Some(Content::Good)
        && seen.refresh_token() == RefreshToken::Unused
        && !seen.is_put_back()
}

impl Observation {
    /// Whether a later token than the one in place was granted: somebody has put the old one back.
    #[must_use]
    pub fn is_put_back(&self) -> bool {
        let in_place = self.issue().map(|issue| issue.issued_at);
        in_place.is_some() && self.latest_issued > in_place
    }

    /// What is known of the refresh token in place.
    #[must_use]
    pub fn refresh_token(&self) -> RefreshToken {
        match &self.target {
            Target::Ours(ours) => ours.refresh_token,
            Target::Absent | Target::Taken(_) => RefreshToken::Absent,
        }
    }
}
