//! What becomes of the record of token requests where somebody else writes into status: a second operator that looks after
//! the same credential by mistake, a write that comes late, a backup, or a person.
//!
//! Nothing that is said there ends a wait after a failure that this process has met itself. Of two records of the same values
//! the one counts that asks to wait longer, else the later one, with the requests of both. Only a token ends a wait, one that
//! is in place and was requested later. Where no rule decides, what stands in status counts: so two that go by these rules
//! come to say the same.

use super::{
    failure_record::{ROUNDING, after_success, outcome_lost, same_values},
    failure_wait::wait_until,
    observation::Issue,
    recollection::{KeptRecord, Recollection},
};
use crate::api::{Failure, Moment, Span, Tried};

/// The record that counts where this process knows of `ours` and somebody else has written `theirs`.
#[must_use]
pub fn merged(ours: &Failure, theirs: &Failure, now: Moment) -> Failure {
    let mut ours = ours.clone();
    // What was announced by somebody who does not tell of it any more has an outcome that they know.
    ours.pending = ours.pending.filter(|pending| theirs.pending.as_ref() == Some(pending));
    let recent_times = of_both(&ours.recent_times, &theirs.recent_times, now);
    let counts = if weighs_more(&ours, theirs, now) {
        under_their_announcement(ours, theirs, now)
    } else {
        theirs.clone()
    };
    Failure { recent_times, ..counts }
}

/// Our record, which counts, with a request that they have announced: it may be under way.
fn under_their_announcement(ours: Failure, theirs: &Failure, now: Moment) -> Failure {
    let announced = Failure {
        pending: theirs.pending.clone(),
        tried: theirs.tried.clone(),
        ..ours.clone()
    };
    let is_as_long = are_comparable(&ours, theirs) && wait(&announced, now) >= wait(&ours, now);
    if theirs.pending.is_some() && is_as_long {
        announced
    } else {
        ours
    }
}

/// Whether a crash would lose something if `stands` were left in status in the place of `ours`: a request, or a wait.
#[must_use]
pub fn tells_more(ours: Option<&Failure>, stands: Option<&Failure>, now: Moment) -> bool {
    let Some(ours) = ours else { return false };
    let nothing = Failure::default();
    let stands = stands.unwrap_or(&nothing);
    let announces = ours.pending.is_some() && ours.pending != stands.pending;
    let known = of_both(&stands.recent_times, &[], now);
    let knows_of_a_request = of_both(&stands.recent_times, &ours.recent_times, now) != known;
    announces || knows_of_a_request || weighs_more(ours, stands, now)
}

/// Of two records of the same values, the one with the longer wait; else the later one.
fn weighs_more(one: &Failure, other: &Failure, now: Moment) -> bool {
    let weight = |record: &Failure| {
        let wait = wait(record, now).filter(|_| are_comparable(one, other));
        (wait, latest(record))
    };
    weight(one) > weight(other)
}

/// A record that tells of no values tells of a success, or of nothing.
fn are_comparable(one: &Failure, other: &Failure) -> bool {
    match (&one.tried, &other.tried) {
        (Some(one), Some(other)) => same_values(Some(one), other),
        _ => true,
    }
}

/// Until when a record asks to wait where nothing has changed since.
fn wait(record: &Failure, now: Moment) -> Option<Moment> {
    let stands = record.tried.clone().unwrap_or_default();
    wait_until(record, &stands, None, now)
}

/// The times of both lists, of the last hour, as many as status keeps. What is in both is one request.
fn of_both(one: &[Moment], other: &[Moment], now: Moment) -> Vec<Moment> {
    let mut times = other.to_vec();
    for time in one {
        if let Some(same) = times.iter().position(|at| at == time) {
            times.swap_remove(same);
        }
    }
    times.extend(one);
    // As they stand, also where the clock of who wrote them is ahead: else they would be others at each look.
    times.retain(|time| *time + Span::hours(1) > now);
    times.sort_unstable();
    let excess = times.len().saturating_sub(Failure::MOST_RECENT_TIMES);
    times.drain(..excess);
    times
}

/// When the latest request that a record tells of was announced, or ended.
fn latest(record: &Failure) -> Option<Moment> {
    let pending = record.pending.as_ref().map(|pending| pending.time);
    pending.max(record.last_time)
}

/// Whether a token tells of the values of a record's requests, as both were at the latest of them.
fn is_of_the_same_values(issue: &Issue, record: &Failure) -> bool {
    let tried = record.tried.as_ref();
    tried.is_some_and(|tried| tried.identity == issue.identity && tried.sources == issue.sources)
}

/// Facts of a clock that was ahead would seem to be later than every failure.
fn is_past(issue: &Issue, now: Moment) -> bool {
    issue.issued_at <= now + ROUNDING
}

impl Recollection {
    /// Takes note of what stands in status and on the token Secret, whoever wrote it.
    pub fn look(&mut self, around: &Surroundings<'_>, now: Moment) {
        if around.anothers {
            self.heed(around, now);
        }
        self.look_for_a_later_token(around, now);
        let certain = around.failure.is_none_or(|record| !outcome_lost(record));
        // Once handled, a request stays so: a status that comes late, or from a backup, must not have it made again.
        if certain && around.rotate.is_some() && around.handled_rotate == around.rotate {
            self.handled_rotate = Some(around.rotate.cloned());
        }
    }

    fn heed(&mut self, around: &Surroundings<'_>, now: Moment) {
        self.heeds = true;
        let Some(ours) = self.failure.as_deref() else { return };
        let mut theirs = around.failure.cloned().unwrap_or_default();
        // Of a request of our own we know more.
        theirs.pending = theirs
            .pending
            .filter(|pending| self.announced.as_ref() != Some(&pending.issue_id));
        let all_is_well = theirs.reason.is_none() && theirs.pending.is_none();
        // Times are whole seconds: within one, who says that all is well is believed if a token in place tells the same.
        let of_that_second = around
            .in_place
            .filter(|issue| is_past(issue, now) && is_of_the_same_values(issue, ours))
            .filter(|issue| Some(issue.issued_at) == latest(ours));
        let is_over = all_is_well && of_that_second.is_some();
        let merged = merged(ours, &theirs, now);
        let counts = if is_over {
            self.own = KeptRecord::default();
            after_success(&merged, now)
        } else {
            self.no_sooner_than_by_its_own(merged, around, now)
        };
        self.failure = Some(counts.into());
    }

    /// What others write may be of other values, or come in two steps of which each alone asks for no less.
    fn no_sooner_than_by_its_own(&self, counts: Failure, around: &Surroundings<'_>, now: Moment) -> Failure {
        let stands = Tried {
            identity: around.identity.to_owned(),
            sources: around.sources.to_vec(),
            rotate: around.rotate.cloned(),
        };
        let own = Failure {
            recent_times: counts.recent_times.clone(),
            ..Failure::clone(&self.own)
        };
        let asks = |record: &Failure| wait_until(record, &stands, None, now);
        if asks(&own) > asks(&counts) {
            under_their_announcement(own, &counts, now)
        } else {
            counts
        }
    }

    /// Where two are at it, our failure is over once the token of the other is in place.
    fn look_for_a_later_token(&mut self, around: &Surroundings<'_>, now: Moment) {
        let (true, Some(ours), Some(issue)) = (self.heeds, self.failure.as_deref(), around.in_place) else {
            return;
        };
        // The failure of values that nobody would send any more is over with a token of those that stand.
        let serves = issue.identity == around.identity && issue.sources == around.sources;
        let is_later = latest(ours).map_or(ours.next_attempt_time.is_none(), |failed| issue.issued_at > failed);
        let counts = (serves || is_of_the_same_values(issue, ours)) && is_past(issue, now);
        if ours.tried.is_some() && counts && is_later {
            self.failure = Some(after_success(ours, now).into());
            self.own = KeptRecord::default();
        }
    }
}

/// What a process finds around a credential that it remembers something of.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Somebody else has written status since this process did, or since it noticed that last.
    pub anothers: bool,
    /// The failure record in status.
    pub failure: Option<&'a Failure>,
    /// The rotate annotation that was handled last, by status.
    pub handled_rotate: Option<&'a String>,
    /// The rotate annotation that stands.
    pub rotate: Option<&'a String>,
    /// The facts of the token in place, or in hand.
    pub in_place: Option<&'a Issue>,
    /// What a request would be made with now, as in [`Issue::identity`].
    pub identity: &'a str,
    /// The same, as in [`Issue::sources`].
    pub sources: &'a [String],
}
