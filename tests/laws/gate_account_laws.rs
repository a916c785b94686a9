//! Over any life of the gate: an account has one request under way, is refused five times an hour at most, and what is
//! held back is held back for exactly as long as it has to be.

use proptest::{collection::vec, option::weighted, prelude::*, sample::Index};
use tracktik_operator::{
    api::{Moment, Reason, Span},
    rotation::{
        backoff::Pace,
        gate::{AccountAnswer, Answer, Limits, Outcome, Refusal, Request, Trust},
    },
};

use crate::{
    arbitrary::START,
    gate_scene::{NEVER_TRIED, REJECTED, unproven},
    gate_world::{Taken, World, outcome, rejection},
};

const HOUR: Span = Span::hours(1);

/// A credential comes with some values; then a request ends, and time passes.
#[derive(Clone, Debug)]
struct Visit {
    credential: u8,
    values: u8,
    proven: bool,
    by_request: bool,
    ends: Option<(Index, Outcome)>,
    passes: Span,
}

fn visit() -> BoxedStrategy<Visit> {
    let rejected = rejection().prop_map(|reason| Outcome::Rejected {
        reason,
        retry_after: None,
    });
    let outcome = prop_oneof![4 => rejected, 1 => Just(Outcome::Token), 1 => outcome()];
    let passes = prop_oneof![
        3 => Just(Span::ZERO),
        3 => (0_i64..300).prop_map(Span::seconds),
        1 => (0_i64..40).prop_map(Span::minutes),
    ];
    let ends = weighted(0.8, (any::<Index>(), outcome));
    // Twelve values of two accounts, so that wrong ones are plenty.
    (0_u8..8, 0_u8..12, weighted(0.1, Just(())), any::<bool>(), ends, passes)
        .prop_map(|(credential, values, proven, by_request, ends, passes)| Visit {
            credential,
            values,
            proven: proven.is_some(),
            by_request,
            ends,
            passes,
        })
        .boxed()
}

/// What was answered to which values, in the order of time.
#[derive(Default)]
struct Log(Vec<(Moment, u8, Outcome)>);

fn account(values: u8) -> u8 {
    values / 6
}

impl Log {
    /// When they were let in, or why not.
    fn told(&self, values: u8) -> impl Iterator<Item = (Moment, Result<(), Reason>)> {
        let of = self.0.iter().filter(move |(_, sent, _)| *sent == values);
        of.filter_map(|(at, _, outcome)| match outcome {
            Outcome::Token => Some((*at, Ok(()))),
            Outcome::Rejected { reason, .. } => Some((*at, Err(*reason))),
            _ => None,
        })
    }

    /// Until when the values are at rest, and why.
    fn pace(&self, values: u8) -> Option<Refusal> {
        let (mut rejections, mut refusal) = (0, None);
        for (at, told) in self.told(values) {
            rejections = told.map_or(rejections + 1, |()| 0);
            refusal = told.err().map(|reason| Refusal {
                until: at + Pace::Rejection.wait(rejections, 0),
                reason,
            });
        }
        refusal
    }

    fn rejections(&self, account_of: u8, since: Moment) -> Vec<(Moment, Reason)> {
        let of = self
            .0
            .iter()
            .filter(|(at, sent, _)| account(*sent) == account_of && *at > since);
        of.filter_map(|(at, _, outcome)| match outcome {
            Outcome::Rejected { reason, .. } => Some((*at, *reason)),
            _ => None,
        })
        .collect()
    }

    fn refusal(&self, visit: &Visit, now: Moment) -> Option<Refusal> {
        let pace = self
            .pace(visit.values)
            .filter(|refusal| refusal.until > now && !visit.by_request);
        let right = self
            .told(visit.values)
            .last()
            .map_or(visit.proven, |(_, told)| told.is_ok());
        let recent = self.rejections(account(visit.values), now - HOUR);
        let account = (!right && recent.len() >= 5).then(|| Refusal {
            until: recent[recent.len() - 5].0 + HOUR,
            reason: recent[recent.len() - 1].1,
        });
        pace.into_iter().chain(account).max_by_key(|refusal| refusal.until)
    }
}

struct Life {
    world: World,
    log: Log,
    /// The values of the requests under way, by credential.
    sent: Vec<(String, u8)>,
}

impl Life {
    fn new() -> Self {
        let world = World::new(Limits {
            budget: 100,
            per_host: 100,
        });
        Self {
            world,
            log: Log::default(),
            sent: Vec::new(),
        }
    }

    fn visit(&mut self, visit: &Visit) -> Result<(), TestCaseError> {
        // A host for each credential, which keeps what this is about free of pauses and failures of a host.
        let request = Request {
            trust: if visit.proven { Trust::Proven } else { NEVER_TRIED },
            ..unproven(
                &format!("ns/{}", visit.credential),
                &format!("h{}.staffr.net", visit.credential),
            )
        };
        let now = self.world.now;
        let answer = self.world.gate.ask(&request, now);
        let Answer::Go(place) = answer else {
            self.world.gate.leave(&request.credential);
            return Ok(());
        };
        let sent = crate::gate_scene::sent(visit.values, 100 + account(visit.values));
        let answer = self.world.gate.ask_account(&place, sent, visit.by_request, now);
        let under_way = self
            .sent
            .iter()
            .any(|(_, values)| account(*values) == account(visit.values));
        let expected = match self.log.refusal(visit, now) {
            _ if under_way => AccountAnswer::Busy,
            Some(refusal) => AccountAnswer::Rejected(refusal),
            None => AccountAnswer::Go,
        };
        prop_assert_eq!(answer, expected);
        if answer == AccountAnswer::Go {
            self.sent.push((request.credential.clone(), visit.values));
            self.world.flights.push(Taken { place, request });
        } else {
            self.world.gate.finish(&place, Outcome::NotSent, now);
            self.world.gate.leave(&request.credential);
        }
        Ok(())
    }

    fn end(&mut self, index: Index, outcome: Outcome) {
        if !self.sent.is_empty() {
            let index = index.index(self.sent.len());
            self.sent.rotate_left(index);
            self.world.flights.rotate_left(index);
            self.end_first(outcome);
        }
    }

    fn end_first(&mut self, outcome: Outcome) {
        let (_, values) = self.sent.remove(0);
        self.world.finish(0, outcome);
        self.log.0.push((self.world.now, values, outcome));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_may_be_sent_is_what_the_answers_so_far_allow(visits in vec(visit(), 0..100)) {
        let mut life = Life::new();
        for visit in &visits {
            life.visit(visit)?;
            if let Some((index, outcome)) = &visit.ends {
                life.end(*index, *outcome);
            }
            // Within a day, in which nothing is forgotten.
            if life.world.now + visit.passes < START + Span::hours(24) {
                life.world.now = life.world.now + visit.passes;
            }
        }
    }

    #[test]
    fn an_account_is_refused_five_times_in_any_hour_whatever_is_tried(visits in vec(visit(), 0..150)) {
        let mut life = Life::new();
        for visit in &visits {
            // All of them wrong, and each asked for by a person.
            let visit = Visit { by_request: true, proven: false, ..visit.clone() };
            life.visit(&visit)?;
            if let Some((index, _)) = &visit.ends {
                life.end(*index, REJECTED);
            }
            life.world.now = life.world.now + visit.passes;
        }
        for account in 0..2 {
            let rejections = life.log.rejections(account, Moment::default());
            for ((first, _), (sixth, _)) in rejections.iter().zip(rejections.iter().skip(5)) {
                prop_assert!(*sixth - *first >= HOUR, "six within {}", *sixth - *first);
            }
        }
    }
}

#[test]
fn thirty_credentials_of_one_wrong_account_send_once_per_step_of_the_pace() {
    let mut life = Life::new();
    let end = START + Span::hours(72);
    while life.world.now < end {
        for credential in 0..30 {
            let visit = Visit {
                credential,
                values: 0,
                proven: false,
                by_request: false,
                ends: None,
                passes: Span::ZERO,
            };
            life.visit(&visit).unwrap();
        }
        for _ in 0..life.sent.len() {
            life.end_first(REJECTED);
        }
        life.world.now = life.world.now + Span::minutes(5);
    }
    let sent: Vec<i64> = life
        .log
        .0
        .iter()
        .map(|(at, _, _)| (*at - START).as_seconds() / 60)
        .collect();
    // 0, + 30 min, + 2 h, + 6 h, + 24 h, + 24 h.
    assert_eq!(sent, [0, 30, 150, 510, 1_950, 3_390]);
}
