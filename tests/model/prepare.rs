//! As `token_request::prepare` up to the rehearsal, with `sources.rs`, `at_the_gate.rs` and `dry_run.rs`: reads alone, so they
//! are one call.

use std::rc::Rc;

use tracktik_operator::{
    api::{Grant, Moment},
    rotation::{
        attempt::{Attempt, Circumstances, Next, is_proven},
        decide::{decide, now_stands},
        gate::{AccountAnswer, Refusal, Wait, WaitsFor},
        observation::Sources,
        standing::Standing,
    },
};

use crate::{
    answers::accepted,
    observe::{sources, uid},
    process::{Reply, Stage, Turn},
    rules::{Rules, Safeguard},
    told::AGAIN,
    world::World,
};

/// `at_the_gate::refused_for_another`.
const REFUSED_FOR_ANOTHER: &str = "refused for another";

/// When the token in place was issued, if it was granted for what stands: as `at_the_gate::proven_since`.
fn granted_for_these(turn: &Turn) -> Option<Moment> {
    let issue = turn.seen.issue()?;
    let same = issue.identity == turn.seen.identity && issue.sources == turn.seen.sources.versions;
    same.then_some(issue.issued_at)
}

impl World {
    pub fn prepared(&mut self, replica: usize, of: usize, mut turn: Turn, grant: Grant, reply: &Reply, rules: &Rules) {
        if !matches!(reply, Reply::Done | Reply::OthersUnread) {
            return self.refused(replica, of, turn, reply, rules);
        }
        turn.seen.sources = Sources {
            versions: sources(self.api.account),
            problem: None,
        };
        let again = decide(&turn.seen, turn.now);
        if again.step.grant() != Some(grant) {
            if self.office(replica).cache.account == self.api.account {
                self.give_up(replica, of, &mut turn, rules);
                return self.look_again(replica, of);
            }
            return self.refused(replica, of, turn, &Reply::Conflict, rules);
        }
        turn.decision = again;
        self.learn_from_own_record(replica, of, &turn);
        match grant {
            Grant::Password if !rules.lacks(Safeguard::AccountGuard) => {
                match self.may_send(replica, of, &mut turn, reply, rules) {
                    None => return self.not_sent(replica, of, turn, self.now + AGAIN, rules),
                    Some(AccountAnswer::Go) => {}
                    Some(AccountAnswer::Busy) => {
                        self.give_up(replica, of, &mut turn, rules);
                        let wait = Wait {
                            what: WaitsFor::Account,
                            until: None,
                        };
                        return self.wait_at_the_gate(replica, of, turn, wait);
                    }
                    Some(AccountAnswer::Rejected(refusal)) => {
                        return self.refused_by_the_guard(replica, of, turn, refusal, rules);
                    }
                }
            }
            Grant::Password => {}
            Grant::Refresh => {
                let live = self.api.slots[of].secret.as_ref().filter(|secret| secret.ours);
                let known = turn.token_secret.as_ref().map(|secret| secret.version);
                let found = live.filter(|secret| Some(secret.version) == known);
                let Some(issue) = found.and_then(|secret| secret.issue.as_ref()) else {
                    return self.refused(replica, of, turn, &Reply::Conflict, rules);
                };
                let id = issue.issue_id.clone();
                turn.request.as_mut().unwrap().refresh_token = Some(id);
            }
        }
        self.rehearsed(replica, of, turn, grant, rules);
    }

    /// `at_the_gate::may_send`, of a login; nothing where it is not known yet what others have tried.
    fn may_send(
        &mut self,
        replica: usize,
        of: usize,
        turn: &mut Turn,
        reply: &Reply,
        rules: &Rules,
    ) -> Option<AccountAnswer> {
        let (now, sent) = (self.now, self.sent());
        let proven = is_proven(&turn.seen, &self.desk(replica, of).memory.requests);
        if !rules.lacks(Safeguard::LearningOfOthers) {
            let all_known = self.learn_of_others(replica, of, *reply == Reply::Done, rules);
            if !all_known && !proven {
                return None;
            }
        }
        let gate = &mut self.office_mut(replica).gate;
        if let Some(issued_at) = granted_for_these(turn).filter(|_| proven) {
            gate.worked(sent, issued_at);
        }
        let by_request = turn.seen.rotate_asked().is_some();
        let place = &turn.request.as_ref().unwrap().place;
        let answer = gate.ask_account(place, sent, by_request, now);
        if let (AccountAnswer::Go | AccountAnswer::Rejected(_), Some(standing)) = (answer, gate.standing(place, sent)) {
            let stands = now_stands(&turn.seen);
            turn.seen.failure = standing.carried_over(&turn.seen.failure, &stands, REFUSED_FOR_ANOTHER);
        }
        Some(answer)
    }

    /// `at_the_gate::learn_from_own_record`.
    fn learn_from_own_record(&mut self, replica: usize, of: usize, turn: &Turn) {
        let (now, sent) = (self.now, self.sent());
        let (record, stands) = (&turn.seen.failure, now_stands(&turn.seen));
        let tried = record.tried.as_ref();
        let of_these = tried.is_some_and(|tried| tried.identity == stands.identity && tried.sources == stands.sources);
        let office = self.office_mut(replica);
        office.told.note_known(of);
        if let Some(standing) = Standing::of(record, now).filter(|_| of_these) {
            let until = standing.until.min(now);
            office.gate.learn(sent, Standing { until, ..standing }, now);
        }
    }

    fn refused_by_the_guard(&mut self, replica: usize, of: usize, mut turn: Turn, refusal: Refusal, rules: &Rules) {
        self.give_up(replica, of, &mut turn, rules);
        let (now, stands) = (self.now, now_stands(&turn.seen));
        let requests = &mut self.desk_mut(replica, of).memory.requests;
        requests.refused(&turn.seen.failure, stands, REFUSED_FOR_ANOTHER, refusal, now);
        self.look_again(replica, of);
    }

    fn rehearsed(&mut self, replica: usize, of: usize, mut turn: Turn, grant: Grant, rules: &Rules) {
        self.attempts[of] += 1;
        let id = format!("{}{}", uid(of), self.attempts[of]);
        let mut attempt = Attempt::new(grant, turn.decision.because, id, &turn.seen);
        let remembered = self.desk(replica, of).memory.requests.clone();
        let around = Circumstances {
            steady: self.now,
            started: self.now,
            status_accepted: true,
            credentials_in_view: true,
            stopping: false,
            leading: true,
        };
        let next = attempt.next(&turn.seen, &remembered, &around, self.now);
        assert_eq!(next, Next::Rehearse, "nothing comes before the rehearsal");
        if !rules.lacks(Safeguard::Rehearsal) && self.api.dry_run(of, turn.precondition()).is_err() {
            return self.refused(replica, of, turn, &Reply::Conflict, rules);
        }
        turn.seen.trouble = None;
        let request = turn.request.as_mut().unwrap();
        request.attempt = Some(attempt);
        let desk = self.desk_mut(replica, of);
        if grant == Grant::Password {
            accepted(&mut desk.memory);
        }
        desk.stage = Stage::Attempting(Rc::new(turn));
    }
}
