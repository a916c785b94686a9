//! At what an operator is when something happens to it, and when that is done.

use std::time::Duration;

use crate::{
    servers::{HOUR, MINUTE},
    sight::Sight,
};

/// The values of the annotation that asks for a rotation: before the blow, and when all is well again.
pub const ASKED: &str = "1";
pub const ASKED_AGAIN: &str = "2";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A start with credentials that have no tokens yet.
    First,
    /// Rotations that were asked for.
    Asked,
    /// Renewals that are due by the schedule.
    Due,
    /// As `Due`, by a process that is so old that it announces no login of a credential that works.
    DueLater,
}

/// Renewals of tokens that live for [`MINUTE`] are due after half of it, and three seconds earlier at most. Two logins that
/// are less than this apart are not of one schedule.
pub const HASTY: Duration = Duration::from_secs(25);

/// For so long after its start a process announces every request.
const ANNOUNCES_ALL: Duration = Duration::from_secs(200);

impl Work {
    pub const ALL: [Self; 4] = [Self::First, Self::Asked, Self::Due, Self::DueLater];

    pub fn token_life(self) -> Duration {
        match self {
            Self::First | Self::Asked => HOUR,
            Self::Due | Self::DueLater => MINUTE,
        }
    }

    /// How old the process is at least that is killed.
    pub fn age(self) -> Duration {
        match self {
            Self::DueLater => ANNOUNCES_ALL,
            _ => Duration::ZERO,
        }
    }

    /// How long it goes on at most before the kill.
    pub fn longest(self) -> Duration {
        match self {
            Self::First => Duration::from_millis(600),
            Self::Asked | Self::Due | Self::DueLater => Duration::from_millis(450),
        }
    }

    /// Whether nothing is left to do, by what stands in the cluster of one credential: before the work, and now. A rotation
    /// whose announcement is all that came of it is made a minute later.
    pub fn is_done(self, asked: &str, before: Option<&Sight>, now: &Sight) -> bool {
        let renewed = now.issue_id().is_some() && now.issue_id() != before.and_then(Sight::issue_id);
        let handled = self != Self::Asked || now.handled_rotate() == Some(asked);
        renewed && handled && !now.is_spent() && now.is_told() && now.status.ready() == "True"
    }
}
