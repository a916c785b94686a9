//! What each move makes of the world.

use tracktik_operator::{
    api::{Moment, Span},
    oauth::{Silence, TokenRequestFailure},
};

use crate::{
    api_server::{CREDENTIALS, SecretObject},
    election::may_act,
    invariants::may_be_made,
    moves::How,
    process::{Frozen, Op, Reply, Stage},
    rules::{Rules, Safeguard},
    world::{Lease, REPLICAS, World},
};

/// A call that takes its time takes this long: longer than an announcement may be relied on.
const SLOW: Span = Span::seconds(12);

/// And a token request this long, as `--request-timeout-seconds` is by itself: longer than a claim, or a Lease, lasts.
const LATE: Span = Span::seconds(40);

impl World {
    /// A call, and what becomes of it.
    pub fn call(&mut self, replica: usize, of: usize, how: How, rules: &Rules) {
        let Stage::Calling(op, turn) = self.desk(replica, of).stage.clone() else {
            panic!("no call to be made")
        };
        let lost = |op: &Op| match op {
            Op::Send => Reply::Failed(TokenRequestFailure::NoAnswer(Silence::TimedOut)),
            _ => Reply::Lost,
        };
        match how {
            How::HeldBack => self.held_back(replica, of, rules),
            How::OthersUnread => {
                may_be_made(self, (replica, of), &op, &turn, rules);
                self.answer(replica, of, Reply::OthersUnread, rules);
            }
            How::LostBefore => self.answer(replica, of, Reply::Lost, rules),
            How::Unanswered => {
                may_be_made(self, (replica, of), &op, &turn, rules);
                self.send_in_vain(&turn);
                self.desk_mut(replica, of).stage = Stage::Awaiting(self.now + LATE, lost(&op), turn);
            }
            How::Freezes => self.office_mut(replica).frozen = Some(Frozen { calls: Some(of) }),
            _ => {
                self.unheard += u8::from(how == How::LostAfter && op == Op::Send);
                may_be_made(self, (replica, of), &op, &turn, rules);
                let reply = self.carry_out(replica, of, &op, &turn, rules);
                match how {
                    How::LostAfter => self.answer(replica, of, lost(&op), rules),
                    How::Late => self.desk_mut(replica, of).stage = Stage::Awaiting(self.now + LATE, reply, turn),
                    How::Slow => {
                        self.pass(self.now + SLOW);
                        self.answer(replica, of, reply, rules);
                    }
                    _ => self.answer(replica, of, reply, rules),
                }
            }
        }
    }

    /// The answer to a token request comes that took its time.
    pub fn answer_late(&mut self, replica: usize, of: usize, rules: &Rules) {
        let Stage::Awaiting(_, reply, turn) = self.desk(replica, of).stage.clone() else {
            panic!("no answer is on its way")
        };
        self.desk_mut(replica, of).stage = Stage::Calling(Op::Send, turn);
        self.answer(replica, of, reply, rules);
    }

    /// The process goes on where it stood still: a call that it was about to make goes out now. If the Lease names
    /// another by then, that is all: the claim is asked for before each call, and the process ends.
    pub fn thaw(&mut self, replica: usize, rules: &Rules) {
        let frozen = self.office_mut(replica).frozen.take();
        self.renew();
        for of in 0..CREDENTIALS {
            let was_about_to = frozen.is_some_and(|frozen| frozen.calls == Some(of));
            self.excused[of] |= was_about_to || self.desk(replica, of).memory.held.is_some();
        }
        let mut answer = None;
        if let Some(of) = frozen.and_then(|frozen| frozen.calls) {
            let Stage::Calling(op, turn) = self.desk(replica, of).stage.clone() else {
                panic!("it stands still in the middle of nothing")
            };
            // In office it goes on from there, as if it had not stood still.
            self.strays += u8::from(op == Op::Send && !may_act(self, replica, rules));
            let told = self.tells_of_refusal();
            answer = Some((of, self.carry_out(replica, of, &op, &turn, rules)));
            // Status of another leader is overwritten. It writes its own again, if it is still there.
            let known = (0..REPLICAS).any(|replica| self.knows_of_refusal(replica));
            self.untold += u8::from(told && !known && !self.tells_of_refusal());
        }
        if !may_act(self, replica, rules) {
            return self.restart(replica);
        }
        if let Some((of, reply)) = answer {
            self.answer(replica, of, reply, rules);
        }
        self.wake_due(replica);
    }

    /// Somebody changes a token Secret.
    pub fn meddle(&mut self, of: usize, secret: Option<SecretObject>) {
        self.excused[of] |= self.is_under_way(of);
        self.api.replace(of, secret);
        self.tell(Some(of));
    }

    /// Whether a process that was asked to end has nothing left to do, as `reconcile` and `run_loop` see it: what it holds is
    /// stored first, unless the name is taken, so that no write will be tried.
    pub fn has_drained(&self, replica: usize, rules: &Rules) -> bool {
        (0..CREDENTIALS).all(|of| {
            let desk = self.desk(replica, of);
            let rests = match desk.stage {
                Stage::Asleep { .. } | Stage::Absent => true,
                Stage::Awaiting(..) => rules.lacks(Safeguard::Patience),
                _ => false,
            };
            let holds = desk.memory.held.is_some() && !self.api.is_strangers(of);
            rests && (!holds || rules.lacks(Safeguard::Draining))
        })
    }

    /// It gives the Lease back, and another starts in its place.
    pub fn end(&mut self, replica: usize) {
        if self.lease.holder == self.replicas[replica].name {
            self.lease = Lease::default();
        }
        self.restart(replica);
    }

    /// Whether a request is on its way, or its tokens are not stored yet.
    fn is_under_way(&self, of: usize) -> bool {
        let offices = self.replicas.iter().filter_map(|process| process.office.as_ref());
        offices.map(|office| &office.desks[of]).any(|desk| {
            let rehearsed = match &desk.stage {
                Stage::Attempting(turn) | Stage::Calling(_, turn) | Stage::Awaiting(.., turn) => turn.request.is_some(),
                _ => false,
            };
            rehearsed || desk.memory.held.is_some()
        })
    }

    /// What excused the loss of a token excuses that one alone.
    pub fn end_excuses(&mut self) {
        for of in 0..CREDENTIALS {
            self.excused[of] &= self.is_under_way(of);
        }
    }

    /// The time passes, and whoever sleeps until then is woken.
    pub fn pass(&mut self, at: Moment) {
        self.now = at;
        self.renew();
        for replica in 0..REPLICAS {
            if self.replicas[replica].acts() {
                self.wake_due(replica);
            }
        }
    }

    fn wake_due(&mut self, replica: usize) {
        let now = self.now;
        for of in 0..CREDENTIALS {
            if matches!(self.desk(replica, of).stage, Stage::Asleep { until } if until <= now) {
                self.desk_mut(replica, of).wake();
            }
        }
        self.wake_from_the_gate(replica);
    }

    /// Looks at what has been woken, where that comes to no call: such a look changes nothing for anybody else.
    pub fn settle_what_needs_no_call(&mut self, rules: &Rules) {
        for replica in 0..REPLICAS {
            for of in 0..CREDENTIALS {
                let acts = self.replicas[replica].acts();
                if !acts || self.desk(replica, of).stage != Stage::DUE {
                    continue;
                }
                let mut looked = self.clone();
                looked.go_on(replica, of, rules);
                if matches!(looked.desk(replica, of).stage, Stage::Asleep { .. }) {
                    *self = looked;
                } else {
                    self.desk_mut(replica, of).stage = Stage::Due { calls: true };
                }
            }
        }
    }
}
