//! Why a token is wanted that no schedule asked for, and how many such grants are made.
//!
//! The cap holds whatever the cause: somebody may delete or revert the token Secret in a loop, and each turn of it must
//! not be a login.

use super::{
    observation::{Content, Observation},
    schedule::Timetable,
    session::RefreshToken,
    step::Because,
};
use crate::api::{Grant, Moment, Span};

/// Grants other than scheduled ones are counted over this time …
pub const GRANT_WINDOW: Span = Span::minutes(10);
/// … and at most this many are made in it.
pub const GRANTS_IN_WINDOW: usize = 6;

/// Why a token is wanted now although no schedule asks for one.
#[must_use]
pub fn cause(seen: &Observation, times: Option<Timetable>, now: Moment) -> Option<Because> {
    let Some(issue) = seen.issue() else {
        return Some(Because::NoToken);
    };
    if issue.identity != seen.identity {
        return Some(Because::IdentityChanged);
    }
    if issue.sources != seen.sources.versions {
        return Some(Because::SourcesChanged);
    }
    match seen.content() {
        Some(Content::Damaged) => return Some(Because::Damaged),
        Some(Content::TooLittle) => return Some(Because::TooLittle),
        _ => {}
    }
    // The refresh that gave the later one has revoked the access token in place.
    let put_back = seen.is_put_back();
    if seen.renewal.grant == Grant::Refresh && put_back {
        return Some(Because::PutBack);
    }
    // So has a refresh whose answer was lost, whoever asked for it, and whichever grant is asked for now.
    if seen.refresh_token() == RefreshToken::Tried && !put_back {
        return Some(Because::RefreshTried);
    }
    if seen.rotate_asked().is_some() {
        return Some(Because::RotateAsked);
    }
    let times = times.filter(|times| times.renews <= now)?;
    if times.age_unknown {
        return Some(Because::AgeUnknown);
    }
    put_back.then_some(Because::PutBack)
}

/// When the next grant that no schedule asks for may be made, if not now.
#[must_use]
pub fn capped_until(seen: &Observation, now: Moment) -> Option<Moment> {
    // A grant far in the future was made before the clock was set back: it must not hold a place until then.
    let counts = |at: &Moment| *at + GRANT_WINDOW > now && *at <= now + GRANT_WINDOW;
    let mut recent: Vec<Moment> = seen.recent_grants.iter().copied().filter(counts).collect();
    recent.sort_unstable();
    let excess = recent.len().checked_sub(GRANTS_IN_WINDOW)?;
    let oldest = recent.get(excess)?;
    Some((*oldest + GRANT_WINDOW).next_whole_second())
}
