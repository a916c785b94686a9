//! Nobody is forgotten in the line. Driven as the run loop drives it: by `to_wake` and `next_change` only, with reads of
//! sources, requests and time between what it asks and what it hears.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{AccountAnswer, Answer, Gate, Limits, Outcome, Past, PlaceId, Request, Trust},
};

use crate::{
    arbitrary::START,
    gate_scene::sent,
    gate_world::{limits, outcome, trust},
};

/// A credential that wants one token, and what it does on the way to it.
#[derive(Clone, Debug)]
struct Wish {
    host: u8,
    account: u8,
    trust: Trust,
    expires: u8,
    /// When it comes.
    comes: Span,
    /// How long it reads its sources.
    reads: Span,
    /// How long its request takes, and how that ends.
    takes: Span,
    outcome: Outcome,
    /// When it was told that it may go: leaves instead, asks only after this time.
    when_told: Option<Span>,
    /// Looks again at this time after it came, whether told or not.
    looks_again: Option<Span>,
}

fn wish() -> BoxedStrategy<Wish> {
    let short = || prop_oneof![Just(Span::ZERO), (0_i64..3_000).prop_map(Span::millis)];
    let comes = prop_oneof![Just(Span::ZERO), (0_i64..100).prop_map(Span::seconds)];
    let told = prop_oneof![1 => Just(None), 9 => short().prop_map(Some)];
    let looks_again = proptest::option::weighted(0.3, (0_i64..200).prop_map(Span::seconds));
    let who = (0_u8..3, 0_u8..6, trust(), 0_u8..4);
    let request = (short(), (0_i64..45).prop_map(Span::seconds), outcome());
    (who, comes, request, told, looks_again)
        .prop_map(
            |((host, account, trust, expires), comes, (reads, takes, outcome), when_told, looks_again)| Wish {
                host,
                account,
                trust,
                expires,
                comes,
                reads,
                takes,
                outcome,
                when_told,
                looks_again,
            },
        )
        .boxed()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Asks,
    LooksAgain,
    HasRead,
    Ends,
}

/// What a credential is at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Away,
    Waits,
    Told,
    Has(PlaceId),
    Done,
}

struct RunLoop {
    gate: Gate,
    now: Moment,
    wishes: Vec<Wish>,
    states: Vec<State>,
    /// What is to come, in the order of time.
    events: BTreeSet<(Moment, usize, Event)>,
    asked: usize,
}

impl RunLoop {
    fn new(limits: Limits, wishes: Vec<Wish>) -> Self {
        let mut this = Self {
            gate: Gate::new(limits),
            now: START,
            states: vec![State::Away; wishes.len()],
            events: BTreeSet::new(),
            wishes,
            asked: 0,
        };
        for index in 0..this.wishes.len() {
            let wish = this.wishes[index].clone();
            this.comes(index, wish.comes, Event::Asks);
            if let Some(after) = wish.looks_again {
                this.comes(index, wish.comes + after, Event::LooksAgain);
            }
        }
        this
    }

    fn comes(&mut self, index: usize, after: Span, event: Event) {
        self.events.insert((self.now + after, index, event));
    }

    fn request(&self, index: usize) -> Request {
        let wish = &self.wishes[index];
        Request {
            credential: index.to_string(),
            host: format!("h{}.staffr.net", wish.host),
            trust: wish.trust,
            expires: START + Span::minutes(i64::from(wish.expires)),
        }
    }

    fn ask(&mut self, index: usize) {
        self.asked += 1;
        // Told for nothing only where somebody who comes first came in between, never again and again.
        let most = 40 + self.wishes.len() * 8;
        assert!(self.asked <= most, "{} ask again and again", self.wishes.len());
        let reads = self.wishes[index].reads;
        self.states[index] = match self.gate.ask(&self.request(index), self.now) {
            Answer::Go(place) => {
                self.comes(index, reads, Event::HasRead);
                State::Has(place)
            }
            Answer::Wait(_) => State::Waits,
        };
    }

    fn happens(&mut self, index: usize, event: Event) {
        let wish = self.wishes[index].clone();
        match (event, self.states[index].clone()) {
            (Event::Asks, State::Away | State::Told) | (Event::LooksAgain, State::Waits) => self.ask(index),
            (Event::HasRead, State::Has(place)) => {
                // An account is one of a host.
                let account = wish.host * 2 + wish.account / 3;
                let sent = sent(50 + wish.host * 6 + wish.account, account);
                let answer = self.gate.ask_account(&place, sent, false, self.now);
                if answer == AccountAnswer::Go {
                    self.comes(index, wish.takes, Event::Ends);
                    return;
                }
                self.gate.finish(&place, Outcome::NotSent, self.now);
                self.states[index] = if answer == AccountAnswer::Busy {
                    State::Waits
                } else {
                    State::Done
                };
            }
            (Event::Ends, State::Has(place)) => {
                self.gate.finish(&place, wish.outcome, self.now);
                self.states[index] = State::Done;
            }
            _ => {}
        }
    }

    fn wake(&mut self) {
        loop {
            let told = self.gate.to_wake(self.now);
            if told.is_empty() {
                return;
            }
            for credential in told {
                let index: usize = credential.parse().unwrap();
                assert_eq!(self.states[index], State::Waits, "told, and does not wait");
                if let Some(after) = self.wishes[index].when_told {
                    self.states[index] = State::Told;
                    self.comes(index, after, Event::Asks);
                } else {
                    self.gate.leave(&credential);
                    self.states[index] = State::Done;
                }
            }
        }
    }

    /// Until nothing is to come any more.
    fn run(&mut self) {
        loop {
            self.wake();
            let event = self.events.first().map(|event| event.0);
            let change = self.gate.next_change(self.now);
            let Some(next) = event.into_iter().chain(change).min() else {
                return;
            };
            self.now = self.now.max(next);
            if event == Some(next)
                && let Some((_, index, event)) = self.events.pop_first()
            {
                self.happens(index, event);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whoever_waits_is_told_in_the_end(
        limits in limits(),
        wishes in vec(wish(), 0..60),
        past in vec((-300_i64..300).prop_map(|ago| Past::Failed { ended: START - Span::seconds(ago) }), 0..30),
    ) {
        let mut all = RunLoop::new(limits, wishes);
        all.gate.recall(past, all.now);
        all.run();
        let waiting: Vec<usize> = (0..all.states.len()).filter(|index| all.states[*index] != State::Done).collect();
        prop_assert!(waiting.is_empty(), "{waiting:?} wait for ever");
        prop_assert_eq!((all.gate.waiting(), all.gate.in_flight()), (0, 0));
    }
}

#[test]
fn thirty_credentials_of_one_account_log_in_one_after_the_other_and_none_asks_in_vain() {
    let wish = Wish {
        host: 0,
        account: 0,
        trust: Trust::Proven,
        expires: 0,
        comes: Span::ZERO,
        reads: Span::millis(20),
        takes: Span::seconds(1),
        outcome: Outcome::Token,
        when_told: Some(Span::ZERO),
        looks_again: None,
    };
    let mut all = RunLoop::new(Limits::default(), vec![wish; 30]);
    all.run();
    assert_eq!(all.gate.waiting(), 0);
    assert_eq!(all.now - START, Span::millis(1_020).times(30));
    // The first alone, since it finds out whether the host answers; of the others eight find the account taken.
    assert!(all.asked <= 30 + 30 + 30, "{}", all.asked);
}
