//! The rules of leader election: what a candidate makes of the Lease it sees, and what it writes into it. Pure.
//!
//! The algorithm is client-go's. A record counts as held for as long as it keeps changing, by the candidate's own
//! monotonic clock from the moment it saw the latest change; the times in it are for people, and for telling one renewal
//! from the next. What makes it safe is the resourceVersion in every write: of two that act on one sight, one fails.

use std::time::Duration;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::{SignedDuration, Timestamp},
};

use super::lease_object::{Lease, Record};
use crate::{api::Moment, clock::Instant};

/// The lease that a release writes, in seconds: the shortest that the API server takes.
const RELEASED_SECONDS: i32 = 1;

/// However long a lease a record asks for, it is not waited for longer than this: a typo would stop all candidates.
const LONGEST_LEASE: Duration = Duration::from_mins(1);

/// How long things take in an election.
///
/// A claim ends `renew_deadline` after the *start* of the latest renewal that succeeded. A record is taken over when it
/// has been seen unchanged for `lease`, and it was seen after that start. So with 10 s and 15 s no two claims overlap
/// unless one machine's clock runs half as fast again as another's.
///
/// A renewal starts 5 s after the one before. One that fails is tried again 2 s after it started and is cut off by
/// then, since a server that hangs must not eat the deadline: at 5, 7 and 9 s there are three attempts before the claim
/// ends. Every 2 s, as client-go does it, would be more than twice as many writes for two attempts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a record has to stand unchanged before another candidate takes it over. Rounded up to seconds in the
    /// record, for others to go by.
    pub lease: Duration,
    /// How long a leader may act on its latest renewal; less than `lease`.
    pub renew_deadline: Duration,
    /// From the start of one renewal to the start of the next.
    pub renew_every: Duration,
    /// From the start of an attempt that failed to the next; the shortest time between two watches.
    pub retry: Duration,
    /// The longest that one call may take.
    pub call: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            renew_every: Duration::from_secs(5),
            retry: Duration::from_secs(2),
            call: Duration::from_secs(2),
        }
    }
}

impl Timing {
    /// With renewals and attempts up to a fifth earlier, a fixed part for each candidate, so that those who lost the
    /// API server together do not come back in one instant.
    #[must_use]
    pub fn jittered(self, share: u8) -> Self {
        let earlier = |time: Duration| time.saturating_sub(time / 5 * u32::from(share) / u32::from(u8::MAX));
        Self {
            renew_every: earlier(self.renew_every),
            retry: earlier(self.retry),
            ..self
        }
    }

    /// How long nobody else may take the place of who was seen in this record.
    fn patience(&self, record: &Record) -> Duration {
        // An empty holder alone may be an edit under a leader that has not noticed yet.
        if record.holder().is_none() && record.lease_duration_seconds == Some(RELEASED_SECONDS) {
            return Duration::ZERO;
        }
        let asked = u64::try_from(record.lease_duration_seconds.unwrap_or(0)).unwrap_or(0);
        self.lease.max(Duration::from_secs(asked).min(LONGEST_LEASE))
    }
}

/// What a candidate is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no Lease, and nobody can have a claim: create it.
    Create,
    /// Nobody holds it, or whoever does has not renewed it in time: write ourselves into it.
    TakeOver,
    /// It names us: a write of ours that got no answer was carried out.
    Renew,
    /// Somebody holds it: look again at this instant, or when it changes.
    Wait(Instant),
}

/// The Lease as one candidate has seen it.
#[derive(Clone, Debug)]
pub struct Sight {
    me: String,
    timing: Timing,
    lease: Option<Lease>,
    /// What the Lease said when it was there last; it outlives a deletion, as the claim of whoever it names does.
    record: Option<Record>,
    /// Until then somebody else may have a claim.
    until: Instant,
}

impl Sight {
    /// What `me` has seen for the first time, right before `at`. `None`: there is no Lease.
    #[must_use]
    pub fn new(me: &str, timing: Timing, lease: Option<Lease>, at: Instant) -> Self {
        let mut sight = Self {
            me: me.to_owned(),
            timing,
            lease: None,
            record: None,
            until: at,
        };
        sight.observe(lease, at);
        sight
    }

    /// Seen again, right before `at`.
    ///
    /// Only the record counts: labels and annotations that somebody keeps writing must not keep a dead leader in office.
    /// A Lease that is gone may have been renewed unseen right before, so the wait for its holder starts over. One that
    /// names us says nothing of who was seen in it before: a create of ours that was long under way may have come right
    /// after a deletion.
    pub fn observe(&mut self, lease: Option<Lease>, at: Instant) {
        let record = lease.as_ref().map(|lease| lease.record.clone());
        let vanished = self.lease.is_some() && lease.is_none();
        let changed = record.is_some() && record != self.record;
        self.lease = lease;
        self.record = record.or(self.record.take());
        let others = self.record.as_ref().filter(|record| record.holder() != Some(&self.me));
        if let Some(record) = others.filter(|_| vanished || changed) {
            self.until = at + self.timing.patience(record);
        }
    }

    /// The object that a write starts from, with its resourceVersion.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// What the Lease says, or said when it was there.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// What to do at `now`.
    #[must_use]
    pub fn decide(&self, now: Instant) -> Decision {
        let ours = self.record().and_then(Record::holder) == Some(&self.me);
        match self.lease {
            _ if now < self.until => Decision::Wait(self.until),
            Some(_) if ours => Decision::Renew,
            Some(_) => Decision::TakeOver,
            None => Decision::Create,
        }
    }
}

/// The record by which `me` takes the Lease, or keeps it.
#[must_use]
pub fn held_by(me: &str, before: Option<&Record>, timing: &Timing, now: Moment) -> Record {
    let renewed = after(before.and_then(|before| before.renew_time.as_ref()), now);
    let kept = before.filter(|before| before.holder() == Some(me));
    let transitions = before.map_or(0, |before| {
        let so_far = before.lease_transitions.unwrap_or(0);
        so_far.saturating_add(i32::from(kept.is_none()))
    });
    let seconds = timing.lease.as_millis().div_ceil(1_000).max(1);
    Record {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
        acquire_time: kept
            .and_then(|kept| kept.acquire_time.clone())
            .or(Some(renewed.clone())),
        renew_time: Some(renewed),
        lease_transitions: Some(transitions),
    }
}

/// The record that hands the Lease to whoever comes first.
#[must_use]
pub fn released(before: &Record, now: Moment) -> Record {
    let renewed = after(before.renew_time.as_ref(), now);
    Record {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(RELEASED_SECONDS),
        acquire_time: Some(renewed.clone()),
        renew_time: Some(renewed),
        lease_transitions: before.lease_transitions,
    }
}

/// Now, or right after the renewal before: with a clock that stands still or goes back, two renewals must not look like
/// one, since the other candidates would see no sign of life.
fn after(before: Option<&MicroTime>, now: Moment) -> MicroTime {
    let now = Timestamp::from_millisecond(now.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    let next = before.and_then(|before| before.0.checked_add(SignedDuration::from_micros(1)).ok());
    MicroTime(next.map_or(now, |next| next.max(now)))
}
