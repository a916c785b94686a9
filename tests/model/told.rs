//! As `controller/told_accounts.rs`: what the record of the other credential tells of the account, before a login. The
//! source that is read for it is the one of both, as it stands at that moment.
//!
//! That a process gives up after so many reads takes more faults than a search has; and no source is gone or forbidden here.

use tracktik_operator::{
    api::{Failure, Moment, Span},
    rotation::{
        gate::{Digest, Sent},
        standing::Standing,
    },
};

use crate::{
    api_server::CREDENTIALS,
    election::may_act,
    observe::{identity, sources},
    rules::Rules,
    world::World,
};

/// `told_accounts::AGAIN`.
pub const AGAIN: Span = Span::seconds(10);

/// `told_accounts::TRIES`.
const TRIES: u8 = 3;

/// Whose record a process knows the meaning of: as `told_accounts::ToldAccounts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToldAccounts {
    failed_reads: [u8; CREDENTIALS],
    not_before: Moment,
}

impl ToldAccounts {
    /// It is learned, or will be from itself.
    pub fn note_known(&mut self, of: usize) {
        self.failed_reads[of] = TRIES;
    }

    fn knows(&self, of: usize) -> bool {
        self.failed_reads[of] >= TRIES
    }

    fn could_not_read(&mut self, of: usize, now: Moment) {
        self.failed_reads[of] += 1;
        self.not_before = now + AGAIN;
    }
}

impl World {
    /// One account, and one password for as long as its Secret is not edited.
    pub fn sent(&self) -> Sent {
        let values = Digest::new([u8::try_from(self.api.account % 100).unwrap(); 16]);
        Sent {
            values,
            password: values,
            account: Digest::new([100; 16]),
        }
    }

    /// `told_accounts::learn_of_others`: whether all is known. `is_read`: the read gets there, if there is one.
    pub fn learn_of_others(&mut self, replica: usize, of: usize, is_read: bool, rules: &Rules) -> bool {
        let (other, now, sent) = (1 - of, self.now, self.sent());
        let Some((standing, tried)) = self.tells(replica, other) else {
            return true;
        };
        if !self.may_read(replica, rules) {
            return false;
        }
        let as_tried = tried == sources(self.api.account);
        let office = self.office_mut(replica);
        if !is_read {
            office.told.could_not_read(other, now);
            return office.told.knows(other);
        }
        if as_tried {
            office.gate.learn(sent, standing, now);
        }
        office.told.note_known(other);
        true
    }

    /// Whether a login of this credential reads the source of the other one.
    pub fn reads_of_others(&self, replica: usize, of: usize, rules: &Rules) -> bool {
        self.tells(replica, 1 - of).is_some() && self.may_read(replica, rules)
    }

    fn may_read(&self, replica: usize, rules: &Rules) -> bool {
        let office = self.office(replica);
        !office.stopping && may_act(self, replica, rules) && office.told.not_before <= self.now
    }

    /// `told_accounts::tells`, with the sources that were tried: by the watch, and not by what this process remembers, and only
    /// where that is not known yet.
    fn tells(&self, replica: usize, other: usize) -> Option<(Standing, Vec<String>)> {
        let office = self.office(replica);
        if office.told.knows(other) {
            return None;
        }
        let record = office.cache.credentials[other].status.failure.as_ref()?;
        let tried = record.tried.as_ref()?;
        let standing = Standing::of(record, self.now)?;
        let stands = tried.identity == identity() && tried.sources == sources(office.cache.account);
        let granted = record.pending.as_ref().is_some_and(|pending| {
            let issue = office.cache.issue(other);
            issue.is_some_and(|issue| issue.issue_id == pending.issue_id)
        });
        (stands && !granted).then(|| (standing, tried.sources.clone()))
    }

    /// A process ends, or cannot act any more. That a login was refused which it made, or for whose answer it waits, may stand
    /// in no record yet.
    pub fn forgets_refusals(&mut self, replica: usize) {
        self.untold += u8::from(self.knows_of_refusal(replica) && !self.tells_of_refusal());
    }

    /// Whether a process knows that a login was refused, or is about to.
    pub fn knows_of_refusal(&self, replica: usize) -> bool {
        let desks = self.replicas[replica].office.iter().flat_map(|office| &office.desks);
        let mut desks = desks.map(|desk| desk.awaits_refusal() || self.is_refusal(&desk.memory.requests.own));
        desks.any(|knows| knows)
    }

    /// Whether a record tells of it.
    pub fn tells_of_refusal(&self) -> bool {
        let mut records = self
            .api
            .credentials
            .iter()
            .filter_map(|credential| credential.status.failure.as_ref());
        records.any(|record| self.is_refusal(record))
    }

    fn is_refusal(&self, record: &Failure) -> bool {
        Standing::of(record, self.now).is_some_and(|standing| standing.is_refusal())
    }
}
