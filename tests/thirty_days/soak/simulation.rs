//! The simulation: a town, and what goes wrong in it from a seed.

use std::{collections::BTreeMap, time::Duration};

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    dice::Dice,
    incidents::{Lane, Planned},
    residents,
    town::{LOOK, Town},
};

/// Persons who administer credentials.
const PERSONS: usize = 8;

/// After everything has come to its end, so long nothing goes wrong.
const QUIET: Duration = Duration::from_hours(6);

/// What a simulation is made of.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub seed: u64,
    pub lifetimes: usize,
    pub credentials: usize,
    pub broken: usize,
    pub hosts: usize,
}

pub struct Simulation {
    pub size: Size,
    pub town: Town,
    lanes: Vec<(Lane, Dice)>,
    agenda: BTreeMap<(Instant, usize), Action>,
    entries: usize,
    days: u64,
}

/// What the agenda may hold.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Look,
    Begin(usize, Planned),
    End(usize, Planned),
    /// A wrong password is written on the way to the right one.
    Typo(usize),
    /// Killed and started again, every so often until then.
    Crash(Duration, Instant),
}

impl Simulation {
    pub fn new(size: Size) -> Self {
        let mut residents = residents::healthy(size.credentials, size.hosts);
        residents.extend(residents::broken(size.broken, size.hosts));
        let hosts = (0..size.hosts).map(Lane::Host);
        let persons = (0..PERSONS).map(|_| Lane::Person);
        let others = [
            Lane::ApiServer,
            Lane::Watch,
            Lane::Operator,
            Lane::Clock,
            Lane::Neighbour,
        ];
        let lanes = (1..).zip(hosts.chain(persons).chain(others));
        let lanes = lanes.map(|(player, lane)| (lane, Dice::of(size.seed, player)));
        let mut simulation = Self {
            size,
            town: Town::of(residents, size.hosts, size.seed),
            lanes: lanes.collect(),
            agenda: BTreeMap::new(),
            entries: 0,
            days: 0,
        };
        simulation.put(LOOK, Action::Look);
        for lane in 0..simulation.lanes.len() {
            simulation.plan(lane);
        }
        simulation
    }

    /// Runs until so many tokens have lived, with whatever goes wrong meanwhile; then until all is well again, and on.
    pub async fn run(&mut self) {
        while self.town.ledger.seen.lifetimes < self.size.lifetimes {
            self.step().await;
        }
        self.lanes.clear();
        self.agenda.retain(|_, action| !matches!(action, Action::Begin(..)));
        let nothing_left = |action: &Action| matches!(action, Action::Look);
        while !self.agenda.values().all(nothing_left) {
            self.step().await;
        }
        self.town.pass(QUIET).await;
    }

    /// The next of the agenda.
    async fn step(&mut self) {
        let ((at, _), action) = self.agenda.pop_first().unwrap();
        tokio::time::sleep_until(at).await;
        match action {
            Action::Look => {
                let (before, after) = (self.days, self.town.days());
                self.days = after;
                self.town.look();
                if before < after {
                    self.town.ledger.seen.print(after);
                }
                self.put(LOOK, Action::Look);
            }
            action => self.act(action).await,
        }
    }

    /// The next that goes wrong on this lane.
    pub fn plan(&mut self, lane: usize) {
        let residents = self.size.credentials;
        if let Some((of, dice)) = self.lanes.get_mut(lane) {
            let (gap, planned) = of.next(dice, residents);
            self.put(gap, Action::Begin(lane, planned));
        }
    }

    pub fn put(&mut self, after: Duration, action: Action) {
        self.entries += 1;
        self.agenda.insert((monotonic() + after, self.entries), action);
    }
}
