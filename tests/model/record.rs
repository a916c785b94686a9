//! As `controller/record.rs` and the end of `controller/reconcile.rs`: status, what became of writing it, and when the
//! credential is looked at next.

use std::rc::Rc;

use tracktik_operator::{
    api::Span,
    controller::others::kept_back,
    rotation::{Observation, backoff::doubling, decide::times, observation::Target, readiness::issued},
};

use crate::{
    api_server::Status,
    observe::latest_status,
    others::not_to_be_lost,
    process::{Op, Reply, Stage, Turn},
    rules::{Rules, Safeguard},
    world::{NAMES, World},
};

impl World {
    /// The end of a reconcile: status is brought up to date where it differs, `record::record`.
    pub fn settle(&mut self, replica: usize, of: usize, mut turn: Turn) {
        turn.seen.waiting = self.desk(replica, of).memory.waiting;
        let status = self.status_to_write(replica, of, &turn.seen);
        let memory = &self.desk(replica, of).memory;
        let earlier = latest_status(&self.office(replica).cache, of, memory);
        if status == *earlier {
            return self.finished(replica, of, &turn);
        }
        let Some(pause) = kept_back(&memory.overwritten, turn.now) else {
            return self.calls(replica, of, Op::Record(Box::new(status)), turn);
        };
        let part = not_to_be_lost(&status, earlier, turn.now);
        turn.next = turn.next.min(turn.now + pause);
        match part {
            Some(part) => self.calls(replica, of, Op::Record(Box::new(part)), turn),
            None => self.finished(replica, of, &turn),
        }
    }

    /// The queue has it again.
    pub fn finished(&mut self, replica: usize, of: usize, turn: &Turn) {
        if !turn.in_line {
            self.office_mut(replica).gate.leave(NAMES[of]);
        }
        let expires = times(&turn.seen, turn.now).map(|times| times.expires);
        let expiry = expires.filter(|expires| *expires > turn.now);
        let until = expiry.map_or(turn.next, |expiry| expiry.min(turn.next));
        let desk = self.desk_mut(replica, of);
        desk.stage = if std::mem::take(&mut desk.again) {
            Stage::DUE
        } else {
            Stage::Asleep { until }
        };
        self.wake_from_the_gate(replica);
    }

    /// `run_loop`: whom the gate names is looked at.
    pub fn wake_from_the_gate(&mut self, replica: usize) {
        let now = self.now;
        let woken = self.office_mut(replica).gate.to_wake(now);
        for (of, name) in NAMES.iter().enumerate() {
            if woken.iter().any(|credential| credential == name) {
                self.desk_mut(replica, of).wake();
            }
        }
    }

    /// `record::desired`, of the fields that the operator reads again.
    pub fn status_to_write(&self, replica: usize, of: usize, seen: &Observation) -> Status {
        let memory = &self.desk(replica, of).memory;
        let earlier = latest_status(&self.office(replica).cache, of, memory);
        let has_token = matches!(&seen.target, Target::Ours(ours) if ours.issue.is_some());
        Status {
            failure: (!seen.failure.is_empty()).then(|| seen.failure.clone()),
            token_secret: memory.wrote.max(earlier.token_secret).filter(|_| has_token),
            issued: issued(seen),
            handled_rotate: memory
                .requests
                .handled_rotate(earlier.handled_rotate.as_ref(), seen.rotate.as_ref()),
        }
    }

    /// An announcement was answered.
    pub fn announced(&mut self, replica: usize, of: usize, turn: Turn, status: Status, reply: &Reply, rules: &Rules) {
        if let Reply::StatusWritten(version) = reply {
            self.status_accepted(replica, of, *version, status, rules);
            self.desk_mut(replica, of).stage = Stage::Attempting(Rc::new(turn));
            return;
        }
        let pause = self.status_pace(replica, of, status);
        let until = self.pause_requests(replica, of, pause);
        self.not_sent(replica, of, turn, until, rules);
    }

    fn status_accepted(&mut self, replica: usize, of: usize, version: u64, status: Status, rules: &Rules) {
        let memory = &mut self.desk_mut(replica, of).memory;
        memory.status = Some((version, status)).filter(|_| !rules.lacks(Safeguard::OwnStatus));
        memory.status_failures = 0;
        memory.unanswered = None;
        self.office_mut(replica).status_accepted = true;
    }

    /// `record::pace`, after one more status that could not be written.
    fn status_pace(&mut self, replica: usize, of: usize, unanswered: Status) -> Span {
        let memory = &mut self.desk_mut(replica, of).memory;
        memory.unanswered = Some(unanswered);
        memory.status_failures += 1;
        doubling(Span::seconds(1), memory.status_failures, Span::minutes(1))
    }

    /// Status at the end of a reconcile was answered.
    pub fn recorded(
        &mut self,
        replica: usize,
        of: usize,
        mut turn: Turn,
        status: Status,
        reply: &Reply,
        rules: &Rules,
    ) {
        if let Reply::StatusWritten(version) = reply {
            self.status_accepted(replica, of, *version, status, rules);
        } else {
            let pace = self.status_pace(replica, of, status);
            turn.next = turn.next.min(turn.now + pace);
        }
        self.finished(replica, of, &turn);
    }
}
