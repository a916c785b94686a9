//! The order, exactly: who asks goes if it is among those to whom the free places fall, and nobody else delays it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{Answer, Outcome, Request, Trust},
};

use crate::{
    gate_scene::{request, unproven},
    gate_world::{Act, Came, World, acts, key, limits},
};

/// How many requests the gate would let through one after the other, were nobody in the line.
fn room(world: &World, request: impl Fn(usize) -> Request) -> usize {
    let mut gate = world.gate.clone();
    for credential in world.line.keys() {
        gate.leave(credential);
    }
    (0..100)
        .take_while(|number| matches!(gate.ask(&request(*number), world.now), Answer::Go(_)))
        .count()
}

/// Gives the free places to those who wait, one after the other; the slow way, which is easy to read.
fn who_goes(world: &World) -> Vec<String> {
    let mut places = room(world, |number| {
        request(&format!("x{number}"), &format!("x{number}.staffr.net"))
    });
    let mut unproven_places = room(world, |number| {
        unproven(&format!("x{number}"), &format!("x{number}.staffr.net"))
    });
    let mut rooms: BTreeMap<&str, usize> = BTreeMap::new();
    let mut line: Vec<&Request> = world.line.values().collect();
    line.sort_by_key(|request| {
        let since = match request.trust {
            Trust::Proven => None,
            Trust::Unproven { since } => Some(since),
        };
        (since, request.expires, request.credential.clone())
    });
    let mut going = Vec::new();
    for waiting in line {
        let host = key(&waiting.host);
        let left = rooms
            .entry(host)
            .or_insert_with(|| room(world, |number| request(&format!("x{number}"), host)));
        if *left == 0 || places == 0 || (!waiting.trust.is_proven() && unproven_places == 0) {
            continue;
        }
        *left -= 1;
        places -= 1;
        if !waiting.trust.is_proven() {
            unproven_places -= 1;
        }
        going.push(waiting.credential.clone());
    }
    going
}

/// Waiting behind an account is another line.
fn without_accounts(acts: Vec<Act>) -> Vec<Act> {
    acts.into_iter()
        .filter(|act| !matches!(act, Act::AskAccount(..)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn who_asks_goes_if_the_free_places_fall_to_it(limits in limits(), acts in acts()) {
        let mut world = World::new(limits);
        for act in &without_accounts(acts) {
            let before = world.clone();
            let came = world.act(act);
            let (Act::Ask(asked), Came::Asked(answer)) = (act, came) else { continue };
            let mut all = before;
            all.line.insert(asked.credential.clone(), asked.clone());
            let goes = who_goes(&all).contains(&asked.credential);
            prop_assert_eq!(matches!(answer, Answer::Go(_)), goes, "{:?}", answer);
        }
    }

    #[test]
    fn those_are_told_who_would_go_and_each_once(limits in limits(), acts in acts()) {
        let mut world = World::new(limits);
        let mut told: Vec<String> = Vec::new();
        for act in &without_accounts(acts) {
            if let Act::Ask(Request { credential, .. }) | Act::Leave(credential) = act {
                told.retain(|known| known != credential);
            }
            world.act(act);
            let going = who_goes(&world);
            let woken = world.gate.to_wake(world.now);
            let new: Vec<String> = going.into_iter().filter(|credential| !told.contains(credential)).collect();
            prop_assert_eq!(&woken, &new);
            told.extend(woken);
        }
    }

    #[test]
    fn a_host_that_is_closed_delays_nobody_elsewhere(limits in limits(), acts in acts(), dead in 1_usize..60) {
        let mut world = World::new(limits);
        let mut with_dead = World::new(limits);
        for world in [&mut world, &mut with_dead] {
            let first = request("dead/first", "dead.staffr.net");
            prop_assert!(matches!(world.ask(&first), Answer::Go(_)));
            // Neither place nor news for others; but it is not to be asked for as long as this test lasts.
            world.finish(0, Outcome::Throttled { pause: Span::hours(1) });
            world.now = world.now + Span::seconds(160);
        }
        for number in 0..dead {
            let waiting = Request { expires: Moment::default(), ..request(&format!("dead/{number}"), "dead.staffr.net") };
            prop_assert!(matches!(with_dead.ask(&waiting), Answer::Wait(_)));
        }
        let end = world.now + Span::minutes(50);
        for act in &acts {
            if let Act::Pass(span) = act && world.now + *span > end {
                continue;
            }
            prop_assert_eq!(world.act(act), with_dead.act(act));
        }
        prop_assert_eq!(with_dead.gate.waiting(), world.gate.waiting() + dead);
    }
}
