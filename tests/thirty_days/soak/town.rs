//! A town: its residents around one operator, and the books that are kept of them.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    ledger::{Ledger, Whom},
    residents::Resident,
    tenants::Tenants,
};
use crate::world::World;

/// Between two looks at all credentials.
pub const LOOK: Duration = Duration::from_mins(1);

/// First tokens are for credentials that are not known to work, like those that are broken.
const MOVING_IN: Duration = Duration::from_hours(1);

/// What an address must stay below in any two minutes.
pub const BAN: usize = 40;

pub struct Town {
    pub seed: u64,
    pub world: World<Tenants>,
    pub ledger: Ledger,
    pub residents: Vec<Resident>,
    began: Instant,
}

impl Town {
    /// Everybody has moved in, and the operator starts.
    pub fn of(residents: Vec<Resident>, hosts: usize, seed: u64) -> Self {
        let world = World::around(
            |_| Tenants::new(),
            Some(seed),
            |api, tracktik| residents.iter().for_each(|resident| resident.moves_in(api, tracktik)),
        );
        let mut ledger = Ledger::of(&residents, hosts);
        ledger.disturb(Whom::All, monotonic() + MOVING_IN);
        Self {
            seed,
            world,
            ledger,
            residents,
            began: monotonic(),
        }
    }

    /// Lets so much time pass, and looks at all credentials every minute.
    pub async fn pass(&mut self, time: Duration) {
        let end = monotonic() + time;
        while monotonic() < end {
            tokio::time::sleep_until(end.min(monotonic() + LOOK)).await;
            self.look();
        }
    }

    /// Killed, and started at once.
    pub async fn restart(&mut self) {
        self.world.kill().await;
        self.world.start();
    }

    /// Brings the books up to date. What must never be seen ends it here.
    pub fn look(&mut self) {
        self.ledger.look(&self.world.api, &self.world.tracktik);
        let mut wrong = self.ledger.wrong.clone();
        let worst = self.world.tracktik.worst_fruitless();
        if worst >= BAN {
            wrong.push(format!("{worst} requests without a token in two minutes"));
        }
        if wrong.is_empty() {
            return;
        }
        let (days, rest) = (self.days(), self.passed().as_secs() % 86_400);
        let some = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n  ");
        panic!(
            "seed {}, day {days} {:02}:{:02}, {} in all:\n  {some}",
            self.seed,
            rest / 3_600,
            rest % 3_600 / 60,
            wrong.len()
        );
    }

    pub fn passed(&self) -> Duration {
        monotonic() - self.began
    }

    /// Whole ones that have passed.
    pub fn days(&self) -> u64 {
        self.passed().as_secs() / 86_400
    }

    /// What nobody has written before.
    pub fn tag(&self) -> String {
        self.passed().as_millis().to_string()
    }
}
