//! As `token_request::prepare` up to the rehearsal, with `sources.rs` and `dry_run.rs`: reads alone, so they are one call.

use std::rc::Rc;

use tracktik_operator::{
    api::Grant,
    rotation::{
        attempt::{Attempt, Circumstances, Next},
        decide::{decide, now_stands},
        gate::{AccountAnswer, Digest, Refusal, Sent, Wait, WaitsFor},
        observation::Sources,
    },
};

use crate::{
    answers::accepted,
    observe::{sources, uid},
    process::{Reply, Stage, Turn},
    rules::{Rules, Safeguard},
    world::World,
};

impl World {
    pub fn prepared(&mut self, replica: usize, of: usize, mut turn: Turn, grant: Grant, reply: &Reply, rules: &Rules) {
        if *reply != Reply::Done {
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
        match grant {
            Grant::Password if !rules.lacks(Safeguard::AccountGuard) => match self.may_send(replica, &turn) {
                AccountAnswer::Go => {}
                AccountAnswer::Busy => {
                    self.give_up(replica, of, &mut turn, rules);
                    let wait = Wait {
                        what: WaitsFor::Account,
                        until: None,
                    };
                    return self.wait_at_the_gate(replica, of, turn, wait);
                }
                AccountAnswer::Rejected(refusal) => {
                    return self.refused_by_the_guard(replica, of, turn, refusal, rules);
                }
            },
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

    fn may_send(&mut self, replica: usize, turn: &Turn) -> AccountAnswer {
        let now = self.now;
        // One account, and one password for as long as its Secret is not edited.
        let values = Digest::new([u8::try_from(self.api.account % 100).unwrap(); 16]);
        let sent = Sent {
            values,
            password: values,
            account: Digest::new([100; 16]),
        };
        let by_request = turn.seen.rotate_asked().is_some();
        let place = turn.request.as_ref().unwrap().place.clone();
        let gate = &mut self.office_mut(replica).gate;
        gate.ask_account(&place, sent, by_request, now)
    }

    fn refused_by_the_guard(&mut self, replica: usize, of: usize, mut turn: Turn, refusal: Refusal, rules: &Rules) {
        self.give_up(replica, of, &mut turn, rules);
        let (now, stands) = (self.now, now_stands(&turn.seen));
        let requests = &mut self.desk_mut(replica, of).memory.requests;
        requests.refused(&turn.seen.failure, stands, "refused for another", refusal, now);
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
