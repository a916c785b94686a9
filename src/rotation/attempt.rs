//! One attempt at a token, as the steps it consists of, in the one order in which they are safe.
//!
//! What carries the steps out is elsewhere: the controller does, with an API server and a token endpoint, and so does
//! the model check, with a small world of its own. A step is the next one only if those before it were seen to succeed.

use super::{
    Because, Observation, decide::now_stands, failure_record, fingerprint::Fingerprint, gate::Trust,
    recollection::Recollection,
};
use crate::api::{Failure, Grant, Moment, Reason, Span, Tried};

/// A request that would begin later than this after its announcement is not sent: whoever reads the announcement after
/// a crash counts on it.
const STALE: Span = Span::seconds(10);

/// In this time after the start, an earlier process may have sent requests that are recorded nowhere.
const AFTER_START: Span = Span::seconds(200);

/// What an attempt depends on that no observation of one credential tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, with yes or no for an answer"
)]
pub struct Circumstances {
    /// The time by a clock that never goes back.
    pub steady: Moment,
    /// When this process began to act, by that clock.
    pub started: Moment,
    /// This process has had a status write accepted, so that failures can be recorded.
    pub status_accepted: bool,
    /// The watch of credentials is let through; else the spec may be an old one, of a credential that is gone.
    pub credentials_in_view: bool,
    /// The process is ending: no request begins any more.
    pub stopping: bool,
    /// No other process can be the leader at this moment.
    pub leading: bool,
}

/// One attempt, from the moment its sources were read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Of the grant that it asks for; random.
    pub issue_id: String,
    /// Its kind.
    pub grant: Grant,
    /// Why.
    pub cause: Because,
    /// What it is made with.
    pub stands: Tried,
    unannounced: (Failure, Option<String>),
    announced_at: Option<Moment>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Rehearsal,
    Announcement,
    Mark,
    Request,
}

/// What comes next in an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Rehearse the write of the token Secret.
    Rehearse,
    /// Write this record into status.
    Announce(Box<Failure>),
    /// Write on the token Secret, in the version that was read, that its refresh token is tried.
    MarkTried,
    /// Send the request.
    Send,
    /// Do not send it.
    Abandon(Why),
}

/// Why a request is not sent after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The process is ending.
    Stopping,
    /// Another process may be the leader by now.
    NotLeader,
    /// The API server took its time, and the announcement is too old to be relied on.
    Stale,
}

impl Attempt {
    /// The attempt that was decided on with the sources as they were read.
    #[must_use]
    pub fn new(grant: Grant, cause: Because, issue_id: String, seen: &Observation) -> Self {
        Self {
            issue_id,
            grant,
            cause,
            stands: now_stands(seen),
            unannounced: (seen.failure.clone(), seen.handled_rotate.clone()),
            announced_at: None,
            stage: Stage::Rehearsal,
        }
    }

    /// What comes next, given that everything before it has succeeded.
    pub fn next(&mut self, seen: &Observation, remembered: &Recollection, around: &Circumstances, now: Moment) -> Next {
        if self.stage == Stage::Rehearsal {
            self.stage = Stage::Announcement;
            return Next::Rehearse;
        }
        if self.stage == Stage::Announcement {
            self.stage = Stage::Mark;
            if self.grant == Grant::Refresh || needs_announcement(seen, remembered, self.cause, around) {
                self.announced_at = Some(around.steady);
                let record = failure_record::announcing(&seen.failure, self.stands.clone(), &self.issue_id, now);
                return Next::Announce(Box::new(record));
            }
        }
        if around.stopping {
            return Next::Abandon(Why::Stopping);
        }
        if !around.leading {
            return Next::Abandon(Why::NotLeader);
        }
        if self.announced_at.is_some_and(|at| around.steady > at + STALE) {
            return Next::Abandon(Why::Stale);
        }
        if self.stage == Stage::Mark {
            self.stage = Stage::Request;
            if self.grant == Grant::Refresh {
                return Next::MarkTried;
            }
        }
        Next::Send
    }

    /// The record is about to be written: from here on it stands in memory, whatever becomes of the write.
    pub fn announced(&self, record: Failure, seen: &mut Observation, remembered: &mut Recollection) {
        seen.failure.clone_from(&record);
        remembered.failure = Some(record.into());
        remembered.announced = Some(self.issue_id.clone());
        remembered.handle_rotate(&self.stands);
    }

    /// The request was not sent, and this process knows it: it is no attempt. The next status write says so in the
    /// cluster; should the process end before that, the announcement counts there, at its own pace.
    pub fn take_back(self, seen: &mut Observation, remembered: &mut Recollection) {
        let (failure, handled_rotate) = self.unannounced;
        seen.failure.clone_from(&failure);
        remembered.failure = Some(failure.into());
        remembered.handled_rotate = Some(handled_rotate);
    }
}

/// Whether what stands is known to be right: the token in place was granted for it, or this process saw it succeed, and
/// nothing has failed since.
#[must_use]
pub fn is_proven(seen: &Observation, remembered: &Recollection) -> bool {
    let nothing_failed = seen.failure.reason.is_none() && seen.failure.pending.is_none();
    let in_memory = || {
        let proven = remembered.proven;
        proven.is_some_and(|proven| proven == Fingerprint::of_values(&seen.identity, &seen.sources.versions))
    };
    nothing_failed && (was_granted(seen) || in_memory())
}

/// Whether what stands is known to work, and else since when it waits for its turn: since its record let it try again, or,
/// where it has none or asks for an earlier try, since it came to the gate at `waits_since`.
///
/// What is ahead is read from the record, and so is since when it was due: a successor takes up where this process ends, but
/// for those without a record, who come to it anew.
#[must_use]
pub fn trust(seen: &Observation, remembered: &Recollection, waits_since: Moment) -> Trust {
    if is_proven(seen, remembered) {
        return Trust::Proven;
    }
    let record = failure_record::folded(&seen.failure);
    let is_of_these = failure_record::same_values(record.tried.as_ref(), &now_stands(seen));
    let due = record.next_attempt_time.filter(|_| is_of_these);
    // Of a crowd that was due days ago, since nobody led, none goes before what worked until today.
    let since = due.map_or(waits_since, |due| due.clamp(waits_since - Trust::AHEAD, waits_since));
    let says_of_these = record
        .reason
        .filter(|_| is_of_these && !failure_record::is_of_other_values(&record));
    let ahead = match says_of_these {
        // The host failed, or the process that asked it.
        Some(Reason::EndpointUnavailable | Reason::EndpointThrottled | Reason::Issuing) if was_granted(seen) => {
            Trust::AHEAD.times(2)
        }
        None | Some(Reason::EndpointUnavailable | Reason::EndpointThrottled | Reason::Issuing) => Trust::AHEAD,
        Some(_) => Span::ZERO,
    };
    Trust::Unproven { since: since - ahead }
}

/// Whether the token in place was granted for what stands.
fn was_granted(seen: &Observation) -> bool {
    seen.issue()
        .is_some_and(|issue| issue.identity == seen.identity && issue.sources == seen.sources.versions)
}

/// Whether a crash during the request must be found in the cluster afterwards.
fn needs_announcement(seen: &Observation, remembered: &Recollection, cause: Because, around: &Circumstances) -> bool {
    !is_proven(seen, remembered)
        || cause == Because::RotateAsked
        // Perhaps the garbage collector took it after the credential, and the watch is about to tell of that one: who
        // is gone takes no announcement.
        || cause == Because::NoToken
        || !around.credentials_in_view
        || around.steady < around.started + AFTER_START
        || !around.status_accepted
}
