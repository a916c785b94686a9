//! The whole world: the API server, TrackTik, two replicas, and the time. What a move makes of it is in the rooms beside.

use std::rc::Rc;

use tracktik_operator::api::{Moment, Span};

use crate::{
    api_server::{CREDENTIALS, Objects, SecretObject},
    invariants::Broken,
    process::{Behind, Desk, Office, Process},
    rules::{Rules, START},
    tracktik::{Mood, TrackTik},
};

/// Replicas.
pub const REPLICAS: usize = 2;

/// The credentials, as the gate knows them.
pub const NAMES: [&str; CREDENTIALS] = ["default/a", "default/b"];

/// The Lease: who holds it, and since when the record stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lease {
    pub holder: u8,
    pub renewed: Moment,
}

/// A state. What can be shared with the states before it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub now: Moment,
    pub api: Objects,
    pub tracktik: Rc<TrackTik>,
    pub lease: Lease,
    pub replicas: [Process; REPLICAS],
    /// Processes so far, for their names.
    pub processes: u8,
    /// Attempts of each credential so far, for the ids of grants: any that differ would do.
    pub attempts: [u8; CREDENTIALS],
    /// Requests that went out long after the claim was asked for, from a process that stood still.
    pub strays: u8,
    /// Answers of TrackTik that were lost.
    pub unheard: u8,
    /// How often a login was refused that no record told of when the process that knew it ended or was deposed, or whose
    /// record was overwritten after that by an earlier leader that had stood still right before a write of status.
    pub untold: u8,
    /// Credentials of which a token may be lost: somebody took the token Secret away after the rehearsal of its write, or
    /// the process stood still with it, or right before asking for it.
    pub excused: [bool; CREDENTIALS],
    /// Each token Secret as it was before the tokens in it were written.
    pub backups: [Option<Rc<SecretObject>>; CREDENTIALS],
    /// A promise that was broken on the way here.
    pub broken: Option<Broken>,
}

impl World {
    /// Two credentials that nobody has looked at, and two replicas that have just started.
    pub fn new(rules: &Rules) -> Self {
        Self {
            now: START,
            api: Objects {
                account: 1,
                ..Objects::default()
            },
            tracktik: Rc::new(TrackTik::new(rules.mood)),
            lease: Lease::default(),
            replicas: [Process::new(1, START), Process::new(2, START)],
            processes: 2,
            attempts: [0; CREDENTIALS],
            strays: 0,
            unheard: 0,
            untold: 0,
            excused: [false; CREDENTIALS],
            backups: [None, None],
            broken: None,
        }
    }

    /// What a process that leads, or led, has. Only where it has an office.
    pub fn office(&self, replica: usize) -> &Office {
        self.replicas[replica].office.as_ref().unwrap()
    }

    pub fn office_mut(&mut self, replica: usize) -> &mut Office {
        Rc::make_mut(self.replicas[replica].office.as_mut().unwrap())
    }

    pub fn desk(&self, replica: usize, of: usize) -> &Desk {
        &self.office(replica).desks[of]
    }

    pub fn desk_mut(&mut self, replica: usize, of: usize) -> &mut Desk {
        Rc::make_mut(&mut self.office_mut(replica).desks[of])
    }

    /// The token endpoint answers otherwise from here on.
    pub fn changes_its_mood(&mut self, mood: Mood) {
        Rc::make_mut(&mut self.tracktik).mood = mood;
    }

    /// The first promise that was broken stands.
    pub fn breaks(&mut self, promise: Broken) {
        self.broken.get_or_insert(promise);
    }

    /// Something changed in the cluster: the watches bring it, and the credential is looked at.
    pub fn tell(&mut self, of: Option<usize>) {
        for replica in 0..REPLICAS {
            let brought = self.replicas[replica].office.as_ref();
            if brought.is_some_and(|office| office.behind != Behind::ALL) {
                self.catch_up(replica, of);
            }
        }
    }

    /// The watches that are not behind bring what there is.
    pub fn catch_up(&mut self, replica: usize, of: Option<usize>) {
        let objects = self.api.clone();
        let office = self.office_mut(replica);
        if !office.behind.credentials {
            office.cache.credentials = objects.credentials;
        }
        if !office.behind.secrets {
            office.cache.slots = objects.slots;
            office.cache.account = objects.account;
        }
        for desk in 0..CREDENTIALS {
            if of.is_none_or(|of| of == desk) {
                Rc::make_mut(&mut office.desks[desk]).wake();
            }
        }
    }

    /// The process dies, and another starts in its place.
    pub fn restart(&mut self, replica: usize) {
        self.forgets_refusals(replica);
        self.processes += 1;
        self.replicas[replica] = Process::new(self.processes, self.now);
    }

    /// The time as it is looked at: nobody is quicker than the grain.
    pub fn rounded(at: Moment, grain: Span) -> Moment {
        let passed = (at - START).as_millis();
        let grains = (passed + grain.as_millis() - 1) / grain.as_millis();
        START + grain.times(grains)
    }
}
