//! Whatever is done to the gate, its limits hold, and it forgets in time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{Answer, Limits, Outcome, Past},
};

use crate::gate_world::{Act, Came, World, acts, acts_under_any_clock, key, limits};

/// What is held after a request, kept as simply as can be.
#[derive(Default)]
struct Reference {
    /// Until when, whether proven, whether recalled.
    held: Vec<(Moment, bool, bool)>,
    /// How many may be in flight to a host, by its latest news, and not before when.
    hosts: BTreeMap<String, (bool, Moment)>,
}

impl Reference {
    fn held(&self, now: Moment) -> usize {
        self.held.iter().filter(|(until, _, _)| *until > now).count()
    }

    fn unproven(&self, now: Moment) -> usize {
        let unproven = self.held.iter().filter(|(until, proven, _)| *until > now && !proven);
        unproven.count()
    }

    fn recalled(&self, now: Moment) -> usize {
        let recalled = self
            .held
            .iter()
            .filter(|(until, _, recalled)| *until > now && *recalled);
        recalled.count()
    }

    fn recall(&mut self, past: Past, now: Moment) {
        let until = match past {
            Past::Failed { ended } => ended.min(now + Span::seconds(40)) + Span::seconds(160),
            Past::Unresolved { announced } => announced.min(now) + Span::seconds(200),
        };
        self.held.push((until, false, true));
    }

    fn ended(&mut self, host: &str, proven: bool, outcome: Outcome, now: Moment) {
        let news = self.hosts.entry(key(host).to_owned()).or_default();
        let mut pause = |span: Span| news.1 = news.1.max(now + span);
        let least = |asked: Span| asked.max(Span::minutes(1)).min(Span::hours(1));
        match outcome {
            Outcome::Throttled { pause: asked }
            | Outcome::Rejected {
                retry_after: Some(asked),
                ..
            } => pause(least(asked)),
            Outcome::Firewall => pause(Span::minutes(10)),
            _ => {}
        }
        match outcome {
            Outcome::NotSent => {}
            Outcome::Token
            | Outcome::Rejected { retry_after: None, .. }
            | Outcome::RefreshRefused { retry_after: None } => news.0 = true,
            _ => news.0 = false,
        }
        if !matches!(outcome, Outcome::Token | Outcome::NotSent | Outcome::NotConnected) {
            self.held.push((now + Span::seconds(160), proven, false));
        }
    }
}

/// One act, and what has to be true before and after it.
fn checked(world: &mut World, reference: &mut Reference, limits: Limits, act: &Act) -> Result<(), TestCaseError> {
    let before = world.clone();
    let came = world.act(act);
    let now = world.now;
    match act {
        Act::Recall(past) => past.iter().for_each(|past| reference.recall(*past, now)),
        Act::Finish(_, outcome) => {
            let left =
                |taken: &&crate::gate_world::Taken| !world.flights.iter().any(|other| other.place == taken.place);
            for taken in before.flights.iter().filter(left) {
                reference.ended(&taken.request.host, taken.request.trust.is_proven(), *outcome, now);
            }
        }
        _ => {}
    }
    let in_flight = world.flights.len();
    if let (Came::Asked(Answer::Go(_)), Act::Ask(request)) = (&came, act) {
        let taken = before.flights.len() + reference.held(now);
        prop_assert!(taken < limits.budget, "went although {taken} are taken");
        let unproven = before
            .flights
            .iter()
            .filter(|taken| !taken.request.trust.is_proven())
            .count()
            + reference.unproven(now);
        prop_assert!(
            request.trust.is_proven() || unproven < (limits.budget / 2).max(1),
            "unproven: {unproven}"
        );
        let (answers, not_before) = reference.hosts.get(key(&request.host)).copied().unwrap_or_default();
        let most = if answers { limits.per_host } else { 1 };
        prop_assert!(
            world.on_host(&request.host) <= most,
            "to one host: {}",
            world.on_host(&request.host)
        );
        prop_assert!(not_before <= now, "went in a pause that lasts until {not_before}");
    }
    prop_assert_eq!(world.gate.in_flight(), in_flight);
    prop_assert_eq!(world.gate.held(now), reference.held(now));
    prop_assert_eq!(world.gate.waiting(), world.line.len());
    let free = limits.budget.saturating_sub(in_flight + reference.held(now));
    prop_assert_eq!(world.gate.places_left(now), free);
    let own = in_flight + reference.held(now) - reference.recalled(now);
    prop_assert!(own <= limits.budget, "{own} places taken");
    if let Some(next) = world.gate.next_change(now) {
        prop_assert!(next > now);
        prop_assert!(next <= now + Span::hours(1), "{next}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_sequence_of_acts_goes_beyond_the_limits(limits in limits(), acts in acts()) {
        let mut world = World::new(limits);
        let mut reference = Reference::default();
        for act in &acts {
            checked(&mut world, &mut reference, limits, act)?;
        }
    }

    #[test]
    fn nothing_holds_a_place_longer_than_200_s(limits in limits(), acts in acts()) {
        let mut world = World::new(limits);
        for act in &acts {
            world.act(act);
        }
        while !world.flights.is_empty() {
            world.finish(0, Outcome::NoAnswer);
        }
        world.now = world.now + Span::seconds(200);
        prop_assert_eq!((world.gate.held(world.now), world.gate.places_left(world.now)), (0, limits.budget));
    }

    #[test]
    fn a_gate_that_is_left_alone_forgets(limits in limits(), acts in acts()) {
        let mut world = World::new(limits);
        for act in &acts {
            world.act(act);
        }
        for credential in world.line.clone().keys() {
            world.gate.leave(credential);
        }
        while !world.flights.is_empty() {
            world.finish(0, Outcome::Token);
        }
        // The longest pace of rejected values is a day, and a day later they are forgotten.
        world.now = world.now + Span::hours(48);
        world.line.clear();
        let fresh = |mut world: World| {
            for _ in 0..2 {
                let place = world.gate.ask(&crate::gate_scene::request("last", "last.staffr.net"), world.now);
                if let Answer::Go(place) = place {
                    world.gate.finish(&place, Outcome::NotConnected, world.now);
                }
            }
            world.gate
        };
        let mut new = World::new(limits);
        new.now = world.now;
        prop_assert_eq!(fresh(world), fresh(new));
    }

    #[test]
    fn the_same_acts_come_to_the_same_under_any_clock(limits in limits(), acts in acts_under_any_clock()) {
        let mut worlds = [World::new(limits), World::new(limits)];
        for act in &acts {
            let [one, other] = &mut worlds;
            prop_assert_eq!(one.act(act), other.act(act));
            prop_assert_eq!(&one.gate, &other.gate);
            prop_assert_eq!(one.gate.next_change(one.now), other.gate.next_change(one.now));
            prop_assert_eq!(one.gate.in_flight(), one.flights.len());
        }
    }
}
