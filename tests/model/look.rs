//! As `controller/reconcile.rs`, `controller/act.rs` and `controller/at_the_gate.rs`, up to the next call: nothing in
//! here reaches beyond the process.

use std::rc::Rc;

use tracktik_operator::{
    api::{Grant, Moment, Span},
    rotation::{
        Observation, Step,
        attempt::{Circumstances, Next, Why, is_proven},
        decide::{QUIET_WAIT, decide, times},
        gate::{self, Answer, Outcome, Wait, Waiting},
        observation::Target,
        readiness::issued,
    },
};

use crate::{
    api_server::{CREDENTIALS, Status},
    election,
    invariants::Broken,
    observe::{latest_status, observe},
    process::{Op, Request, Stage, Turn},
    rules::{Rules, Safeguard},
    world::World,
};

/// `token_request::NOT_SENT_PAUSE`.
const NOT_SENT_PAUSE: Span = Span::minutes(1);

/// `at_the_gate::LONGEST_WAIT`.
const LONGEST_WAIT: Span = Span::minutes(10);

impl World {
    /// Goes on with a credential until the next call, or until there is nothing to do now.
    pub fn go_on(&mut self, replica: usize, of: usize, rules: &Rules) {
        loop {
            match self.desk(replica, of).stage.clone() {
                Stage::Absent | Stage::Asleep { .. } | Stage::Calling(..) => return,
                Stage::Due { .. } => self.look(replica, of, rules),
                Stage::Attempting(turn) => self.attempt(replica, of, Rc::unwrap_or_clone(turn), rules),
            }
        }
    }

    fn look(&mut self, replica: usize, of: usize, rules: &Rules) {
        let now = self.now;
        let seen = observe(self.office_mut(replica), of, now, rules);
        if seen.thrown_away && !self.excused[of] {
            self.breaks(Broken::TokenThrownAway);
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
        match turn.decision.step {
            Step::Wait => self.settle(replica, of, turn, rules),
            Step::Login => self.ask_gate(replica, of, turn, Grant::Password, rules),
            Step::Refresh => self.ask_gate(replica, of, turn, Grant::Refresh, rules),
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
    fn ask_gate(&mut self, replica: usize, of: usize, mut turn: Turn, grant: Grant, rules: &Rules) {
        let no_request_before = self.desk(replica, of).memory.no_request_before;
        if no_request_before > self.now {
            turn.next = no_request_before;
            return self.settle(replica, of, turn, rules);
        }
        let wish = gate::Request {
            credential: ["default/a", "default/b"][of].to_owned(),
            host: "acme.staffr.net".to_owned(),
            proven: is_proven(&turn.seen, &self.desk(replica, of).memory.requests),
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
            Answer::Wait(wait) => self.wait_at_the_gate(replica, of, turn, wait, rules),
        }
    }

    /// `wait_at_the_gate`.
    pub fn wait_at_the_gate(&mut self, replica: usize, of: usize, mut turn: Turn, wait: Wait, rules: &Rules) {
        let memory = &mut self.desk_mut(replica, of).memory;
        let since = memory.waiting.map_or(turn.now.whole_second(), |waiting| waiting.since);
        memory.waiting = Some(Waiting { since, wait });
        let says_so = since + QUIET_WAIT + Span::seconds(1);
        let longest = turn.now + LONGEST_WAIT;
        let pause = wait.until.unwrap_or(longest).min(longest);
        let next = if says_so > turn.now { says_so } else { pause };
        turn.next = next.max(turn.now + Span::seconds(1));
        turn.in_line = true;
        self.settle(replica, of, turn, rules);
    }

    /// What comes next in an attempt, `token_request::prepare`.
    fn attempt(&mut self, replica: usize, of: usize, mut turn: Turn, rules: &Rules) {
        let around = self.circumstances(replica, rules);
        let now = self.now;
        let remembered = self.desk(replica, of).memory.requests.clone();
        let Some(mut attempt) = turn.request.as_mut().and_then(|request| request.attempt.take()) else {
            panic!("an attempt without one")
        };
        let next = attempt.next(&turn.seen, &remembered, &around, now);
        let op = match next {
            Next::Rehearse => panic!("it is rehearsed with the reads"),
            Next::Announce(_) if rules.lacks(Safeguard::Announcement) => None,
            Next::MarkTried if rules.lacks(Safeguard::Mark) => None,
            Next::Announce(record) => {
                let memory = &mut self.desk_mut(replica, of).memory;
                attempt.announced(*record, &mut turn.seen, &mut memory.requests);
                let status = self.status_to_write(replica, of, &turn.seen);
                Some(Op::Announce(Box::new(status)))
            }
            Next::MarkTried => Some(Op::MarkTried),
            Next::Send => Some(Op::Send),
            Next::Abandon(why) => {
                turn.request.as_mut().unwrap().attempt = Some(attempt);
                let until = match why {
                    Why::Stale => self.pause_requests(replica, of, NOT_SENT_PAUSE),
                    _ => turn.decision.until,
                };
                return self.not_sent(replica, of, turn, until, rules);
            }
        };
        let request = turn.request.as_mut().unwrap();
        request.attempt = Some(attempt);
        request.issued_at = now.whole_second();
        match op {
            Some(op) => self.calls(replica, of, op, turn),
            None => self.desk_mut(replica, of).stage = Stage::Attempting(Rc::new(turn)),
        }
    }

    fn circumstances(&self, replica: usize, rules: &Rules) -> Circumstances {
        let office = self.office(replica);
        Circumstances {
            steady: self.now,
            started: office.started,
            status_accepted: office.status_accepted,
            credentials_in_view: true,
            stopping: false,
            leading: election::may_act(self, replica, rules),
        }
    }

    /// `pause_requests`: until when.
    pub fn pause_requests(&mut self, replica: usize, of: usize, pause: Span) -> Moment {
        let until = self.now + pause;
        self.desk_mut(replica, of).memory.no_request_before = until;
        until
    }

    /// It is known that the request is not sent: the announcement is taken back, and so is the place.
    pub fn not_sent(&mut self, replica: usize, of: usize, mut turn: Turn, until: Moment, rules: &Rules) {
        self.give_up(replica, of, &mut turn, rules);
        turn.next = until;
        self.settle(replica, of, turn, rules);
    }

    /// The same, and it is looked at again at once.
    pub fn give_up(&mut self, replica: usize, of: usize, turn: &mut Turn, rules: &Rules) {
        let now = self.now;
        let Some(request) = turn.request.take() else { return };
        if let Some(attempt) = request.attempt {
            let memory = &mut self.desk_mut(replica, of).memory;
            attempt.take_back(&mut turn.seen, &mut memory.requests);
        }
        if rules.lacks(Safeguard::PlaceGivenBack) {
            return;
        }
        let gate = &mut self.office_mut(replica).gate;
        gate.finish(&request.place, Outcome::NotSent, now);
        self.wake_from_the_gate(replica);
    }

    /// The end of a reconcile: status is brought up to date where it differs, `record::record`.
    pub fn settle(&mut self, replica: usize, of: usize, mut turn: Turn, _rules: &Rules) {
        turn.seen.waiting = self.desk(replica, of).memory.waiting;
        let status = self.status_to_write(replica, of, &turn.seen);
        let desk = self.desk(replica, of);
        if status == *latest_status(&self.office(replica).cache, of, &desk.memory) {
            self.finished(replica, of, &turn);
        } else {
            self.calls(replica, of, Op::Record(Box::new(status)), turn);
        }
    }

    /// The queue has it again.
    pub fn finished(&mut self, replica: usize, of: usize, turn: &Turn) {
        if !turn.in_line {
            self.office_mut(replica).gate.leave(["default/a", "default/b"][of]);
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
        for of in 0..CREDENTIALS {
            if woken
                .iter()
                .any(|credential| credential == ["default/a", "default/b"][of])
            {
                self.desk_mut(replica, of).wake();
            }
        }
    }

    /// `record::desired`, of the fields that the operator reads again.
    fn status_to_write(&self, replica: usize, of: usize, seen: &Observation) -> Status {
        let memory = &self.desk(replica, of).memory;
        let earlier = latest_status(&self.office(replica).cache, of, memory);
        let has_token = matches!(&seen.target, Target::Ours(ours) if ours.issue.is_some());
        Status {
            failure: (!seen.failure.is_empty()).then(|| seen.failure.clone()),
            token_secret: memory.wrote.max(earlier.token_secret).filter(|_| has_token),
            issued: issued(seen),
            handled_rotate: memory.requests.handled_rotate(earlier.handled_rotate.as_ref()),
        }
    }
}
