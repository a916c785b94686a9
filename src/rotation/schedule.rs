//! When a token is renewed: before it expires, early enough for a mounted Secret to reach its readers.

use sha2::{Digest, Sha256};

use super::observation::{Anchors, Issue};
use crate::api::{Moment, Renewal, Span};

/// A kubelet brings a changed Secret into a pod within 90 s (sync of 60 s times up to 1.5, and its cache), so no margin
/// is shorter than twice that.
const LEAST_MARGIN: Span = Span::seconds(180);

/// The default margin is a third of the lifetime, but not less than this.
const LEAST_DEFAULT_MARGIN: Span = Span::seconds(300);

/// Two scheduled grants of one credential are at least this far apart, whatever lifetime the server gives.
const LEAST_BETWEEN_GRANTS: Span = Span::seconds(30);

/// A clock of another machine may be ahead by this much; more means that the token's age is unknown.
const CLOCK_TOLERANCE: Span = Span::seconds(60);

/// A token that lives shorter than this cannot have two minutes left at every moment.
pub const SHORT_LIVED: Span = Span::seconds(240);

/// The life of one token, as its readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// From this time on it is unusable.
    pub expires: Moment,
    /// From this time on it is renewed.
    pub renews: Moment,
    /// Its age cannot be told, because it was issued in the future, or after it expired.
    pub age_unknown: bool,
}

/// How long before expiry a token of this lifetime is renewed, jitter aside.
#[must_use]
pub fn margin(renewal: &Renewal, lifetime: Span) -> Span {
    let asked = match (renewal.renew_before_seconds, renewal.renew_before_percentage) {
        (Some(seconds), _) => Span::seconds(i64::from(seconds)),
        (None, Some(percentage)) => lifetime.times(i64::from(percentage)).divided_by(100),
        (None, None) => lifetime.divided_by(3).max(LEAST_DEFAULT_MARGIN),
    };
    asked.max(LEAST_MARGIN).min(lifetime.divided_by(2))
}

/// When the token expires and when it is renewed.
///
/// Jitter only ever renews earlier, by up to a tenth of the margin, and is a hash of the credential and the grant: the
/// same at each look, so that the deadline never moves. Both times are whole seconds, as status shows them.
#[must_use]
pub fn timetable(uid: &str, issue: &Issue, renewal: &Renewal, anchors: Anchors, now: Moment) -> Timetable {
    let (issued, expires) = (issue.issued_at.whole_second(), issue.expires_at.whole_second());
    let lifetime = expires - issued;
    // No grant gives such facts, and no clock can tell when such a token would be alive.
    if lifetime <= Span::ZERO {
        return Timetable {
            expires: Moment::default(),
            renews: issued.min(now.whole_second()),
            age_unknown: true,
        };
    }
    // Once its age was unknown it stays so: a clock that catches up with `issued_at` tells nothing about the token.
    let seen = anchors.issue.map_or(now, |anchor| anchor.min(now));
    if issued > seen + CLOCK_TOLERANCE {
        return Timetable {
            expires: (seen + lifetime).whole_second(),
            renews: seen.whole_second(),
            age_unknown: true,
        };
    }
    let margin = margin(renewal, lifetime);
    let most_jitter = margin.divided_by(10).as_millis();
    let jitter = Span::millis(part_of(spread(&[uid, &issue.issue_id]), most_jitter));
    let renews = (expires - margin - jitter).whole_second();
    Timetable {
        expires,
        renews: renews.max(issued + LEAST_BETWEEN_GRANTS),
        age_unknown: false,
    }
}

/// A number that is the same for the same texts, and otherwise like a random one.
#[must_use]
pub fn spread(texts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    digest
        .finalize()
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The part of a length that such a number stands for: from nothing up to the whole, without it.
pub(super) fn part_of(number: u64, of: i64) -> i64 {
    let of = u64::try_from(of).unwrap_or(0).max(1);
    i64::try_from(number % of).unwrap_or(0)
}
