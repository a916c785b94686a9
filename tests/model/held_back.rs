//! As `ClusterError::NotLeader` is taken: of a call that was held back without the claim nothing is recorded, and it is
//! made again once the process leads.

use std::rc::Rc;

use tracktik_operator::api::Span;

use crate::{
    process::{Op, Stage},
    rules::Rules,
    world::World,
};

/// `record::pace`, where nothing has failed.
const SOON: Span = Span::seconds(1);

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
                self.give_up(replica, of, &mut turn, rules);
                self.look_again(replica, of);
            }
            Op::MarkPutBack | Op::Store | Op::Verify => self.look_again(replica, of),
        }
    }
}
