//! Worlds that a search may begin in: those in which tokens are in place, to which one order of events has led.

use tracktik_operator::api::Span;

use crate::{
    api_server::CREDENTIALS,
    invariants::{is_settled, renews},
    moves::{Move, successors},
    rules::Rules,
    world::World,
};

/// More than the way to the first tokens takes.
const MOST_MOVES: usize = 500;

/// One of the moves: credentials take turns.
fn one_of(world: &World, rules: &Rules, turn: usize) -> Option<World> {
    let mut next = successors(world, rules, false);
    next.sort_by_key(|next| match next.by {
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
}
