//! An API server, three candidates, and what may happen to them, by a seed.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tracktik_operator::{
    api::Span,
    clock::{self, Instant},
    cluster::{
        lease::Timing,
        lease_object::{Lease, Record},
    },
};

use super::candidate::{Answer, Call, Candidate, LONGEST_WAY, OFF, Reading};
use crate::arbitrary::START;

/// What may happen beside calls that are late or lost. Not all at once: a machine that is suspended while its wall clock
/// is set back knows nothing of the time, and where a Lease was deleted, who has not seen it knows nothing of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hazards {
    /// Processes are killed, stopped, suspended, started anew; clocks run at different speeds.
    Machines,
    /// Processes stand still, and wall clocks are set.
    WallClocks,
    /// The Lease is deleted, and its holder removed.
    Hands,
}

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % end
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(most.as_millis()).unwrap() + 1))
    }
}

/// A machine with its clocks and the process on it.
struct Machine {
    process: Candidate,
    monotonic: Duration,
    /// Percent of the true time.
    speed: u32,
    off: Span,
    /// Until then the process does nothing.
    stands_still: Duration,
    /// And the monotonic clock neither.
    suspended: bool,
}

struct Message {
    machine: usize,
    process: String,
    number: u64,
    at: Duration,
    what: What,
}

enum What {
    Request(Call, Option<Duration>),
    Answer(Answer),
}

pub struct World {
    dice: Dice,
    hazards: Hazards,
    calm: bool,
    timing: Timing,
    origin: Instant,
    now: Duration,
    lease: Option<Lease>,
    version: u64,
    machines: Vec<Machine>,
    messages: Vec<Message>,
    number: u64,
    most: usize,
}

impl World {
    pub fn new(seed: u64, hazards: Hazards, timing: Timing) -> Self {
        let mut world = Self {
            dice: Dice(seed | 1),
            hazards,
            calm: false,
            timing,
            // Any instant: only differences count.
            origin: clock::monotonic(),
            now: Duration::ZERO,
            lease: None,
            version: 0,
            machines: Vec::new(),
            messages: Vec::new(),
            number: 0,
            most: 0,
        };
        for _ in 0..3 {
            let process = world.process();
            let hours = i64::try_from(world.dice.below(96)).unwrap();
            let machine = Machine {
                process,
                monotonic: world.dice.up_to(Duration::from_hours(100)),
                // The fastest runs less than half as fast again as the slowest.
                speed: u32::try_from(82 + world.dice.below(40)).unwrap(),
                off: Span::hours(hours) - OFF,
                stands_still: Duration::ZERO,
                suspended: false,
            };
            world.machines.push(machine);
        }
        world
    }

    fn process(&mut self) -> Candidate {
        self.number += 1;
        Candidate::new(format!("candidate-{}", self.number), self.timing)
    }

    /// Nothing happens any more, and calls are quick.
    pub fn calm(&mut self) {
        self.calm = true;
    }

    /// The most claims that ever stood at once.
    pub fn most_at_once(&self) -> usize {
        self.most
    }

    /// How many stand now.
    pub fn claims(&self) -> usize {
        let all = 0..self.machines.len();
        all.filter(|at| self.machines[*at].process.has_claim(self.reading(*at)))
            .count()
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let step = Duration::from_millis(1 + self.dice.below(120));
            self.now += step;
            for machine in &mut self.machines {
                if !(machine.suspended && self.now < machine.stands_still) {
                    machine.monotonic += step * machine.speed / 100;
                }
            }
            self.most = self.most.max(self.claims());
            self.deliver();
            for at in 0..self.machines.len() {
                if !self.calm {
                    self.happen(at);
                }
                if self.now >= self.machines[at].stands_still {
                    let (reading, number) = (self.reading(at), self.number + 1);
                    self.number = number;
                    match self.machines[at].process.act(number, reading) {
                        Ok(None) => {}
                        Ok(Some(call)) => self.send(at, number, call),
                        Err(()) => self.restart(at),
                    }
                }
            }
            self.most = self.most.max(self.claims());
        }
    }

    fn reading(&self, at: usize) -> Reading {
        let machine = &self.machines[at];
        let passed = i64::try_from(self.now.as_millis()).unwrap();
        Reading {
            monotonic: self.origin + machine.monotonic,
            wall: START + Span::millis(passed) + machine.off,
        }
    }

    fn restart(&mut self, at: usize) {
        let new = self.process();
        let old = std::mem::replace(&mut self.machines[at].process, new);
        if self.hazards == Hazards::Hands {
            // It must not forget what it has seen, see [`Hazards`].
            let now = self.reading(at).monotonic;
            self.machines[at].process.remembers(&old, now);
        }
    }

    fn happen(&mut self, at: usize) {
        if self.dice.once_in(200) {
            self.machines[at].stands_still = self.now + self.dice.up_to(Duration::from_secs(40));
            self.machines[at].suspended = self.hazards == Hazards::Machines && self.dice.once_in(2);
        }
        if self.dice.once_in(60) {
            self.machines[at].process.nudge();
        }
        if self.dice.once_in(300) {
            let wall = self.reading(at).wall;
            self.number += 1;
            if let Some(call) = self.machines[at].process.release(wall) {
                self.send(at, self.number, call);
                self.restart(at);
            }
        }
        match self.hazards {
            Hazards::Machines if self.dice.once_in(300) => self.restart(at),
            Hazards::WallClocks if self.dice.once_in(100) => {
                let hours = i64::try_from(self.dice.below(96)).unwrap();
                self.machines[at].off = Span::hours(hours) - OFF;
            }
            Hazards::Hands if self.dice.once_in(600) && self.all_know_the_holder() => self.lease = None,
            Hazards::Hands if self.dice.once_in(600) => {
                if let Some(lease) = &mut self.lease {
                    self.version += 1;
                    lease.record.holder_identity = None;
                    lease.metadata.resource_version = Some(self.version.to_string());
                }
            }
            _ => {}
        }
    }

    fn all_know_the_holder(&self) -> bool {
        let named = |record: &Record| record.holder().map(str::to_owned);
        let holder = self.lease.as_ref().and_then(|lease| named(&lease.record));
        let mut seen = self
            .machines
            .iter()
            .map(|machine| machine.process.record().and_then(named));
        holder.is_some() && seen.all(|seen| seen == holder)
    }

    fn way(&mut self) -> Duration {
        let most = if !self.calm && self.dice.once_in(8) {
            LONGEST_WAY
        } else {
            Duration::from_millis(300)
        };
        self.dice.up_to(most)
    }

    fn send(&mut self, machine: usize, number: u64, call: Call) {
        let lost = |world: &mut Self| !world.calm && world.dice.once_in(12);
        if lost(self) {
            return;
        }
        let at = self.now + self.way();
        let back = if lost(self) { None } else { Some(self.way()) };
        let process = self.machines[machine].process.name.clone();
        let what = What::Request(call, back);
        self.messages.push(Message {
            machine,
            process,
            number,
            at,
            what,
        });
    }

    fn deliver(&mut self) {
        let (mut due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.messages)
            .into_iter()
            .partition(|message| message.at <= self.now);
        self.messages = later;
        due.sort_by_key(|message| message.at);
        for Message {
            machine,
            process,
            number,
            at,
            what,
        } in due
        {
            match what {
                What::Request(call, back) => {
                    let answer = self.answer(call);
                    if let Some(back) = back {
                        let (at, what) = (self.now + back, What::Answer(answer));
                        self.messages.push(Message {
                            machine,
                            process,
                            number,
                            at,
                            what,
                        });
                    }
                }
                What::Answer(answer) if self.now < self.machines[machine].stands_still => {
                    // It waits in the socket.
                    let what = What::Answer(answer);
                    self.messages.push(Message {
                        machine,
                        process,
                        number,
                        at,
                        what,
                    });
                }
                What::Answer(answer) => {
                    let reading = self.reading(machine);
                    let runs = &mut self.machines[machine].process;
                    if runs.name == process && runs.hear(number, answer, reading).is_err() {
                        self.restart(machine);
                    }
                }
            }
        }
    }

    /// As the API server: a write counts only from the version that stands.
    fn answer(&mut self, call: Call) -> Answer {
        let stands = self
            .lease
            .as_ref()
            .and_then(|lease| lease.metadata.resource_version.clone());
        match call {
            Call::Read => Answer::Stands(self.lease.clone().map(Box::new)),
            Call::Write(from, record) if stands == from => Answer::Stands(Some(Box::new(self.stored(record)))),
            Call::Write(..) => Answer::Conflict,
        }
    }

    fn stored(&mut self, record: Record) -> Lease {
        self.version += 1;
        let lease = Lease {
            metadata: ObjectMeta {
                resource_version: Some(self.version.to_string()),
                ..ObjectMeta::default()
            },
            record,
        };
        self.lease = Some(lease.clone());
        lease
    }
}
