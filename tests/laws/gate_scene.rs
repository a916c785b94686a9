//! A gate, a clock and the places that were given: what the tables of the gate are written in.

use std::collections::BTreeMap;

use tracktik_operator::{
    api::{Moment, Reason, Span},
    rotation::gate::{
        AccountAnswer, Answer, Digest, Gate, Limits, Outcome, PlaceId, Request, Sent, Trust, Wait, WaitsFor,
    },
};

use crate::arbitrary::START;

pub const HOST: &str = "acme.staffr.net";
pub const OTHER: &str = "other.staffr.net";

pub const REJECTED: Outcome = Outcome::Rejected {
    reason: Reason::CredentialsRejected,
    retry_after: None,
};

/// Each outcome, and whether TrackTik may have counted a failed login.
pub const OUTCOMES: [(Outcome, bool); 11] = [
    (Outcome::Token, false),
    (Outcome::NotSent, false),
    (Outcome::NotConnected, false),
    (Outcome::NoAnswer, true),
    (Outcome::ServerError, true),
    (Outcome::Misbehaved, true),
    (REJECTED, true),
    (Outcome::RefreshRefused { retry_after: None }, true),
    (Outcome::Throttled { pause: Span::ZERO }, true),
    (Outcome::Firewall, true),
    (Outcome::Unknown, true),
];

pub const NEVER_TRIED: Trust = Trust::Unproven { since: START };

pub struct Scene {
    pub gate: Gate,
    pub now: Moment,
    pub places: BTreeMap<String, PlaceId>,
}

pub fn digest(number: u8) -> Digest {
    Digest::new([number; 16])
}

/// Values with a password of their own.
pub fn sent(values: u8, account: u8) -> Sent {
    Sent {
        values: digest(values),
        password: digest(values),
        account: digest(account),
    }
}

pub fn request(credential: &str, host: &str) -> Request {
    Request {
        credential: credential.to_owned(),
        host: host.to_owned(),
        trust: Trust::Proven,
        expires: START + Span::hours(1),
    }
}

pub fn unproven(credential: &str, host: &str) -> Request {
    Request {
        trust: NEVER_TRIED,
        expires: Moment::default(),
        ..request(credential, host)
    }
}

impl Scene {
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self {
            gate: Gate::new(limits),
            now: START,
            places: BTreeMap::new(),
        }
    }

    pub fn pass(&mut self, span: Span) {
        self.now = self.now + span;
    }

    /// None where it goes.
    pub fn ask_for(&mut self, request: &Request) -> Option<Wait> {
        let credential = request.credential.clone();
        match self.gate.ask(request, self.now) {
            Answer::Go(place) => {
                self.places.insert(credential, place);
                None
            }
            Answer::Wait(wait) => Some(wait),
        }
    }

    pub fn ask(&mut self, credential: &str, host: &str) -> Option<Wait> {
        self.ask_for(&request(credential, host))
    }

    pub fn goes(&mut self, credential: &str, host: &str) {
        let wait = self.ask(credential, host);
        assert_eq!(wait, None, "{credential} waits");
    }

    pub fn waits(&mut self, credential: &str, host: &str) -> (WaitsFor, Option<Span>) {
        let wait = self.ask(credential, host).unwrap();
        (wait.what, wait.until.map(|until| until - self.now))
    }

    pub fn ask_account(&mut self, credential: &str, values: u8, account: u8) -> AccountAnswer {
        self.ask_account_by(credential, values, account, false)
    }

    pub fn ask_account_by(&mut self, credential: &str, values: u8, account: u8, by_request: bool) -> AccountAnswer {
        self.ask_to_send(credential, sent(values, account), by_request)
    }

    pub fn ask_to_send(&mut self, credential: &str, sent: Sent, by_request: bool) -> AccountAnswer {
        let place = &self.places[credential];
        self.gate.ask_account(place, sent, by_request, self.now)
    }

    pub fn finish(&mut self, credential: &str, outcome: Outcome) {
        let place = self.places.remove(credential).unwrap();
        self.gate.finish(&place, outcome, self.now);
    }

    /// Goes and ends at once.
    pub fn request(&mut self, credential: &str, host: &str, outcome: Outcome) {
        self.goes(credential, host);
        self.finish(credential, outcome);
    }

    /// Whoever was told takes the place, and so on until nobody is told.
    pub fn woken(&mut self) -> Vec<String> {
        self.gate.to_wake(self.now)
    }

    /// Makes a host known to answer.
    pub fn answers(&mut self, host: &str) {
        self.request("default/first", host, Outcome::Token);
    }

    /// How many more would be let through to this host.
    pub fn room(&self, host: &str) -> usize {
        let mut gate = self.gate.clone();
        (0..100)
            .take_while(|number| {
                let request = request(&format!("room/{number}"), host);
                matches!(gate.ask(&request, self.now), Answer::Go(_))
            })
            .count()
    }
}
