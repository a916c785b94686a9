//! The election, by the rules of `cluster/lease.rs` and `cluster/claim.rs`: who may take the Lease over, and whose claim
//! is current. That its calls race rightly is shown by `tests/laws/election` and `tests/leader`; here a renewal always
//! comes through, unless the process stands still.

use std::{rc::Rc, sync::OnceLock};

use tracktik_operator::{
    api::{Moment, Span},
    clock::{self, Instant},
    cluster::{
        claim::holds,
        lease::{Decision, Sight, Timing, held_by},
        lease_object::Lease,
    },
    rotation::gate::{Gate, Limits, Past},
};

use crate::{
    api_server::{CREDENTIALS, Objects},
    process::{Behind, Desk, Memory, Office},
    rules::{Rules, START, Safeguard},
    told::ToldAccounts,
    world::{self, REPLICAS, World},
};

/// Between `Timing::renew_deadline` and `Timing::lease_duration`.
const CUT_OFF_FOR: Span = Span::seconds(11);

/// A monotonic clock that began with the world.
fn instant(at: Moment) -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(clock::monotonic) + (at - START).to_std()
}

fn name(process: u8) -> String {
    format!("replica-{process}")
}

/// What a replica that does not lead makes of the Lease: when it may take it, if not now.
pub fn waits_until(world: &World, replica: usize) -> Option<Moment> {
    let process = &world.replicas[replica];
    let timing = Timing::default();
    let lease = (world.lease.holder > 0).then(|| Lease {
        record: held_by(&name(world.lease.holder), None, &timing, world.lease.renewed),
        ..Lease::default()
    });
    let sight = Sight::new(&name(process.name), timing, lease, instant(process.sees_since));
    match sight.decide(instant(world.now)) {
        Decision::Wait(until) => {
            let wait = until.duration_since(instant(world.now)).as_millis();
            Some(world.now + Span::millis(i64::try_from(wait).unwrap()))
        }
        Decision::Create | Decision::TakeOver | Decision::Renew => None,
    }
}

/// Whether a process may act: `Claim::is_current`.
pub fn may_act(world: &World, replica: usize, rules: &Rules) -> bool {
    let since = world.now - world.office(replica).renewed;
    rules.overlap || rules.lacks(Safeguard::Claim) || holds(since.to_std(), since, Timing::default().renew_deadline)
}

impl World {
    /// A replica takes the Lease: it lists everything, and counts what the failure records tell.
    pub fn elect(&mut self, replica: usize, rules: &Rules) {
        let now = self.now;
        let name = self.replicas[replica].name;
        self.lease = world::Lease {
            holder: name,
            renewed: now,
        };
        let mut gate = Gate::new(rules.limits);
        if !rules.lacks(Safeguard::Recall) {
            let records = self.api.credentials.iter();
            let past: Vec<Past> = records
                .filter_map(|credential| credential.status.failure.as_ref())
                .flat_map(Past::all_of)
                .collect();
            gate.recall(past, now);
        }
        let office = Office {
            started: now,
            renewed: now,
            status_accepted: false,
            behind: Behind::default(),
            cut_off: false,
            stopping: false,
            frozen: None,
            cache: self.api.clone(),
            gate,
            told: ToldAccounts::default(),
            desks: [0, 1].map(|of| Rc::new(Desk::new(rules.has(of)))),
        };
        self.replicas[replica].office = Some(Rc::new(office));
        if !rules.overlap && !rules.lacks(Safeguard::Claim) {
            self.forget_what_cannot_act(replica);
        }
        for process in &mut self.replicas {
            process.sees_since = now;
        }
    }

    /// Of a process that stands still while another takes the Lease, only a call that it has asked the claim for will
    /// ever be of consequence.
    fn forget_what_cannot_act(&mut self, elected: usize) {
        for replica in (0..REPLICAS).filter(|replica| *replica != elected) {
            let Some(frozen) = self.replicas[replica].office.as_ref().map(|office| office.frozen) else {
                continue;
            };
            let Some(of) = frozen.and_then(|frozen| frozen.calls) else {
                self.restart(replica);
                continue;
            };
            self.forgets_refusals(replica);
            let office = self.office_mut(replica);
            office.gate = Gate::new(Limits::default());
            office.told = ToldAccounts::default();
            office.cache = Objects::default();
            office.behind = Behind::ALL;
            let desk = Rc::make_mut(&mut office.desks[of]);
            desk.memory = Memory {
                held: desk.memory.held.take(),
                ..Memory::default()
            };
            desk.again = false;
            office.desks[1 - of] = Rc::new(Desk::new(false));
        }
    }

    /// The renewals of a leader do not get there for longer than its claim stands, and not for as long as a Lease.
    pub fn cut_off(&mut self, replica: usize) {
        let since = self.now - CUT_OFF_FOR;
        let office = self.office_mut(replica);
        office.cut_off = true;
        office.renewed = since;
        self.lease.renewed = since;
        for process in &mut self.replicas {
            process.sees_since = since;
        }
    }

    /// The Lease is renewed again, which nobody else has taken.
    pub fn regain(&mut self, replica: usize) {
        self.office_mut(replica).cut_off = false;
        self.renew();
        for of in 0..CREDENTIALS {
            self.desk_mut(replica, of).wake();
        }
    }

    /// The renewals of the time that has passed up to now, of the one who holds the Lease and does not stand still.
    pub fn renew(&mut self) {
        let (now, holder) = (self.now, self.lease.holder);
        let leads = self
            .replicas
            .iter_mut()
            .find(|process| process.name == holder && process.acts());
        let Some(office) = leads.and_then(|process| process.office.as_mut()) else {
            return;
        };
        Rc::make_mut(office).renewed = now;
        self.lease.renewed = now;
        for process in &mut self.replicas {
            process.sees_since = now;
        }
    }
}
