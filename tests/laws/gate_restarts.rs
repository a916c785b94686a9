//! However often the process dies, TrackTik sees fewer than 40 failed logins in two minutes.
//!
//! The worst is assumed: every login fails, at any instant while its request is under way; a process that is older than
//! 200 s announces nothing, and any of its requests that still hold a place are lost with it; clocks differ.

use proptest::{collection::vec, option::weighted, prelude::*};
use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::{Answer, Gate, Limits, Past, PlaceId},
};

use crate::{
    arbitrary::START,
    gate_scene::{REJECTED, request},
};

/// Before it is this old, a process announces each request.
const YOUNG: Span = Span::seconds(200);

/// Clocks are this far from true at most: 10 s until an announced request is sent, 45 s until it is answered and two
/// minutes leave 25 s of the 200 s, and a second is lost where the API server keeps whole ones.
const APART: Span = Span::seconds(12);

/// TrackTik counts over two minutes.
const WINDOW: Span = Span::minutes(2);

/// What one request does, each as a part of its range from 0 to 100.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// From the announcement to the request, of 10 s.
    waits: i64,
    /// Under way, of 45 s.
    takes: i64,
    /// When TrackTik counts it, of the time that it is under way.
    fails: i64,
    /// Its outcome does not get into the record if the process dies.
    lost: bool,
}

/// The worst of them: counted as early as can be, so that the place seems to be held for long, or as late as can be.
fn fate() -> BoxedStrategy<Fate> {
    let part = || prop_oneof![Just(0_i64), Just(100), 0_i64..=100];
    (part(), part(), part(), weighted(0.7, Just(())))
        .prop_map(|(waits, takes, fails, lost)| Fate {
            waits,
            takes,
            fails,
            lost: lost.is_some(),
        })
        .boxed()
}

#[derive(Clone, Debug)]
struct Step {
    passes: Span,
    /// How many ask; each on a host of its own.
    asks: usize,
    /// After which time the process is started again, and how much its new clock is off.
    dies: Option<(Span, Span)>,
}

fn step() -> BoxedStrategy<Step> {
    let passes = prop_oneof![3 => 0_i64..5_000, 3 => 0_i64..60_000, 1 => 100_000_i64..250_000].prop_map(Span::millis);
    let off = prop_oneof![Just(Span::ZERO - APART), Just(APART), Just(Span::ZERO)];
    let dies = weighted(0.2, ((0_i64..20).prop_map(Span::seconds), off));
    (passes, prop_oneof![Just(18_usize), 0_usize..20], dies)
        .prop_map(|(passes, asks, dies)| Step { passes, asks, dies })
        .boxed()
}

#[derive(Clone, Debug)]
struct Sent {
    place: Option<PlaceId>,
    ends: Moment,
    announced: Option<Moment>,
    lost: bool,
}

struct Cluster {
    /// As no clock shows it.
    now: Moment,
    off: Span,
    started: Moment,
    gate: Gate,
    /// Requests of this process.
    sent: Vec<Sent>,
    /// What the records hold of processes that are gone.
    records: Vec<Past>,
    /// When TrackTik counted a failed login.
    failed_logins: Vec<Moment>,
    asked: usize,
}

impl Cluster {
    fn new() -> Self {
        Self {
            now: START,
            off: Span::ZERO,
            started: START,
            gate: Gate::new(Limits::default()),
            sent: Vec::new(),
            records: Vec::new(),
            failed_logins: Vec::new(),
            asked: 0,
        }
    }

    /// As this process' clock shows it.
    fn clock(&self, at: Moment) -> Moment {
        at + self.off
    }

    fn pass(&mut self, span: Span) {
        let until = self.now + span;
        self.sent.sort_by_key(|sent| sent.ends);
        for index in 0..self.sent.len() {
            let ends = self.sent[index].ends;
            if ends <= until
                && let Some(place) = self.sent[index].place.take()
            {
                self.gate.finish(&place, REJECTED, self.clock(ends));
            }
        }
        self.now = until;
    }

    fn ask(&mut self, fate: Fate) {
        self.asked += 1;
        let name = format!("c{}", self.asked);
        let host = format!("{name}.staffr.net");
        let Answer::Go(place) = self.gate.ask(&request(&name, &host), self.clock(self.now)) else {
            self.gate.leave(&name);
            return;
        };
        let announced = (self.now < self.started + YOUNG).then(|| self.clock(self.now));
        let begins = match announced {
            Some(_) => self.now + Span::seconds(10).times(fate.waits).divided_by(100),
            None => self.now,
        };
        let takes = Span::seconds(45).times(fate.takes).divided_by(100);
        self.failed_logins
            .push(begins + takes.times(fate.fails).divided_by(100));
        self.sent.push(Sent {
            place: Some(place),
            ends: begins + takes,
            announced,
            lost: fate.lost,
        });
    }

    /// The process is gone, and another begins that knows what was written down.
    fn die(&mut self, pause: Span, off: Span) {
        self.end(pause, off);
        self.recall();
    }

    /// As [`Self::die`], where the other cannot read it yet.
    fn die_and_be_blind(&mut self) {
        self.end(Span::ZERO, Span::ZERO);
        self.gate.assume_the_worst(self.clock(self.now));
    }

    fn recall(&mut self) {
        self.gate.recall(self.records.clone(), self.clock(self.now));
    }

    fn end(&mut self, pause: Span, off: Span) {
        for sent in std::mem::take(&mut self.sent) {
            let ended = sent.place.is_none();
            // What ended before a place would be free again has been written down since.
            let lost = !ended || (sent.lost && sent.ends + Span::seconds(160) > self.now);
            match (sent.announced, lost) {
                (Some(announced), true) => self.records.push(Past::Unresolved {
                    announced: announced.whole_second(),
                }),
                (None, true) => {}
                (_, false) => self.records.push(Past::Failed {
                    ended: self.clock(sent.ends).whole_second(),
                }),
            }
        }
        self.now = self.now + pause;
        self.off = off;
        self.started = self.now;
        self.gate = Gate::new(Limits::default());
    }

    /// The most failed logins that TrackTik sees in two minutes.
    fn most_in_two_minutes(&self) -> usize {
        let mut times = self.failed_logins.clone();
        times.sort_unstable();
        let within = |first: &Moment| {
            times
                .iter()
                .filter(|at| *at >= first && **at <= *first + WINDOW)
                .count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_sequence_of_crashes_gets_the_address_banned(
        steps in vec(step(), 1..60),
        fates in vec(fate(), 1..50),
    ) {
        let mut cluster = Cluster::new();
        let mut fates = fates.iter().cycle();
        for step in steps {
            cluster.pass(step.passes);
            for fate in fates.by_ref().take(step.asks) {
                cluster.ask(*fate);
            }
            if let Some((pause, off)) = step.dies {
                cluster.die(pause, off);
            }
        }
        let most = cluster.most_in_two_minutes();
        prop_assert!(most < 40, "{most} failed logins in two minutes");
    }
}

const QUICK: Fate = Fate {
    waits: 0,
    takes: 0,
    fails: 0,
    lost: true,
};

fn all_ask(cluster: &mut Cluster, fate: Fate) {
    for _ in 0..19 {
        cluster.ask(fate);
    }
    cluster.pass(Span::seconds(1));
}

#[test]
fn a_crash_of_an_old_process_costs_eighteen_more_and_a_crash_loop_none() {
    let mut cluster = Cluster::new();
    cluster.pass(YOUNG);
    all_ask(&mut cluster, QUICK);
    assert_eq!(cluster.most_in_two_minutes(), 18);
    for _ in 0..50 {
        cluster.die(Span::ZERO, Span::ZERO);
        all_ask(&mut cluster, QUICK);
    }
    assert_eq!(cluster.most_in_two_minutes(), 36);
}

#[test]
fn the_worst_moments_to_die_are_no_worse() {
    let late = Fate {
        waits: 100,
        takes: 100,
        fails: 100,
        lost: true,
    };
    let recorded = Fate { lost: false, ..QUICK };
    let mut worst = 0;
    for (old, young) in [QUICK, late]
        .iter()
        .flat_map(|old| [QUICK, recorded, late].map(|young| (*old, young)))
    {
        for (first, second) in (0..3).flat_map(|first| (1..12).map(move |second| (first * 20, second * 20))) {
            let mut cluster = Cluster::new();
            cluster.pass(YOUNG);
            all_ask(&mut cluster, old);
            cluster.pass(Span::seconds(first));
            // The clock of the next but one is ahead, so that what it recalls seems to have been long ago.
            cluster.die(Span::ZERO, Span::ZERO - APART);
            for tick in 0..60 {
                if tick * 4 == second {
                    cluster.die(Span::ZERO, APART);
                }
                all_ask(&mut cluster, if tick * 4 < second { young } else { QUICK });
                cluster.pass(Span::seconds(3));
            }
            worst = worst.max(cluster.most_in_two_minutes());
        }
    }
    assert_eq!(worst, 36);
}

/// One whose list of credentials was refused at its start cannot know of the 18 before it, nor of those that nobody knows of.
#[test]
fn who_cannot_read_the_records_at_first_adds_three() {
    for seen_after in [0, 20, 100, 199, 250] {
        let mut cluster = Cluster::new();
        cluster.pass(YOUNG);
        all_ask(&mut cluster, QUICK);
        cluster.die(Span::ZERO, Span::ZERO);
        all_ask(&mut cluster, Fate { lost: false, ..QUICK });
        assert_eq!(cluster.most_in_two_minutes(), 36);
        cluster.die_and_be_blind();
        for tick in 0..300 {
            if tick == seen_after {
                cluster.recall();
            }
            all_ask(&mut cluster, QUICK);
        }
        let most = if seen_after == 0 { 36 } else { 39 };
        assert_eq!(cluster.most_in_two_minutes(), most, "{seen_after}");
    }
}

#[test]
fn without_a_crash_there_are_eighteen_in_two_minutes() {
    let slow = Fate {
        takes: 100,
        fails: 100,
        ..QUICK
    };
    for fate in [QUICK, slow] {
        let mut cluster = Cluster::new();
        for _ in 0..900 {
            all_ask(&mut cluster, fate);
        }
        assert_eq!(cluster.most_in_two_minutes(), 18);
        assert!(
            cluster.failed_logins.len() >= 72,
            "it goes on: {}",
            cluster.failed_logins.len()
        );
    }
}
