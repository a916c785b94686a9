//! The gate: may this credential request a token now, and if not, what does it wait for?
//!
//! It keeps all credentials together below TrackTik's limits, and one dead host or many broken credentials from delaying
//! the others. Plain state: no clock, no I/O, no waiting, no randomness. The time that is handed in must never go back
//! nor jump ahead, which would free places too early; times of another machine are brought to it in [`Gate::recall`].
//!
//! ```text
//!   ask ──► Wait ──► in the line ──► to_wake ──► ask (or leave)
//!    └────► Go: a place ──► ask_account ──► Go: the request ──► finish
//!                                 ├───────► Busy: in the line again, finish with NotSent
//!                                 └───────► Rejected: finish with NotSent
//! ```
//!
//! What the caller owes: each place is finished once, also after a panic (`Unknown`). Whoever [`Gate::to_wake`] names
//! comes and asks, or leaves: until then its place is kept for it. And [`Gate::to_wake`] is called after each `finish` and
//! `leave`, after an `ask` that has to wait, and when [`Gate::next_change`] has come.
//!
//! - [`request`], [`outcome`]: the words.
//! - [`held_places`]: places that stay taken after a failure; [`host_news`]: what is known of a host;
//!   [`account_guard`]: what is known of values and accounts; [`rejections`]: how often they were refused.
//! - [`line`](mod@line): who waits; [`turn_order`]: who goes first.

pub mod account_guard;
pub mod flights;
pub mod held_places;
pub mod host_news;
pub mod line;
pub mod outcome;
pub mod rejections;
pub mod request;
pub mod room;
pub mod turn_order;

use std::collections::BTreeMap;

use account_guard::AccountGuard;
pub use account_guard::Sent;
use flights::{Flight, Flights};
use held_places::HeldPlaces;
use host_news::HostNews;
use line::{Lines, Rank, Waiter};
pub use outcome::{Outcome, Past};
pub use request::{AccountAnswer, Answer, Digest, Limits, PlaceId, Refusal, Request, Trust, Wait, Waiting, WaitsFor};

use super::standing::Standing;
use crate::api::{Moment, one_server};

/// The gate. One for all credentials of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    limits: Limits,
    flights: Flights,
    held: HeldPlaces,
    hosts: BTreeMap<String, HostNews>,
    accounts: AccountGuard,
    lines: Lines,
}

impl Gate {
    /// An open gate.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.usable(),
            flights: Flights::default(),
            held: HeldPlaces::default(),
            hosts: BTreeMap::new(),
            accounts: AccountGuard::default(),
            lines: Lines::default(),
        }
    }

    /// May this credential request a token now? Where it has to wait, it is in the line afterwards, once, with what this
    /// request says.
    ///
    /// It goes only if no one else who could go comes first for the places that are free.
    pub fn ask(&mut self, request: &Request, now: Moment) -> Answer {
        self.held.free_ended(now);
        let rank = Rank::of(request);
        let host = one_server(&request.host).to_owned();
        let before = self.lines.remove(&request.credential);
        let (turn, behind) = before.map_or((None, None), |waiter| {
            // On another host it is another account.
            let behind = waiter
                .behind
                .filter(|account| waiter.host == host && self.flights.send(*account));
            (waiter.turn, behind)
        });
        self.lines.insert(Waiter::new(host.clone(), rank.clone(), turn, behind));
        if behind.is_some() {
            return Answer::Wait(Wait {
                what: WaitsFor::Account,
                until: None,
            });
        }
        if !self.going(now).contains(&&rank) {
            return Answer::Wait(self.why(&host, &rank, now));
        }
        self.lines.remove(&request.credential);
        let flight = Flight {
            before: self.hosts.get(&host).map(HostNews::known).unwrap_or_default(),
            host,
            rank,
            sent: None,
            turn,
        };
        Answer::Go(self.flights.begin(flight, now))
    }

    /// This credential wants no place any more: its reconcile ended in another way, or it is gone. What it has in flight
    /// stays in flight.
    pub fn leave(&mut self, credential: &str) {
        if let Some(account) = self.lines.remove(credential).and_then(|waiter| waiter.turn) {
            self.let_next_through(account);
        }
    }

    /// May these values be sent, now that they were read? `by_request`: a person asks for it, by a new rotate value on
    /// this credential.
    pub fn ask_account(&mut self, place: &PlaceId, sent: Sent, by_request: bool, now: Moment) -> AccountAnswer {
        // Asked once more, what it asked for before counts no longer.
        let Some(before) = self.flights.get_mut(place).map(|flight| flight.sent.take()) else {
            return AccountAnswer::Busy;
        };
        let answer = self.account_answer(place, sent, by_request, now);
        if let Some(before) = before {
            self.let_next_through(before.account);
        }
        answer
    }

    /// How far the pace has come of what this place asked to send, whichever credential sent it; nothing where these values
    /// are known to work but for requests whose outcome was lost.
    #[must_use]
    pub fn standing(&self, place: &PlaceId, sent: Sent) -> Option<Standing> {
        let unproven = self.flights.get(place)?.rank.is_unproven();
        let standing = self.accounts.standing(sent.values)?;
        (standing.is_refusal() || !self.accounts.works(sent, !unproven)).then_some(standing)
    }

    /// What the failure record of a credential tells of the values that it tried.
    pub fn learn(&mut self, sent: Sent, standing: Standing, now: Moment) {
        self.accounts.learn(sent, standing, now);
    }

    /// With these values a token was requested at this time, and granted, as its Secret tells.
    pub fn worked(&mut self, sent: Sent, at: Moment) {
        self.accounts.worked(sent, at);
    }

    fn account_answer(&mut self, place: &PlaceId, sent: Sent, by_request: bool, now: Moment) -> AccountAnswer {
        let busy = self.flights.send(sent.account);
        let Some(flight) = self.flights.get_mut(place) else {
            return AccountAnswer::Busy;
        };
        let (host, rank) = (flight.host.clone(), flight.rank.clone());
        let refused = self.accounts.refusal(sent, !rank.is_unproven(), by_request, now);
        if !busy && refused.is_none() {
            flight.sent = Some(sent);
        }
        // Also where it stands behind an account since an earlier answer to this place.
        self.leave(&rank.credential);
        if busy {
            self.lines.insert(Waiter::new(host, rank, None, Some(sent.account)));
            return AccountAnswer::Busy;
        }
        refused.map_or(AccountAnswer::Go, AccountAnswer::Rejected)
    }

    /// A request has ended, or came to nothing. A place that is not in flight changes nothing.
    pub fn finish(&mut self, place: &PlaceId, outcome: Outcome, now: Moment) {
        let Some(flight) = self.flights.end(place) else {
            return;
        };
        self.held.free_ended(now);
        if outcome.may_count_as_failed() {
            self.held.hold(!flight.rank.is_unproven(), now);
        }
        if outcome != Outcome::NotSent {
            let news = self.hosts.entry(flight.host.clone()).or_default();
            news.heard(&flight.host, outcome, flight.before, now);
        }
        if let Some(sent) = flight.sent {
            self.accounts.answered(sent, !flight.rank.is_unproven(), outcome, now);
        }
        for account in flight.accounts() {
            self.let_next_through(account);
        }
        self.forget(now);
    }

    /// Who in the line would now go and has not been told so since it asked.
    pub fn to_wake(&mut self, now: Moment) -> Vec<String> {
        self.held.free_ended(now);
        let going = self.going(now).into_iter().map(|rank| &rank.credential);
        let news: Vec<String> = going.filter(|who| !self.lines.was_told(who)).cloned().collect();
        self.lines.tell(&news);
        news
    }

    /// On start and on becoming leader: what the failure records tell of requests that may have failed lately, by this
    /// process or another. A request that this process knows of and that is recalled as well counts twice, which is the
    /// safe side and is over within minutes.
    pub fn recall(&mut self, past: impl IntoIterator<Item = Past>, now: Moment) {
        self.held.free_ended(now);
        for request in past {
            self.held.recall(request, now);
        }
    }

    /// On start: some failure records are not known. They may tell of as many requests as there are places, and as many
    /// others may have been lost with the process before; what is left below TrackTik's limit is one place of six, and
    /// never less than one.
    pub fn assume_the_worst(&mut self, now: Moment) {
        self.held.free_ended(now);
        let left = (self.limits.budget / 6).max(1);
        for _ in left..self.limits.budget {
            self.held.hold_unknown(now);
        }
    }

    fn let_next_through(&mut self, account: Digest) {
        if !self.flights.send(account) {
            self.lines.let_through(account);
        }
    }

    /// Nothing grows without a `finish`, so this is where it is cut back.
    fn forget(&mut self, now: Moment) {
        self.accounts.forget(now);
        let in_flight = self.flights.by_host();
        self.hosts.retain(|host, news| {
            !news.stale(now) || in_flight.contains_key(host.as_str()) || self.lines.has_line(host)
        });
    }
}
