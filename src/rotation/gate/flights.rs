//! The places that are taken by requests under way.

use std::collections::BTreeMap;

use super::{
    account_guard::Sent,
    host_news::KnownBefore,
    line::Rank,
    request::{Digest, PlaceId},
};
use crate::api::Moment;

/// Who has a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    /// Where it goes.
    pub host: String,
    /// Who it is, and whether it is proven.
    pub rank: Rank,
    /// What was known of the host when it began.
    pub before: KnownBefore,
    /// What it sends, once the account guard has let it.
    pub sent: Option<Sent>,
    /// The account whose turn it has.
    pub turn: Option<Digest>,
}

impl Flight {
    /// The accounts behind which somebody may go on once this has ended.
    #[must_use]
    pub fn accounts(&self) -> Vec<Digest> {
        let sent = self.sent.map(|sent| sent.account);
        let turn = self.turn.filter(|turn| Some(*turn) != sent);
        sent.into_iter().chain(turn).collect()
    }
}

/// All that are under way: no more than the budget, so each may be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flights(BTreeMap<PlaceId, Flight>);

impl Flights {
    /// Takes a place.
    pub fn begin(&mut self, flight: Flight, now: Moment) -> PlaceId {
        let used = |number: &usize| self.0.keys().any(|place| place.number == *number);
        let number = (0..self.0.len()).find(|number| !used(number)).unwrap_or(self.0.len());
        let place = PlaceId { number, taken: now };
        self.0.insert(place.clone(), flight);
        place
    }

    /// Gives a place back.
    pub fn end(&mut self, place: &PlaceId) -> Option<Flight> {
        self.0.remove(place)
    }

    /// Who has this place.
    #[must_use]
    pub fn get(&self, place: &PlaceId) -> Option<&Flight> {
        self.0.get(place)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, place: &PlaceId) -> Option<&mut Flight> {
        self.0.get_mut(place)
    }

    /// Whether a request with this account is under way.
    #[must_use]
    pub fn send(&self, account: Digest) -> bool {
        self.0
            .values()
            .filter_map(|flight| flight.sent)
            .any(|sent| sent.account == account)
    }

    /// How many go to each host.
    #[must_use]
    pub fn by_host(&self) -> BTreeMap<&str, usize> {
        let mut count = BTreeMap::new();
        for flight in self.0.values() {
            *count.entry(flight.host.as_str()).or_default() += 1;
        }
        count
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many are unproven.
    #[must_use]
    pub fn unproven(&self) -> usize {
        self.0.values().filter(|flight| flight.rank.is_unproven()).count()
    }
}
