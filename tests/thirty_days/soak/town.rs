//! A town: its residents around one operator, and the books that are kept of them.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    ledger::{Ledger, Whom},
    residents::Resident,
    tenants::Tenants,
};
use crate::{leaks::Sieve, world::World};

/// Between two looks at all credentials.
pub const LOOK: Duration = Duration::from_mins(1);

/// First tokens are for credentials that are not known to work, like those that are broken.
const MOVING_IN: Duration = Duration::from_hours(1);

/// What an address must stay below in any two minutes.
pub const BAN: usize = 40;

/// To a host that answered until now there are 8 requests under way, the most there are, when the address is banned. Their
/// answers, which are the firewall's, pause it for 10 minutes; then one request at a time finds out, and the pause doubles
/// to an hour: 8 at once, and in the two hours one after 10, 30 and 70 minutes. The token of a request from before the ban
/// that comes after the first of these answers does not end that.
const ASKED_WHILE_BANNED: usize = 8 + 3;

pub struct Town {
    pub seed: u64,
    pub world: World<Tenants>,
    pub ledger: Ledger,
    pub residents: Vec<Resident>,
    log: Sieve,
    began: Instant,
}

impl Town {
    /// Everybody has moved in, and the operator starts.
    pub fn of(residents: Vec<Resident>, hosts: usize, seed: u64) -> Self {
        let log = Sieve::new();
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
            log,
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
        self.start();
    }

    /// Another operator, after the one before has ended.
    pub fn start(&mut self) {
        self.world.start();
        self.world.tracktik.another_operator();
    }

    /// Brings the books up to date. What must never be seen ends it here.
    pub fn look(&mut self) {
        self.ledger.look(&self.world.api, &self.world.tracktik);
        let mut wrong = self.ledger.wrong.clone();
        wrong.extend(self.log.found());
        let worst = self.world.tracktik.worst_fruitless();
        if worst >= BAN {
            wrong.push(format!("{worst} requests without a token in two minutes"));
        }
        let (by_others, all) = self.world.tracktik.bans();
        if by_others != all {
            wrong.push(format!("{all} bans, of which others brought about {by_others}"));
        }
        let asked = self.world.tracktik.most_asked_while_banned();
        if asked > ASKED_WHILE_BANNED {
            wrong.push(format!(
                "{asked} requests to a host by one operator while the address was banned"
            ));
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
