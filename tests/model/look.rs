//! As `controller/reconcile.rs`, `controller/act.rs` and `controller/at_the_gate.rs`, up to the next call: nothing in
//! here reaches beyond the process.

use std::rc::Rc;

use tracktik_operator::{
    api::{Grant, Span},
    rotation::{
        Step,
        attempt::trust,
        decide::{decide, times},
        gate::{self, Answer, Wait, Waiting},
        patience::QUIET_WAIT,
    },
};

use crate::{
    invariants::Broken,
    observe::observe,
    process::{Op, Request, Stage, Turn},
    rules::Rules,
    world::{NAMES, World},
};

/// `at_the_gate::LONGEST_WAIT`.
const LONGEST_WAIT: Span = Span::minutes(10);

impl World {
    /// Goes on with a credential until the next call, or until there is nothing to do now.
    pub fn go_on(&mut self, replica: usize, of: usize, rules: &Rules) {
        loop {
            match self.desk(replica, of).stage.clone() {
                Stage::Absent | Stage::Asleep { .. } | Stage::Calling(..) | Stage::Awaiting(..) => return,
                Stage::Due { .. } if self.office(replica).cut_off => return,
                Stage::Due { .. } => self.look(replica, of, rules),
                Stage::Attempting(turn) => self.attempt(replica, of, Rc::unwrap_or_clone(turn), rules),
            }
        }
    }

    fn look(&mut self, replica: usize, of: usize, rules: &Rules) {
        let now = self.now;
        let seen = observe(self.office_mut(replica), of, now, rules);
        let requests = &self.desk(replica, of).memory.requests;
        let pending = requests.failure.as_deref().and_then(|record| record.pending.as_ref());
        if pending.is_some_and(|pending| Some(&pending.issue_id) == requests.announced.as_ref()) {
            // Of a request of its own it knows what became of it, whenever it looks.
            self.breaks(Broken::WaitsForNothing);
        }
        let decision = decide(&seen.observation, now);
        let mut turn = Turn {
            seen: seen.observation,
            now,
            token_secret: seen.token_secret,
            request: None,
            next: decision.until,
            in_line: false,
            decision,
        };
        if turn.decision.step.grant().is_none() {
            self.desk_mut(replica, of).memory.waiting = None;
            turn.seen.waiting = None;
        }
        let begins = !self.office(replica).stopping || turn.decision.step == Step::StoreHeld;
        match turn.decision.step {
            _ if !begins => self.settle(replica, of, turn),
            Step::Wait => self.settle(replica, of, turn),
            Step::Login => self.ask_gate(replica, of, turn, Grant::Password),
            Step::Refresh => self.ask_gate(replica, of, turn, Grant::Refresh),
            Step::MarkTried => self.calls(replica, of, Op::MarkPutBack, turn),
            Step::StoreHeld => self.calls(replica, of, Op::Store, turn),
            Step::Verify => self.calls(replica, of, Op::Verify, turn),
            Step::Repair | Step::DeleteOldTarget(_) => panic!("nobody drifts in this world"),
        }
    }

    /// The next thing that the credential does is this call.
    pub fn calls(&mut self, replica: usize, of: usize, op: Op, turn: Turn) {
        self.desk_mut(replica, of).stage = Stage::Calling(op, Rc::new(turn));
    }

    /// `request_token`, up to the first read.
    fn ask_gate(&mut self, replica: usize, of: usize, mut turn: Turn, grant: Grant) {
        let no_request_before = self.desk(replica, of).memory.no_request_before;
        if no_request_before > self.now {
            turn.next = no_request_before;
            return self.settle(replica, of, turn);
        }
        let memory = &self.desk(replica, of).memory;
        let waits_since = memory.waiting.map_or(turn.now, |waiting| waiting.since.min(turn.now));
        let wish = gate::Request {
            credential: NAMES[of].to_owned(),
            host: "acme.staffr.net".to_owned(),
            trust: trust(&turn.seen, &memory.requests, waits_since),
            expires: times(&turn.seen, turn.now)
                .map(|times| times.expires)
                .unwrap_or_default(),
        };
        let now = self.now;
        match self.office_mut(replica).gate.ask(&wish, now) {
            Answer::Go(place) => {
                turn.request = Some(Request {
                    place,
                    attempt: None,
                    refresh_token: None,
                    issued_at: now,
                });
                self.calls(replica, of, Op::Prepare(grant), turn);
            }
            Answer::Wait(wait) => self.wait_at_the_gate(replica, of, turn, wait),
        }
    }

    /// `wait_at_the_gate`.
    pub fn wait_at_the_gate(&mut self, replica: usize, of: usize, mut turn: Turn, wait: Wait) {
        let memory = &mut self.desk_mut(replica, of).memory;
        let since = memory.waiting.map_or(turn.now.whole_second(), |waiting| waiting.since);
        memory.waiting = Some(Waiting { since, wait });
        let says_so = since + QUIET_WAIT + Span::seconds(1);
        let longest = turn.now + LONGEST_WAIT;
        let pause = wait.until.unwrap_or(longest).min(longest);
        let next = if says_so > turn.now { says_so } else { pause };
        turn.next = next.max(turn.now + Span::seconds(1));
        turn.in_line = true;
        self.settle(replica, of, turn);
    }
}
