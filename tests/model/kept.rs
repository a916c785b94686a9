//! Tokens that were granted are kept until they are stored. This looks on from outside, at what TrackTik has granted, and at
//! who has what before and after each move: what a process does, or says, about its tokens has no part in it.

use tracktik_operator::api::Moment;

use crate::{
    api_server::CREDENTIALS,
    invariants::Broken,
    moves::{How, Move},
    process::{Reply, Stage},
    rules::Rules,
    world::{REPLICAS, World},
};

/// Tokens that a process has, or whose answer is on its way to it.
#[derive(Clone, Copy)]
struct Granted<'a> {
    replica: usize,
    of: usize,
    id: &'a str,
    issued_at: Moment,
}

impl World {
    /// After a move: what was granted to a process that lives on is still with it, or it is in the token Secret, or
    /// something later is. Excused is who was deposed, what somebody's hands have made impossible to store, and who stood
    /// still with tokens, or right before a call: nobody can tell for how long.
    pub fn watch_what_was_granted(&mut self, before: &Self, by: Move, rules: &Rules) {
        let missed = had(before)
            .chain(newly_granted(before, self, by))
            .any(|granted| self.misses(granted, before, by, rules));
        if missed {
            self.breaks(Broken::TokenThrownAway);
        }
    }

    fn misses(&self, granted: Granted<'_>, before: &Self, by: Move, rules: &Rules) -> bool {
        let Granted { replica, of, .. } = granted;
        let name = before.replicas[replica].name;
        // A process that ends in order has stored everything before, unless the name is taken.
        let ends = by == Move::Ends(replica) && !self.api.is_strangers(of);
        let leads = rules.overlap || self.lease.holder == name;
        let lives_on = leads && self.replicas[replica].name == name;
        let must_be_kept = (ends || lives_on) && !self.excused[of];
        if !must_be_kept {
            return false;
        }
        let same = |now: Granted<'_>| now.replica == replica && now.of == of && now.id == granted.id;
        let kept = lives_on && had(self).any(same);
        let stored = self.api.issue(of).is_some_and(|in_place| {
            // A store whose answer was lost was carried out, and of two operators the other may have stored later ones.
            in_place.issue_id == granted.id || in_place.issued_at > granted.issued_at
        });
        !stored && !kept
    }
}

/// Tokens that were granted and that a process is known to have, or that are on their way to it.
fn had(world: &World) -> impl Iterator<Item = Granted<'_>> {
    let desks = (0..REPLICAS).flat_map(|replica| (0..CREDENTIALS).map(move |of| (replica, of)));
    let led = desks.filter(|(replica, _)| world.replicas[*replica].office.is_some());
    led.flat_map(|(replica, of)| {
        let desk = world.desk(replica, of);
        let held = desk.memory.held.as_ref();
        let held = held.map(|held| (held.issue.issue_id.as_str(), held.issue.issued_at));
        let awaited = match &desk.stage {
            Stage::Awaiting(_, Reply::Tokens, turn) => turn.request.as_ref(),
            _ => None,
        };
        let awaited = awaited.and_then(|request| {
            let attempt = request.attempt.as_ref()?;
            Some((attempt.issue_id.as_str(), request.issued_at))
        });
        held.into_iter().chain(awaited).map(move |(id, issued_at)| Granted {
            replica,
            of,
            id,
            issued_at,
        })
    })
}

/// What TrackTik has granted in this move, to whoever sent the request and does not miss the answer.
fn newly_granted<'a>(before: &'a World, after: &'a World, by: Move) -> impl Iterator<Item = Granted<'a>> {
    let asked = match by {
        Move::Call(.., How::LostAfter) => None,
        Move::Call(replica, of, ..) => Some((replica, of)),
        _ => None,
    };
    asked.into_iter().flat_map(move |(replica, of)| {
        let grants = after.tracktik.granted_since(&before.tracktik);
        grants.map(move |id| Granted {
            replica,
            of,
            id,
            issued_at: before.now.whole_second(),
        })
    })
}
