//! As the second half of `controller/token_request.rs::prepare`: the steps of an attempt, in the order that
//! `rotation/attempt.rs` gives them, and what is done where a request is not sent.

use std::rc::Rc;

use tracktik_operator::{
    api::{Moment, Span},
    rotation::{
        attempt::{Circumstances, Next, Why},
        gate::Outcome,
    },
};

use crate::{
    election,
    process::{Op, Stage, Turn},
    rules::{Rules, START, Safeguard},
    world::World,
};

/// `token_request::NOT_SENT_PAUSE`.
const NOT_SENT_PAUSE: Span = Span::minutes(1);

impl World {
    /// What comes next in an attempt, `token_request::prepare`.
    pub fn attempt(&mut self, replica: usize, of: usize, mut turn: Turn, rules: &Rules) {
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
        let long_there = rules.lacks(Safeguard::NewLeadersAnnounce);
        Circumstances {
            steady: self.now,
            started: if long_there {
                START - Span::hours(1)
            } else {
                office.started
            },
            status_accepted: office.status_accepted || long_there,
            credentials_in_view: true,
            stopping: office.stopping,
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
        self.settle(replica, of, turn);
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
}
