//! Anything that may be done to a gate, in any order, with any clock.

use std::collections::BTreeMap;

use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::{Index, select},
};
use tracktik_operator::{
    api::{Moment, Reason, Span},
    rotation::gate::{AccountAnswer, Answer, Gate, Limits, Outcome, Past, PlaceId, Request, Trust},
};

use crate::{
    arbitrary::{START, moment},
    gate_scene::{OUTCOMES, sent},
};

#[derive(Clone, Debug)]
pub enum Act {
    Ask(Request),
    Leave(String),
    AskAccount(Index, u8, bool),
    Finish(Index, Outcome),
    Pass(Span),
    Recall(Vec<Past>),
    Wake,
}

pub fn limits() -> BoxedStrategy<Limits> {
    prop_oneof![
        1 => Just(Limits::default()),
        2 => (1_usize..8, 1_usize..4).prop_map(|(budget, per_host)| Limits { budget, per_host }),
    ]
    .boxed()
}

fn host() -> BoxedStrategy<String> {
    select(vec!["a.staffr.net", "b.staffr.net", "b.staffr.net:443", "c.staffr.net"])
        .prop_map(str::to_owned)
        .boxed()
}

fn credential() -> BoxedStrategy<String> {
    (0..24).prop_map(|number| format!("ns/{number:02}")).boxed()
}

pub fn trust() -> BoxedStrategy<Trust> {
    let unproven = (0_i64..4).prop_map(|minutes| Trust::Unproven {
        since: START - Span::minutes(minutes),
    });
    prop_oneof![Just(Trust::Proven), unproven].boxed()
}

pub fn request() -> BoxedStrategy<Request> {
    (credential(), host(), trust(), 0_i64..4)
        .prop_map(|(credential, host, trust, minutes)| Request {
            credential,
            host,
            trust,
            expires: START + Span::minutes(minutes),
        })
        .boxed()
}

/// What of a login may be refused.
pub fn rejection() -> BoxedStrategy<Reason> {
    let reasons = [
        Reason::CredentialsRejected,
        Reason::ClientRejected,
        Reason::EndpointMisbehaved,
    ];
    select(reasons.to_vec()).boxed()
}

pub fn outcome() -> BoxedStrategy<Outcome> {
    let pause = prop_oneof![
        (-10_i64..8_000).prop_map(Span::seconds),
        any::<i64>().prop_map(Span::millis)
    ];
    prop_oneof![
        6 => Just(Outcome::Token),
        8 => select(OUTCOMES.to_vec()).prop_map(|(outcome, _)| outcome),
        1 => pause.clone().prop_map(|pause| Outcome::Throttled { pause }),
        1 => (rejection(), weighted(0.5, pause)).prop_map(|(reason, retry_after)| Outcome::Rejected { reason, retry_after }),
    ]
    .boxed()
}

fn past() -> BoxedStrategy<Past> {
    prop_oneof![
        moment().prop_map(|ended| Past::Failed { ended }),
        moment().prop_map(|announced| Past::Unresolved { announced })
    ]
    .boxed()
}

fn act(pass: BoxedStrategy<Span>) -> BoxedStrategy<Act> {
    prop_oneof![
        10 => request().prop_map(Act::Ask),
        2 => credential().prop_map(Act::Leave),
        4 => (any::<Index>(), 0_u8..6, any::<bool>()).prop_map(|(place, values, by)| Act::AskAccount(place, values, by)),
        6 => (any::<Index>(), outcome()).prop_map(|(place, outcome)| Act::Finish(place, outcome)),
        3 => pass.prop_map(Act::Pass),
        1 => vec(past(), 0..6).prop_map(Act::Recall),
        3 => Just(Act::Wake),
    ]
    .boxed()
}

/// Time passes as it does.
pub fn acts() -> BoxedStrategy<Vec<Act>> {
    let pass = prop_oneof![
        3 => (0_i64..50_000).prop_map(Span::millis),
        2 => (0_i64..200).prop_map(Span::seconds),
        1 => (0_i64..120).prop_map(Span::minutes),
    ];
    vec(act(pass.boxed()), 0..150).boxed()
}

/// The clock does anything at all.
pub fn acts_under_any_clock() -> BoxedStrategy<Vec<Act>> {
    vec(act(any::<i64>().prop_map(Span::millis).boxed()), 0..60).boxed()
}

/// A request that has a place.
#[derive(Clone, Debug)]
pub struct Taken {
    pub place: PlaceId,
    pub request: Request,
}

/// What an act came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    Asked(Answer),
    Account(AccountAnswer),
    Woken(Vec<String>),
    Nothing,
}

/// A gate and what its users know.
#[derive(Clone, Debug)]
pub struct World {
    pub gate: Gate,
    pub now: Moment,
    pub flights: Vec<Taken>,
    /// The wishes of those who wait.
    pub line: BTreeMap<String, Request>,
}

impl World {
    pub fn new(limits: Limits) -> Self {
        Self {
            gate: Gate::new(limits),
            now: START,
            flights: Vec::new(),
            line: BTreeMap::new(),
        }
    }

    pub fn on_host(&self, host: &str) -> usize {
        let here = |taken: &&Taken| key(&taken.request.host) == key(host);
        self.flights.iter().filter(here).count()
    }

    pub fn ask(&mut self, request: &Request) -> Answer {
        let answer = self.gate.ask(request, self.now);
        match &answer {
            Answer::Go(place) => {
                self.line.remove(&request.credential);
                self.flights.push(Taken {
                    place: place.clone(),
                    request: request.clone(),
                });
            }
            Answer::Wait(_) => {
                self.line.insert(request.credential.clone(), request.clone());
            }
        }
        answer
    }

    /// Values belong to an account: two to each.
    pub fn ask_account(&mut self, index: usize, values: u8, by_request: bool) -> AccountAnswer {
        let Some(taken) = self.flights.get(index) else {
            panic!("no such flight")
        };
        let account = values / 2;
        let answer = self
            .gate
            .ask_account(&taken.place, sent(values, 100 + account), by_request, self.now);
        let request = taken.request.clone();
        self.line.remove(&request.credential);
        if answer == AccountAnswer::Busy {
            self.line.insert(request.credential.clone(), request);
        }
        answer
    }

    pub fn finish(&mut self, index: usize, outcome: Outcome) -> Taken {
        let taken = self.flights.remove(index);
        self.gate.finish(&taken.place, outcome, self.now);
        taken
    }

    pub fn act(&mut self, act: &Act) -> Came {
        match act {
            Act::Ask(request) => return Came::Asked(self.ask(request)),
            Act::Leave(credential) => {
                self.gate.leave(credential);
                self.line.remove(credential);
            }
            Act::AskAccount(index, values, by_request) if !self.flights.is_empty() => {
                let index = index.index(self.flights.len());
                return Came::Account(self.ask_account(index, *values, *by_request));
            }
            Act::Finish(index, outcome) if !self.flights.is_empty() => {
                self.finish(index.index(self.flights.len()), *outcome);
            }
            Act::AskAccount(..) | Act::Finish(..) => {}
            Act::Pass(span) => self.now = self.now + *span,
            Act::Recall(past) => self.gate.recall(past.clone(), self.now),
            Act::Wake => return Came::Woken(self.gate.to_wake(self.now)),
        }
        Came::Nothing
    }
}

pub fn key(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}
