//! As `ClusterError::NotLeader` is taken: of a call that was held back without the claim nothing is recorded, and it is
//! made again once the process leads.

use std::rc::Rc;

use tracktik_operator::api::Span;

use crate::{
    api_server::CREDENTIALS,
    moves::{How, Move, Next, push},
    process::{Op, Stage},
    rules::{Rules, Safeguard},
    story::called,
    world::World,
};

/// `record::pace`, where nothing has failed.
const SOON: Span = Span::seconds(1);

/// Calls in the midst of a reconcile of a process whose claim is over. A request whose claim was asked for before goes out
/// all the same; nothing is begun.
pub fn held_back(next: &mut Vec<Next>, from: &World, replica: usize, rules: &Rules) {
    for of in 0..CREDENTIALS {
        let mut world = from.clone();
        if matches!(world.desk(replica, of).stage, Stage::Awaiting(at, ..) if at <= world.now) {
            push(next, &world, Move::Answered(replica, of), false, |to| {
                to.answer_late(replica, of, rules);
            });
        }
        if !matches!(world.desk(replica, of).stage, Stage::Attempting(_) | Stage::Calling(..)) {
            continue;
        }
        world.go_on(replica, of, rules);
        let Stage::Calling(op, _) = &world.desk(replica, of).stage else {
            let by = Move::Call(replica, of, "look", How::HeldBack);
            next.push(Next {
                by,
                world,
                is_fault: false,
            });
            continue;
        };
        let outcomes: &[How] = match op {
            Op::Send => &[How::Well, How::HeldBack],
            _ => &[How::HeldBack],
        };
        for how in outcomes {
            let by = Move::Call(replica, of, called(op), *how);
            push(next, &world, by, false, |to| to.call(replica, of, *how, rules));
        }
    }
}

impl World {
    pub fn held_back(&mut self, replica: usize, of: usize, rules: &Rules) {
        let Stage::Calling(op, turn) = self.desk(replica, of).stage.clone() else {
            panic!("no call to be held back")
        };
        let mut turn = Rc::unwrap_or_clone(turn);
        match op {
            Op::Announce(_) => {
                let until = self.pause_requests(replica, of, SOON);
                self.not_sent(replica, of, turn, until, rules);
            }
            Op::Record(_) => {
                turn.next = turn.next.min(turn.now + SOON);
                self.finished(replica, of, &turn);
            }
            Op::Prepare(_) | Op::MarkTried | Op::Send => {
                if rules.lacks(Safeguard::TakenBack)
                    && let Some(request) = &mut turn.request
                {
                    request.attempt = None;
                }
                self.give_up(replica, of, &mut turn, rules);
                self.look_again(replica, of);
            }
            Op::MarkPutBack | Op::Store | Op::Verify => self.look_again(replica, of),
        }
    }
}
