//! What a process makes of the answer to a call: as the second halves of `controller/token_request.rs`,
//! `refresh_token.rs`, `store_held.rs` and `repair.rs`.

use std::rc::Rc;

use tracktik_operator::{
    api::{Moment, Reason, Span},
    oauth::{ConnectFault, TokenRequestFailure},
    rotation::{
        backoff::doubling,
        failure_record::Setback,
        gate::Outcome,
        observation::{Content, Issue, Problem, Trouble},
    },
};

use crate::{
    api_server::SecretObject,
    observe::{fingerprint, uid},
    process::{HeldTokens, Memory, Op, Reply, Stage, Turn},
    rules::{Rules, Safeguard},
    world::World,
};

/// How long a token lives.
const LIFETIME: Span = Span::hours(1);

impl World {
    /// Hands an answer to the credential that waits for it.
    pub fn answer(&mut self, replica: usize, of: usize, reply: Reply, rules: &Rules) {
        let Stage::Calling(op, turn) = self.desk(replica, of).stage.clone() else {
            panic!("nobody waits for an answer")
        };
        let turn = Rc::unwrap_or_clone(turn);
        match op {
            Op::Prepare(grant) => self.prepared(replica, of, turn, grant, &reply, rules),
            Op::Announce(status) => self.announced(replica, of, turn, *status, &reply, rules),
            Op::MarkTried => self.marked(replica, of, turn, reply, true, rules),
            Op::MarkPutBack => self.marked(replica, of, turn, reply, false, rules),
            Op::Send => self.answered(replica, of, turn, &reply, rules),
            Op::Store => self.stored(replica, of, &turn, reply, rules),
            Op::Verify => self.verified(replica, of, turn, &reply, rules),
            Op::Record(status) => self.recorded(replica, of, turn, *status, &reply, rules),
        }
    }

    /// Something was done, or learned.
    pub fn look_again(&mut self, replica: usize, of: usize) {
        self.desk_mut(replica, of).stage = Stage::DUE;
    }

    fn marked(&mut self, replica: usize, of: usize, mut turn: Turn, reply: Reply, in_attempt: bool, rules: &Rules) {
        let issue_id = turn.seen.issue().map(|issue| issue.issue_id.clone());
        if let Reply::Wrote(secret) = reply {
            let marked = secret.tried == issue_id;
            let memory = &mut self.desk_mut(replica, of).memory;
            remember_own_write(memory, &secret);
            turn.token_secret = Some(secret);
            assert!(marked, "nobody strips annotations in this world");
            memory.refresh_tried = issue_id;
            if in_attempt {
                accepted(memory);
                self.desk_mut(replica, of).stage = Stage::Attempting(Rc::new(turn));
            } else {
                self.look_again(replica, of);
            }
            return;
        }
        self.refused(replica, of, turn, &reply, rules);
    }

    /// A conflict is tried again soon; a refusal has a pace of its own. `refusal::retry_conflict`, `refusal::record`.
    pub fn refused(&mut self, replica: usize, of: usize, mut turn: Turn, reply: &Reply, rules: &Rules) {
        self.give_up(replica, of, &mut turn, rules);
        if *reply == Reply::Conflict {
            turn.next = self.retry_conflict(replica, of);
            self.settle(replica, of, turn);
        } else {
            self.record_trouble(replica, of, &turn);
            self.look_again(replica, of);
        }
    }

    pub fn retry_conflict(&mut self, replica: usize, of: usize) -> Moment {
        self.forget_what_is_gone(replica, of);
        let now = self.now;
        let memory = &mut self.desk_mut(replica, of).memory;
        memory.conflicts += 1;
        now + doubling(Span::millis(200), memory.conflicts, Span::seconds(10))
    }

    fn forget_what_is_gone(&mut self, replica: usize, of: usize) {
        if self.office(replica).cache.slots[of].secret.is_none() {
            self.desk_mut(replica, of).memory.token_secret = None;
        }
    }

    fn record_trouble(&mut self, replica: usize, of: usize, turn: &Turn) {
        let fingerprint = fingerprint(turn.token_secret.as_deref(), &self.office(replica).cache);
        let now = self.now;
        let memory = &mut self.desk_mut(replica, of).memory;
        let again = memory.trouble.as_ref().is_some_and(|(of, _)| *of == fingerprint);
        memory.troubles = if again { memory.troubles + 1 } else { 1 };
        let pace = doubling(Span::seconds(10), memory.troubles, Span::minutes(5));
        let trouble = Trouble {
            permanent: false,
            problem: Problem {
                reason: Reason::TargetNotWritable,
                message: String::new(),
            },
            next: (now + pace).next_whole_second(),
        };
        memory.trouble = Some((fingerprint, trouble));
    }

    fn answered(&mut self, replica: usize, of: usize, mut turn: Turn, reply: &Reply, rules: &Rules) {
        let now = self.now;
        let request = turn.request.take().unwrap();
        let attempt = request.attempt.unwrap();
        let failure = match reply {
            Reply::Tokens => None,
            Reply::Failed(failure) => Some(*failure),
            _ => Some(TokenRequestFailure::NotConnected(ConnectFault::Refused)),
        };
        let memory = &mut self.desk_mut(replica, of).memory;
        memory.waiting = None;
        let issued_at = request.issued_at;
        memory.requests.sent(attempt.cause, &attempt.stands, issued_at);
        let outcome = failure.map_or(Outcome::Token, TokenRequestFailure::at_the_gate);
        let held = if rules.lacks(Safeguard::HeldPlaces) && outcome.may_count_as_failed() {
            Outcome::NotSent
        } else {
            outcome
        };
        self.office_mut(replica).gate.finish(&request.place, held, now);
        let read = attempt.stands.sources.clone();
        let memory = &mut self.desk_mut(replica, of).memory;
        match failure {
            None => {
                let before = &turn.seen.failure;
                memory.requests.granted(before, &attempt.stands, &read, issued_at, now);
                let issue = Issue {
                    issue_id: attempt.issue_id,
                    issued_at,
                    expires_at: issued_at + LIFETIME,
                    identity: attempt.stands.identity,
                    sources: read,
                    ..Issue::default()
                };
                memory.held = Some(HeldTokens {
                    issue,
                    over: turn.seen.issue().map(|in_place| in_place.issue_id.clone()),
                    failures: 0,
                    not_before: issued_at,
                });
            }
            Some(failure) => {
                let setback = Setback {
                    reason: failure.reason(),
                    message: failure.message("acme.staffr.net"),
                    pace: failure.pace(),
                    may_have_sent: failure.may_have_sent(),
                    retry_after: failure.retry_after(),
                };
                let of_attempt = (attempt.issue_id.as_str(), attempt.stands);
                memory
                    .requests
                    .failed(&turn.seen.failure, &uid(of), of_attempt, &setback, now);
            }
        }
        self.wake_from_the_gate(replica);
        self.look_again(replica, of);
    }

    fn stored(&mut self, replica: usize, of: usize, turn: &Turn, reply: Reply, rules: &Rules) {
        let now = self.now;
        if let Reply::Wrote(secret) = reply {
            let memory = &mut self.desk_mut(replica, of).memory;
            memory.held = None;
            accepted(memory);
            remember_own_write(memory, &secret);
            return self.look_again(replica, of);
        }
        let memory = &mut self.desk_mut(replica, of).memory;
        if rules.lacks(Safeguard::Holding) {
            memory.held = None;
        } else if let Some(held) = &mut memory.held {
            held.failures += 1;
            held.not_before = now + doubling(Span::millis(100), held.failures, Span::seconds(30));
        }
        match reply {
            Reply::Conflict => self.forget_what_is_gone(replica, of),
            _ => self.record_trouble(replica, of, turn),
        }
        self.look_again(replica, of);
    }

    fn verified(&mut self, replica: usize, of: usize, mut turn: Turn, reply: &Reply, rules: &Rules) {
        if *reply != Reply::Done {
            self.record_trouble(replica, of, &turn);
        }
        let found = self.api.slots[of].secret.clone();
        let found = found.filter(|secret| secret.ours && *reply == Reply::Done);
        let Some(secret) = found else {
            turn.next = self.retry_conflict(replica, of);
            return self.settle(replica, of, turn);
        };
        let memory = &mut self.desk_mut(replica, of).memory;
        let verified = Some((secret.version, Content::Good));
        memory.verified = verified.filter(|_| !rules.lacks(Safeguard::Verification));
        memory.token_secret = Some(secret);
        memory.conflicts = 0;
        self.look_again(replica, of);
    }
}

/// `Memory::accepted`.
pub fn accepted(memory: &mut Memory) {
    memory.trouble = None;
    memory.troubles = 0;
    memory.conflicts = 0;
}

/// `Turn::remember_own_write`.
fn remember_own_write(memory: &mut Memory, secret: &Rc<SecretObject>) {
    memory.wrote = Some(secret.version);
    memory.verified = None;
    memory.token_secret = Some(Rc::clone(secret));
}
