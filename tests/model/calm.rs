//! From here on nothing goes wrong: each state must come to rest, with good tokens in place and all places free.

use std::collections::{HashMap, HashSet};

use tracktik_operator::api::{Moment, Span};

use crate::{
    api_server::CREDENTIALS,
    explorer::Print,
    invariants::{Broken, is_settled, places_return, renews},
    moves::{Move, successors},
    rules::Rules,
    tracktik::Mood,
    world::World,
};

/// More than any way to rest takes.
const MOST_MOVES: usize = 500;

/// States that are known to come to rest, and when.
#[derive(Default)]
pub struct Calm(HashMap<Print, Moment>);

impl Calm {
    /// Follows one order of events from this state until it comes to one that is known, or to rest.
    pub fn comes_to_rest(&mut self, from: &World, rules: &Rules) -> Result<(), Broken> {
        let mut world = from.clone();
        world.heal();
        let end = world.now + rules.rests_within;
        let mut way = HashSet::new();
        for turn in 0..MOST_MOVES {
            let print = Print::of(&world);
            let settled = is_settled(&world, rules).then_some(world.now);
            if settled.is_some() && !places_return(&world, rules) {
                return Err(Broken::PlaceHeldForEver);
            }
            // A state that comes again is a circle.
            if !way.insert(print) {
                break;
            }
            let known = self.0.get(&print).copied();
            if let Some(rest) = settled.or(known).filter(|rest| *rest <= end) {
                self.0.extend(way.into_iter().map(|print| (print, rest)));
                return Ok(());
            }
            let Some(next) = one_of(&world, rules, turn).filter(|next| next.now <= end) else {
                break;
            };
            if let Some(promise) = next.broken {
                return Err(promise);
            }
            world = next;
        }
        Err(Broken::NeverSettles)
    }

    pub fn states(&self) -> usize {
        self.0.len()
    }
}

/// One of the moves: who stood still goes on, watches catch up, and credentials take turns.
fn one_of(world: &World, rules: &Rules, turn: usize) -> Option<World> {
    let mut next = successors(world, rules, false);
    next.sort_by_key(|next| match next.by {
        Move::Thaws(_) | Move::CatchesUp(_) | Move::Ends(_) | Move::Regains(_) => 0,
        Move::Elected(_) => 1,
        Move::Call(_, of, ..) | Move::Answered(_, of) => 2 + (of + turn) % CREDENTIALS,
        _ => 9,
    });
    next.into_iter().next().map(|next| next.world)
}

impl World {
    /// Tokens are in place, granted by a process that is not new any more, and now both are to be renewed.
    pub fn with_tokens_due(rules: &Rules) -> Self {
        let mut world = Self::at_rest(rules);
        let due = (0..CREDENTIALS)
            .filter(|of| rules.has(*of))
            .filter_map(|of| renews(&world, of));
        world.pass(Self::rounded(due.max().unwrap(), rules.grain));
        world
    }

    /// Tokens are in place, and somebody asks for others.
    pub fn with_rotation_asked(rules: &Rules) -> Self {
        let mut world = Self::at_rest(rules);
        world.pass(world.now + Span::minutes(5));
        for of in (0..CREDENTIALS).filter(|of| rules.has(*of)) {
            world.api.ask_for_rotation(of);
        }
        world.tell(None);
        world
    }

    fn at_rest(rules: &Rules) -> Self {
        let (mut world, mut turn) = (Self::new(rules), 0);
        while !is_settled(&world, rules) {
            assert!(turn < MOST_MOVES, "no tokens after so many moves");
            world = one_of(&world, rules, turn).unwrap();
            turn += 1;
        }
        world
    }

    /// Whoever can mends what only a person can mend.
    fn heal(&mut self) {
        if self.tracktik.mood != Mood::Grants {
            let wrong_password = self.tracktik.mood == Mood::Rejects;
            self.changes_its_mood(Mood::Grants);
            if wrong_password {
                self.api.account += 1;
                self.tell(None);
            }
        }
        for of in 0..CREDENTIALS {
            if self.api.is_strangers(of) {
                self.api.replace(of, None);
                self.tell(Some(of));
            }
        }
    }
}
