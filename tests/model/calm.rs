//! From here on nothing goes wrong: each state must come to rest, with good tokens in place and all places free.
//!
//! It must do so in every order of events: calls are made and answered, who stood still goes on, and watches catch up. Up to
//! the horizon of the search that is searched with all else, also with somebody who stands still while the time passes; here
//! is what comes after it, and after what is broken was mended. The time passes only once nobody stands still or is behind
//! any more, or one that does so for ever would be a way without an end. Not covered is what goes wrong later than that, and
//! in which order looks are taken that come to no call.

use std::collections::{HashMap, HashSet};

use tracktik_operator::api::Moment;

use crate::{
    api_server::CREDENTIALS,
    explorer::Print,
    invariants::{Broken, is_settled, places_return},
    moves::{Move, Next, successors},
    rules::Rules,
    tracktik::Mood,
    world::World,
};

/// The promise that is broken on a way to rest, and that way.
#[derive(Debug)]
pub struct Restless(pub Broken, pub Vec<Move>);

/// States that are known to come to rest, and when at the latest.
#[derive(Default)]
pub struct Calm(HashMap<Print, Moment>);

/// A state on the way, and what may follow that was not looked at yet.
struct Step {
    print: Print,
    by: Option<Move>,
    next: Vec<Next>,
    /// When it comes to rest at the latest, by what was looked at.
    rests: Moment,
}

impl Calm {
    /// Follows all orders of events from this state, each until it comes to a state that is known, or to rest.
    pub fn comes_to_rest(&mut self, from: &World, rules: &Rules) -> Result<(), Restless> {
        let mut first = from.clone();
        let mended = first.heal().then_some(Move::Mended);
        let end = first.now + rules.rests_within;
        let (mut way, mut on_the_way) = (Vec::new(), HashSet::new());
        let mut at = Some((mended, first));
        loop {
            if let Some((by, world)) = at.take() {
                let step = self.step(by, &world, rules);
                let is_known = |step: &Step| step.next.is_empty();
                let step = step.and_then(|step| {
                    // A state that comes again is a circle.
                    let rests = step.rests <= end && (is_known(&step) || on_the_way.insert(step.print));
                    if rests { Ok(step) } else { Err(Broken::NeverSettles) }
                });
                way.push(step.map_err(|promise| Restless(promise, told(&way, by)))?);
            }
            let Some(step) = way.last_mut() else { return Ok(()) };
            if let Some(next) = step.next.pop() {
                at = Some((Some(next.by), next.world));
                continue;
            }
            let (print, rests) = (step.print, step.rests);
            self.0.insert(print, rests);
            on_the_way.remove(&print);
            way.pop();
            if let Some(before) = way.last_mut() {
                before.rests = before.rests.max(rests);
            }
        }
    }

    /// Nothing follows what is at rest, or known.
    fn step(&self, by: Option<Move>, world: &World, rules: &Rules) -> Result<Step, Broken> {
        if let Some(promise) = world.broken {
            return Err(promise);
        }
        let print = Print::of(world);
        let settled = is_settled(world, rules).then_some(world.now);
        if settled.is_some() && !places_return(world, rules) {
            return Err(Broken::PlaceHeldForEver);
        }
        if let Some(rests) = settled.or_else(|| self.0.get(&print).copied()) {
            let next = Vec::new();
            return Ok(Step { print, by, next, rests });
        }
        let next = what_follows(world, rules);
        if next.is_empty() {
            return Err(Broken::NeverSettles);
        }
        let rests = world.now;
        Ok(Step { print, by, next, rests })
    }

    pub fn states(&self) -> usize {
        self.0.len()
    }
}

fn told(way: &[Step], by: Option<Move>) -> Vec<Move> {
    way.iter().map(|step| step.by).chain([by]).flatten().collect()
}

fn what_follows(world: &World, rules: &Rules) -> Vec<Next> {
    let mut next = successors(world, rules, false);
    let recovers = |by| {
        matches!(
            by,
            Move::Thaws(_) | Move::CatchesUp(_) | Move::Ends(_) | Move::Regains(_)
        )
    };
    if next.iter().any(|next| recovers(next.by)) {
        next.retain(|next| !matches!(next.by, Move::TimePasses(_)));
    }
    next
}

impl World {
    /// Whoever can mends what only a person can mend, if there is anything.
    fn heal(&mut self) -> bool {
        let mut healed = false;
        if self.tracktik.mood != Mood::Grants {
            healed = true;
            let wrong_password = self.tracktik.mood == Mood::Rejects;
            self.changes_its_mood(Mood::Grants);
            if wrong_password {
                self.api.account += 1;
                self.tell(None);
            }
        }
        for of in 0..CREDENTIALS {
            if self.api.is_strangers(of) {
                healed = true;
                self.api.replace(of, None);
                self.tell(Some(of));
            }
        }
        healed
    }
}
