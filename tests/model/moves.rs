//! What may happen next: a call that goes well or not, a process that dies, stands still or goes on, somebody's hands,
//! and, where nobody has anything to do, the time.

use tracktik_operator::api::{Grant, Moment};

use crate::{
    api_server::CREDENTIALS,
    election::waits_until,
    hands::hands,
    held_back::held_back,
    instants::next_instant,
    process::{Behind, Frozen, Op, Stage},
    rules::{Hands, Rules},
    story::called,
    world::{REPLICAS, World},
};

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A replica takes the Lease.
    Elected(usize),
    /// The next call of a credential in a replica.
    Call(usize, usize, &'static str, How),
    /// The answer comes that took its time.
    Answered(usize, usize),
    /// A process is killed. Right before a call is the same as right after the one before.
    Dies(usize),
    /// A process stands still, with no call under way.
    Freezes(usize),
    /// A process that stood still goes on.
    Thaws(usize),
    /// A leader does not renew its Lease in time …
    CutOff(usize),
    /// … and does again, before anybody else has taken it.
    Regains(usize),
    /// A process is asked to end: it begins nothing more.
    Stops(usize),
    /// It has nothing left to do, gives the Lease back and ends.
    Ends(usize),
    /// Watches of a replica bring nothing any more …
    Lags(usize, Behind),
    /// … and catch up.
    CatchesUp(usize),
    /// Somebody puts a Secret of their own in the place of a token Secret, or of none.
    StrangersSecret(usize),
    /// Somebody puts back the Secret that stood before the latest write of tokens.
    PutBack(usize),
    /// Somebody takes the annotation off that says that a refresh token was tried.
    MarkTakenOff(usize),
    /// People mend what nobody else can, and nothing goes wrong from here on.
    Mended,
    /// Nothing is to be done before this time.
    TimePasses(Moment),
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Well,
    /// It does not get there.
    LostBefore,
    /// What it reads of others does not get there.
    OthersUnread,
    /// It was carried out, and nobody is told.
    LostAfter,
    /// It was sent, nothing comes of it there, and an answer is waited for in vain. Meanwhile all else goes on.
    Unanswered,
    /// The process stands still between asking for the claim and the call.
    Freezes,
    /// It takes longer than an announcement may be relied on.
    Slow,
    /// It is carried out, and answered as late as an answer is waited for. Meanwhile all else goes on.
    Late,
    /// The claim is over.
    HeldBack,
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
        if office.cut_off {
            if world.lease.holder == world.replicas[replica].name {
                push(&mut next, world, Move::Regains(replica), false, |to| to.regain(replica));
            }
            held_back(&mut next, world, replica, rules);
            continue;
        }
        if faults && rules.cut_off {
            push(&mut next, world, Move::CutOff(replica), true, |to| to.cut_off(replica));
            // Or right after an attempt has asked for the claim.
            for of in (0..CREDENTIALS).filter(|of| matches!(office.desks[*of].stage, Stage::Attempting(_))) {
                push(&mut next, world, Move::CutOff(replica), true, |to| {
                    to.go_on(replica, of, rules);
                    to.cut_off(replica);
                });
            }
        }
        if faults {
            push(&mut next, world, Move::Dies(replica), true, |to| to.restart(replica));
            push(&mut next, world, Move::Freezes(replica), true, |to| {
                to.office_mut(replica).frozen = Some(Frozen { calls: None });
            });
        }
        if office.stopping && world.has_drained(replica, rules) {
            idle = false;
            push(&mut next, world, Move::Ends(replica), false, |to| to.end(replica));
        } else if faults && !office.stopping && rules.stops {
            push(&mut next, world, Move::Stops(replica), true, |to| {
                to.office_mut(replica).stopping = true;
                to.catch_up(replica, None);
            });
        }
        if office.behind.any() {
            push(&mut next, world, Move::CatchesUp(replica), false, |to| {
                to.office_mut(replica).behind = Behind::default();
                to.catch_up(replica, None);
            });
        } else if faults {
            lags(&mut next, world, replica, rules);
        }
        for of in 0..CREDENTIALS {
            match office.desks[of].stage {
                Stage::Asleep { .. } | Stage::Absent => continue,
                Stage::Awaiting(at, ..) if at > world.now => continue,
                Stage::Awaiting(..) => {
                    idle = false;
                    push(&mut next, world, Move::Answered(replica, of), false, |to| {
                        to.answer_late(replica, of, rules);
                    });
                    continue;
                }
                _ => {}
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
        next.world.watch_what_was_granted(world, next.by, rules);
        next.world.end_excuses();
    }
    next
}

pub fn push(next: &mut Vec<Next>, from: &World, by: Move, is_fault: bool, change: impl FnOnce(&mut World)) {
    let mut world = from.clone();
    change(&mut world);
    next.push(Next { by, world, is_fault });
}

/// All watches, or those of one kind.
fn lags(next: &mut Vec<Next>, world: &World, replica: usize, rules: &Rules) {
    let [mut of_credentials, mut of_secrets] = [Behind::default(); 2];
    of_credentials.credentials = true;
    of_secrets.secrets = true;
    let apart: &[Behind] = if rules.lags_apart {
        &[of_credentials, of_secrets]
    } else {
        &[]
    };
    for behind in [Behind::ALL].iter().chain(apart) {
        push(next, world, Move::Lags(replica, *behind), true, |to| {
            to.office_mut(replica).behind = *behind;
        });
    }
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
    let (op, name) = (op.clone(), called(op));
    let mut outcomes = vec![How::Well];
    if faults {
        outcomes.extend(failures(&op));
        if matches!(op, Op::Prepare(Grant::Password)) && world.reads_of_others(replica, of, rules) {
            outcomes.push(How::OthersUnread);
        }
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
        Op::Send => &[
            How::LostBefore,
            How::Unanswered,
            How::LostAfter,
            How::Freezes,
            How::Late,
        ],
        Op::MarkPutBack | Op::Store | Op::Record(_) => &[How::LostBefore, How::LostAfter, How::Freezes],
    }
}
