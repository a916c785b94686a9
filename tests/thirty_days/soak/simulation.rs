//! The simulation: residents, what goes wrong from a seed, and a look at all of them every minute.

use std::{collections::BTreeMap, time::Duration};

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    dice::Dice,
    incidents::{Lane, Planned},
    ledger::{Ledger, Whom},
    residents::{self, Resident},
    tenants::Tenants,
};
use crate::world::World;

/// Between two looks at all credentials.
const LOOK: Duration = Duration::from_mins(1);

/// First tokens are for credentials that are not known to work, like those that are broken.
const MOVING_IN: Duration = Duration::from_hours(1);

/// Persons who administer credentials.
const PERSONS: usize = 8;

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
    pub world: World<Tenants>,
    pub ledger: Ledger,
    pub residents: Vec<Resident>,
    began: Instant,
    lanes: Vec<(Lane, Dice)>,
    agenda: BTreeMap<(Instant, usize), Action>,
    entries: usize,
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
        let world = World::around(
            |_| Tenants::new(),
            Some(size.seed),
            |api, tracktik| residents.iter().for_each(|resident| resident.moves_in(api, tracktik)),
        );
        let hosts = (0..size.hosts).map(Lane::Host);
        let persons = (0..PERSONS).map(|_| Lane::Person);
        let others = [Lane::ApiServer, Lane::Watch, Lane::Operator, Lane::Clock];
        let lanes = hosts.chain(persons).chain(others);
        let lanes = (1..)
            .zip(lanes)
            .map(|(player, lane)| (lane, Dice::of(size.seed, player)));
        let mut simulation = Self {
            size,
            world,
            ledger: Ledger::of(&residents, size.hosts),
            residents,
            began: monotonic(),
            lanes: lanes.collect(),
            agenda: BTreeMap::new(),
            entries: 0,
        };
        simulation.ledger.disturb(Whom::All, monotonic() + MOVING_IN);
        simulation.put(LOOK, Action::Look);
        for lane in 0..simulation.lanes.len() {
            simulation.plan(lane);
        }
        simulation
    }

    /// Runs until so many tokens have lived, with whatever goes wrong meanwhile; then until all must be well again, and on.
    pub async fn run(&mut self) {
        while self.ledger.seen.lifetimes < self.size.lifetimes {
            self.step().await;
        }
        // What has begun comes to its end, and nothing new begins.
        let ended = self.agenda.values().all(|action| matches!(action, Action::Look));
        assert!(!ended, "something always goes wrong");
        self.agenda.retain(|_, action| !matches!(action, Action::Begin(..)));
        self.lanes.clear();
        while self.agenda.len() > 1 {
            self.step().await;
        }
        let end = monotonic() + Duration::from_hours(6);
        while monotonic() < end {
            self.step().await;
        }
    }

    /// The next of the agenda.
    async fn step(&mut self) {
        let ((at, _), action) = self.agenda.pop_first().unwrap();
        tokio::time::sleep_until(at).await;
        match action {
            Action::Look => {
                self.ledger.look(&self.world.api, &self.world.tracktik);
                self.hold();
                self.put(LOOK, Action::Look);
            }
            action => self.act(action).await,
        }
    }

    /// What must never be seen was not.
    fn hold(&self) {
        let mut wrong = self.ledger.wrong.clone();
        let worst = self.world.tracktik.worst_fruitless();
        if worst >= 40 {
            wrong.push(format!("{worst} requests without a token in two minutes"));
        }
        if !wrong.is_empty() {
            let Size { seed, lifetimes, .. } = self.size;
            let (days, rest) = (self.virtual_days(), (monotonic() - self.began).as_secs() % 86_400);
            let time = format!("day {days} {:02}:{:02}", rest / 3_600, rest % 3_600 / 60);
            let all = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n  ");
            panic!(
                "SOAK_SEED={seed} SOAK_LIFETIMES={lifetimes} at {time}, {} in all:\n  {all}",
                wrong.len()
            );
        }
    }

    pub fn virtual_days(&self) -> u64 {
        (monotonic() - self.began).as_secs() / 86_400
    }

    /// What nobody has written before.
    pub fn tag(&self) -> String {
        (monotonic() - self.began).as_millis().to_string()
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
