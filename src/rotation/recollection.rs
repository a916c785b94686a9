//! What a process remembers of a credential's token requests between two looks: what its next decision depends on and
//! the cluster may not say, or not yet.
//!
//! All of it may be lost with the process; what must not be lost is in the failure record, which status keeps.

use std::ops::Deref;

use super::{
    Because,
    failure_record::{self, Setback},
    fingerprint::Fingerprint,
    gate::Refusal,
    observation::Issue,
};
use crate::api::{Failure, Moment, Tried};

/// A failure record that takes next to nothing where it says nothing: as most of ten thousand do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeptRecord(Option<Box<Failure>>);

impl From<Failure> for KeptRecord {
    fn from(record: Failure) -> Self {
        Self((!record.is_empty()).then(|| Box::new(record)))
    }
}

impl Deref for KeptRecord {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        static NOTHING: Failure = Failure::nothing();
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

/// What is remembered of one credential's token requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recollection {
    /// The failure record; it counts before the one in status, which may lag behind.
    pub failure: Option<KeptRecord>,
    /// The record of the failure that this process itself has met last: nothing that others write into status has it wait
    /// for less than this one asks.
    pub own: KeptRecord,
    /// Identity and sources that were seen to succeed, with nothing failed since.
    pub proven: Option<Fingerprint>,
    /// The rotate annotation that was handled last, perhaps none, where this process knows; it counts before the one in
    /// status.
    pub handled_rotate: Option<Option<String>>,
    /// When the latest token was granted to this process; facts older than that were put back by somebody.
    pub last_granted: Option<Moment>,
    /// When grants that no schedule asked for began, in the last ten minutes.
    pub grants: Vec<Moment>,
    /// The latest request that this process announced: what status tells of it is known better here.
    pub announced: Option<String>,
    /// Somebody else has written status since the latest request of this process.
    pub heeds: bool,
}

impl Recollection {
    /// The failure record that stands, given the one in status. A request that was announced is resolved by the facts of
    /// its grant, in the cluster or in hand, whatever happened to the status write.
    #[must_use]
    pub fn failure(&self, in_status: Option<&Failure>, in_place: Option<&Issue>, held: Option<&Issue>) -> Failure {
        let record = self.failure.as_deref().or(in_status).cloned().unwrap_or_default();
        let granted = |pending: &str| {
            let mut issues = in_place.into_iter().chain(held);
            issues.any(|issue| issue.issue_id == pending)
        };
        match &record.pending {
            Some(pending) if granted(&pending.issue_id) => failure_record::after_success(&record, pending.time),
            _ => record,
        }
    }

    /// A request has been sent.
    pub fn sent(&mut self, cause: Because, stands: &Tried, at: Moment) {
        if cause != Because::Due {
            self.grants.push(at);
        }
        self.handle_rotate(stands);
    }

    /// The one that was about to be sent at this time was not.
    pub fn not_sent(&mut self, at: Moment) {
        if let Some(index) = self.grants.iter().position(|grant| *grant == at) {
            self.grants.swap_remove(index);
        }
    }

    /// A request is made under the rotate annotation that stands, if one does.
    pub(super) fn handle_rotate(&mut self, stands: &Tried) {
        if stands.rotate.is_some() {
            self.handled_rotate = Some(stands.rotate.clone());
        }
    }

    /// The rotate annotation that was handled last, given the one in status and the one that stands. What is known of the
    /// one that stands counts before status; of any other it is enough that it is another.
    #[must_use]
    pub fn handled_rotate(&self, in_status: Option<&String>, stands: Option<&String>) -> Option<String> {
        let known = self.handled_rotate.as_ref().map(Option::as_ref);
        let handled = match known {
            Some(known) if stands.is_some() && (known == stands || in_status == stands) => known,
            Some(known) => in_status.or(known),
            None => in_status,
        };
        handled.cloned()
    }

    /// It gave a usable token, issued at `issued_at`.
    pub fn granted(&mut self, before: &Failure, stands: &Tried, sources: &[String], issued_at: Moment, now: Moment) {
        self.heeds = false;
        self.last_granted = Some(issued_at);
        self.failure = Some(failure_record::after_success(before, now).into());
        self.own = KeptRecord::default();
        self.proven = Some(Fingerprint::of_values(&stands.identity, sources));
    }

    /// It is not sent for now, because the account was refused for another credential.
    pub fn refused(&mut self, before: &Failure, stands: Tried, message: &str, refusal: Refusal, now: Moment) {
        self.met(failure_record::refused_unsent(before, stands, message, refusal, now));
    }

    /// It gave none.
    pub fn failed(
        &mut self,
        before: &Failure,
        uid: &str,
        (issue_id, stands): (&str, Tried),
        setback: &Setback,
        now: Moment,
    ) {
        self.heeds = false;
        let before = failure_record::folded_unless(before, issue_id);
        self.met(failure_record::after_failure(&before, uid, stands, setback, now));
        self.proven = None;
    }

    fn met(&mut self, failure: Failure) {
        self.own = failure.into();
        self.failure = Some(self.own.clone());
    }
}
