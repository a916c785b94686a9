//! What may happen next: a call that goes well or not, a process that dies, stands still or goes on, somebody's hands,
//! and, where nobody has anything to do, the time.

use tracktik_operator::{
    api::{Moment, Span},
    oauth::{Silence, TokenRequestFailure},
};

use crate::{
    api_server::{CREDENTIALS, SecretObject},
    election::{may_act, waits_until},
    invariants::may_be_made,
    process::{Frozen, Op, Reply, Stage},
    rules::{Hands, Rules},
    world::{REPLICAS, World},
};

/// A call that takes its time takes this long: longer than an announcement may be relied on.
const SLOW: Span = Span::seconds(12);

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A replica takes the Lease.
    Elected(usize),
    /// The next call of a credential in a replica.
    Call(usize, usize, &'static str, How),
    /// A process is killed. Right before a call is the same as right after the one before.
    Dies(usize),
    /// A process stands still, with no call under way.
    Freezes(usize),
    /// A process that stood still goes on.
    Thaws(usize),
    /// The watches of a replica bring nothing any more …
    Lags(usize),
    /// … and catch up.
    CatchesUp(usize),
    /// Somebody puts a Secret of their own in the place of a token Secret, or of none.
    StrangersSecret(usize),
    /// Somebody puts back the Secret that stood before the latest write of tokens.
    PutBack(usize),
    /// Somebody takes the annotation off that says that a refresh token was tried.
    MarkTakenOff(usize),
    /// Nothing is to be done before this time.
    TimePasses(Moment),
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Well,
    /// It does not get there.
    LostBefore,
    /// It was carried out, and nobody is told.
    LostAfter,
    /// The process stands still between asking for the claim and the call.
    Freezes,
    /// It takes longer than an announcement may be relied on.
    Slow,
}

/// A state that may follow, what leads to it, and whether that is something that goes wrong.
pub struct Next {
    pub by: Move,
    pub world: World,
    pub is_fault: bool,
}

/// All states that may follow.
pub fn successors(world: &World, rules: &Rules, faults: bool) -> Vec<Next> {
    let mut next = Vec::new();
    let mut idle = true;
    for replica in 0..REPLICAS {
        let Some(office) = &world.replicas[replica].office else {
            if rules.overlap || waits_until(world, replica).is_none() {
                idle = false;
                push(&mut next, world, Move::Elected(replica), false, |to| {
                    to.elect(replica, rules);
                });
            }
            continue;
        };
        if office.frozen.is_some() {
            push(&mut next, world, Move::Thaws(replica), false, |to| {
                to.thaw(replica, rules);
            });
            continue;
        }
        if faults {
            push(&mut next, world, Move::Dies(replica), true, |to| to.restart(replica));
            push(&mut next, world, Move::Freezes(replica), true, |to| {
                to.office_mut(replica).frozen = Some(Frozen { calls: None });
            });
        }
        if office.lagging {
            push(&mut next, world, Move::CatchesUp(replica), false, |to| {
                to.office_mut(replica).lagging = false;
                to.catch_up(replica, None);
            });
        } else if faults {
            push(&mut next, world, Move::Lags(replica), true, |to| {
                to.office_mut(replica).lagging = true;
            });
        }
        for of in 0..CREDENTIALS {
            if matches!(office.desks[of].stage, Stage::Asleep { .. } | Stage::Absent) {
                continue;
            }
            idle = false;
            calls(&mut next, world, (replica, of), rules, faults);
        }
    }
    if faults && rules.hands != Hands::Off {
        hands(&mut next, world, rules);
    }
    if idle && let Some(at) = next_instant(world, rules) {
        push(&mut next, world, Move::TimePasses(at), false, |to| to.pass(at));
    }
    for next in &mut next {
        next.world.settle_what_needs_no_call(rules);
    }
    next
}

fn push(next: &mut Vec<Next>, from: &World, by: Move, is_fault: bool, change: impl FnOnce(&mut World)) {
    let mut world = from.clone();
    change(&mut world);
    next.push(Next { by, world, is_fault });
}

fn calls(next: &mut Vec<Next>, from: &World, (replica, of): (usize, usize), rules: &Rules, faults: bool) {
    let mut world = from.clone();
    world.go_on(replica, of, rules);
    let Stage::Calling(op, _) = &world.desk(replica, of).stage else {
        // Nothing to be done after all.
        let by = Move::Call(replica, of, "look", How::Well);
        return next.push(Next {
            by,
            world,
            is_fault: false,
        });
    };
    let (op, name) = (op.clone(), name(op));
    let mut outcomes = vec![How::Well];
    if faults {
        outcomes.extend(failures(&op));
    }
    for how in outcomes {
        push(
            next,
            &world,
            Move::Call(replica, of, name, how),
            how != How::Well,
            |to| to.call(replica, of, how, rules),
        );
    }
}

/// How a call may go wrong. One without an effect cannot be told before from after, nor does it matter when it is made.
fn failures(op: &Op) -> &'static [How] {
    match op {
        Op::Prepare(_) | Op::Verify => &[How::LostBefore],
        Op::Announce(_) | Op::MarkTried => &[How::LostBefore, How::LostAfter, How::Freezes, How::Slow],
        Op::MarkPutBack | Op::Send | Op::Store | Op::Record(_) => &[How::LostBefore, How::LostAfter, How::Freezes],
    }
}

fn name(op: &Op) -> &'static str {
    match op {
        Op::Prepare(_) => "read the sources, dry-run the write",
        Op::Announce(_) => "announce the request in status",
        Op::MarkTried | Op::MarkPutBack => "mark the refresh token as tried",
        Op::Send => "send the token request",
        Op::Store => "store the tokens",
        Op::Verify => "read the token Secret",
        Op::Record(_) => "write status",
    }
}

fn hands(next: &mut Vec<Next>, world: &World, rules: &Rules) {
    for of in (0..CREDENTIALS).filter(|of| rules.has(*of)) {
        if !world.api.is_strangers(of) {
            push(next, world, Move::StrangersSecret(of), true, |to| {
                let secret = SecretObject {
                    version: 0,
                    ours: false,
                    issue: None,
                    tried: None,
                };
                to.meddle(of, Some(secret));
            });
        }
        // Within the moment in which it is written, no backup is put back.
        let known = world.api.credentials[of].status.token_secret == Some(world.api.slots[of].version);
        if let Some(before) = world.backups[of].as_deref().filter(|_| known) {
            push(next, world, Move::PutBack(of), true, |to| {
                to.meddle(of, Some(before.clone()));
            });
        }
        let secret = world.api.slots[of].secret.as_deref();
        let marked = secret.filter(|secret| secret.tried.is_some() && rules.hands == Hands::Meddle);
        if let Some(secret) = marked {
            push(next, world, Move::MarkTakenOff(of), true, |to| {
                let secret = SecretObject {
                    tried: None,
                    ..secret.clone()
                };
                to.meddle(of, Some(secret));
            });
        }
    }
}

/// When something is due that nobody is at yet. A follower is of interest only while nobody renews the Lease.
fn next_instant(world: &World, rules: &Rules) -> Option<Moment> {
    let holder = world.lease.holder;
    let renewed = rules.overlap
        || world
            .replicas
            .iter()
            .any(|process| process.acts() && process.name == holder);
    let mut instants = Vec::new();
    for (replica, process) in world.replicas.iter().enumerate() {
        match &process.office {
            None if renewed => {}
            None => instants.extend(waits_until(world, replica)),
            Some(office) if office.frozen.is_none() => {
                instants.extend(office.gate.next_change(world.now));
                instants.extend(office.desks.iter().filter_map(|desk| match desk.stage {
                    Stage::Asleep { until } => Some(until),
                    _ => None,
                }));
            }
            Some(_) => {}
        }
    }
    let first = instants.into_iter().filter(|at| *at > world.now).min()?;
    Some(World::rounded(first, rules.grain))
}

impl World {
    /// A call, and what becomes of it.
    fn call(&mut self, replica: usize, of: usize, how: How, rules: &Rules) {
        let Stage::Calling(op, turn) = self.desk(replica, of).stage.clone() else {
            panic!("no call to be made")
        };
        let lost = |op: &Op| match op {
            Op::Send => Reply::Failed(TokenRequestFailure::NoAnswer(Silence::TimedOut)),
            _ => Reply::Lost,
        };
        match how {
            How::LostBefore => self.answer(replica, of, Reply::Lost, rules),
            How::Freezes => self.office_mut(replica).frozen = Some(Frozen { calls: Some(of) }),
            _ => {
                self.unheard += u8::from(how == How::LostAfter && op == Op::Send);
                may_be_made(self, (replica, of), &op, &turn, rules);
                let reply = self.carry_out(replica, of, &op, &turn, rules);
                match how {
                    How::LostAfter => self.answer(replica, of, lost(&op), rules),
                    How::Slow => {
                        self.pass(self.now + SLOW);
                        self.answer(replica, of, reply, rules);
                    }
                    _ => self.answer(replica, of, reply, rules),
                }
            }
        }
    }

    /// The process goes on where it stood still: a call that it was about to make goes out now. If the Lease names
    /// another by then, that is all: the claim is asked for before each call, and the process ends.
    fn thaw(&mut self, replica: usize, rules: &Rules) {
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
            self.strays += u8::from(op == Op::Send);
            answer = Some((of, self.carry_out(replica, of, &op, &turn, rules)));
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
    fn meddle(&mut self, of: usize, secret: Option<SecretObject>) {
        let under_way = self
            .replicas
            .iter()
            .filter_map(|process| process.office.as_ref())
            .any(|office| {
                let desk = &office.desks[of];
                let rehearsed = match &desk.stage {
                    Stage::Attempting(turn) | Stage::Calling(_, turn) => turn.request.is_some(),
                    _ => false,
                };
                rehearsed || desk.memory.held.is_some()
            });
        self.excused[of] |= under_way;
        self.api.replace(of, secret);
        self.tell(Some(of));
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
