//! The search: every state that can be reached within the bounds, each once.

use std::{
    collections::{HashMap, VecDeque},
    hash::{Hash, Hasher},
};

use tracktik_operator::clock;

use crate::{
    calm::{Calm, Restless},
    circles::Circles,
    invariants::Broken,
    moves::{Move, successors},
    rules::Rules,
    world::World,
};

/// A state in 128 bits: among a hundred million states no two are likely to share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Print(u64, u64);

/// Two multiplicative hashes at once.
#[derive(Default)]
struct Printer(u64, u64);

impl Hasher for Printer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(eight));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.1 = (self.1.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }
}

impl Print {
    pub fn of(world: &World) -> Self {
        let mut printer = Printer::default();
        world.hash(&mut printer);
        // The low bits of a product depend on few bits of what was multiplied.
        Self(printer.0 ^ (printer.0 >> 32), printer.1 ^ (printer.1 >> 32))
    }
}

/// No way through the world is as long.
const MOST_MOVES: usize = 150;

/// How a state was first reached, with how much that may still go wrong.
#[derive(Clone, Copy)]
struct Reached {
    from: Option<(Print, Move)>,
    faults_left: u8,
}

/// In which order states are looked at: the deepest first needs little memory, the nearest first finds the shortest
/// story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    DeepestFirst,
    NearestFirst,
}

/// What a search came to.
#[derive(Debug)]
pub struct Found {
    pub states: usize,
    pub transitions: usize,
    pub depth: usize,
    pub calm_states: usize,
    pub seconds: f64,
    /// The promise that was broken, and how it came to that.
    pub broken: Option<(Broken, Vec<Move>)>,
}

/// Searches all states, until a promise is broken.
pub fn explore(first: World, rules: &Rules, order: Order) -> Found {
    let began = clock::monotonic();
    let mut calm = Calm::default();
    let mut reached: HashMap<Print, Reached> = HashMap::new();
    let mut waiting = VecDeque::new();
    let print = Print::of(&first);
    reached.insert(
        print,
        Reached {
            from: None,
            faults_left: rules.faults,
        },
    );
    let end = first.now + rules.horizon;
    waiting.push_back((first, print, rules.faults, 0));
    let (mut transitions, mut deepest, mut broken) = (0, 0, None);
    let mut circles = Circles::default();
    while let Some((world, print, faults_left, depth)) = match order {
        Order::DeepestFirst => waiting.pop_back(),
        Order::NearestFirst => waiting.pop_front(),
    } {
        deepest = deepest.max(depth);
        let mut next = successors(&world, rules, faults_left > 0);
        next.retain(|next| next.world.now <= end);
        // Each way on ends somewhere: if all those ends come to rest, so does whatever leads there.
        let at_the_end = next.iter().all(|next| next.is_fault);
        let mut restless = || at_the_end.then(|| calm.comes_to_rest(&world, rules).err())?;
        let endless = || (depth > MOST_MOVES).then_some(Broken::NeverSettles);
        let promise = world
            .broken
            .or_else(endless)
            .map(|promise| Restless(promise, Vec::new()));
        if let Some(Restless(promise, to_rest)) = promise.or_else(&mut restless) {
            let mut moves = story(&reached, print);
            moves.extend(to_rest);
            broken = Some((promise, moves));
            break;
        }
        // What goes well comes last, so that the deepest is reached with the most that may still go wrong.
        next.sort_by_key(|next| !next.is_fault);
        for next in next {
            transitions += 1;
            let left = faults_left - u8::from(next.is_fault);
            let to = Print::of(&next.world);
            if !next.is_fault {
                circles.follows(print, to);
            }
            if reached.get(&to).is_some_and(|before| before.faults_left >= left) {
                continue;
            }
            let from = Some((print, next.by));
            reached.insert(
                to,
                Reached {
                    from,
                    faults_left: left,
                },
            );
            waiting.push_back((next.world, to, left, depth + 1));
        }
    }
    if broken.is_none()
        && let Some(turns) = circles.any()
    {
        broken = Some((Broken::TurnsInCircles, story(&reached, turns)));
    }
    Found {
        states: reached.len(),
        transitions,
        depth: deepest,
        calm_states: calm.states(),
        seconds: began.elapsed().as_secs_f64(),
        broken,
    }
}

fn story(reached: &HashMap<Print, Reached>, last: Print) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut at = last;
    while let Some((before, by)) = reached.get(&at).and_then(|reached| reached.from) {
        moves.push(by);
        at = before;
        assert!(moves.len() < 10_000, "the way back is no circle");
    }
    moves.reverse();
    moves
}
