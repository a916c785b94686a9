//! A candidate as the operator is one, over calls that take their time.

use std::time::Duration;

use tracktik_operator::{
    api::{Moment, Span},
    clock::Instant,
    cluster::{
        claim::holds,
        lease::{Decision, Sight, Timing, held_by, released},
        lease_object::{Lease, Record},
    },
};

/// What is asked of the API server.
#[derive(Clone, Debug)]
pub enum Call {
    Read,
    /// In place of the Lease with this version, or into a new one.
    Write(Option<String>, Record),
}

/// What it answers.
#[derive(Clone, Debug)]
pub enum Answer {
    Stands(Option<Box<Lease>>),
    Conflict,
}

/// What both clocks of the candidate's machine say.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub monotonic: Instant,
    pub wall: Moment,
}

struct Pending {
    number: u64,
    call: Call,
    sent: Reading,
}

pub struct Candidate {
    pub name: String,
    timing: Timing,
    sight: Option<Sight>,
    outdated: bool,
    pending: Option<Pending>,
    not_before: Option<Instant>,
    /// The start of the latest renewal; a leader has one.
    renewed: Option<Reading>,
    due: Option<Instant>,
}

impl Candidate {
    pub fn new(name: String, timing: Timing) -> Self {
        Self {
            name,
            timing,
            sight: None,
            outdated: true,
            pending: None,
            not_before: None,
            renewed: None,
            due: None,
        }
    }

    /// Knows what this one has seen.
    pub fn remembers(&mut self, before: &Self, now: Instant) {
        let Some(seen) = &before.sight else { return };
        let last = seen.record().cloned().map(|record| Lease {
            record,
            ..Lease::default()
        });
        let mut sight = Sight::new(&self.name, self.timing, last, now);
        sight.observe(seen.lease().cloned(), now);
        self.sight = Some(sight);
    }

    pub fn has_claim(&self, now: Reading) -> bool {
        self.renewed.is_some_and(|renewed| {
            let monotonic = now.monotonic.saturating_duration_since(renewed.monotonic);
            holds(monotonic, now.wall - renewed.wall, self.timing.renew_deadline)
        })
    }

    /// What it has seen last.
    pub fn record(&self) -> Option<&Record> {
        self.sight.as_ref()?.record()
    }

    pub fn leads(&self) -> bool {
        self.renewed.is_some()
    }

    /// What it sends now, under this number. `Err`: the leadership is lost, and the process ends.
    pub fn act(&mut self, number: u64, now: Reading) -> Result<Option<Call>, ()> {
        if let Some(pending) = &self.pending {
            if now.monotonic.saturating_duration_since(pending.sent.monotonic) < self.timing.call {
                return Ok(None);
            }
            self.failed(now)?;
        }
        if self.not_before.is_some_and(|at| now.monotonic < at) {
            return Ok(None);
        }
        let waits = self.due.is_some_and(|due| now.monotonic < due);
        let call = match &self.sight {
            Some(sight) if !self.outdated => {
                let turn = sight.decide(now.monotonic);
                if waits || (!self.leads() && matches!(turn, Decision::Wait(_))) {
                    return Ok(None);
                }
                let record = held_by(&self.name, sight.record(), &self.timing, now.wall);
                Call::Write(version(sight.lease()), record)
            }
            _ => Call::Read,
        };
        self.pending = Some(Pending {
            number,
            call: call.clone(),
            sent: now,
        });
        Ok(Some(call))
    }

    /// The end of an attempt that came to nothing.
    fn failed(&mut self, now: Reading) -> Result<(), ()> {
        self.pending = None;
        // A leader writes again from what it knows; a follower reads.
        self.outdated = !self.leads() || self.outdated;
        self.not_before = Some(now.monotonic + self.timing.retry);
        if self.leads() && !self.has_claim(now) {
            Err(())
        } else {
            Ok(())
        }
    }

    /// An answer has come, perhaps to a call that was given up. `Err`: as for [`Self::act`].
    pub fn hear(&mut self, number: u64, answer: Answer, now: Reading) -> Result<(), ()> {
        let Some(pending) = self.pending.take_if(|pending| pending.number == number) else {
            return Ok(());
        };
        match (pending.call, answer) {
            (Call::Read, Answer::Stands(lease)) => {
                let lease = lease.map(|lease| *lease);
                let named = lease.as_ref().and_then(|lease| lease.record.holder());
                let ours = named == Some(&self.name) || (named.is_none() && self.has_claim(now));
                if self.leads() && !ours {
                    return Err(());
                }
                match &mut self.sight {
                    Some(sight) => sight.observe(lease, now.monotonic),
                    None => self.sight = Some(Sight::new(&self.name, self.timing, lease, now.monotonic)),
                }
                self.outdated = false;
                Ok(())
            }
            (Call::Write(..), Answer::Stands(lease)) => {
                let lease = lease.map(|lease| *lease);
                self.sight = Some(Sight::new(&self.name, self.timing, lease, now.monotonic));
                self.outdated = false;
                self.renewed = Some(pending.sent);
                self.due = Some(pending.sent.monotonic + self.timing.renew_every);
                Ok(())
            }
            (_, Answer::Conflict) => {
                self.outdated = true;
                self.due = None;
                Ok(())
            }
        }
    }

    /// Gives the leadership up: the claim first, then the record.
    pub fn release(&mut self, now: Moment) -> Option<Call> {
        self.renewed.take()?;
        let lease = self.sight.as_ref()?.lease()?;
        let record = &lease.record;
        (record.holder() == Some(&self.name)).then(|| Call::Write(version(Some(lease)), released(record, now)))
    }

    /// Looks again though nothing asks for it, as after a watch has told of a change.
    pub fn nudge(&mut self) {
        self.due = None;
        self.outdated = true;
    }
}

fn version(lease: Option<&Lease>) -> Option<String> {
    lease?.metadata.resource_version.clone()
}

/// How far a wall clock is off, at most.
pub const OFF: Span = Span::hours(48);

/// How long a call may be under way in each direction: longer than anybody waits for it.
pub const LONGEST_WAY: Duration = Duration::from_secs(25);
