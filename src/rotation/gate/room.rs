//! What room there is: in all, and for one who waits why there is none, and when there may be. Also what the metrics count.

use super::{
    Gate,
    line::Rank,
    request::{Wait, WaitsFor},
    turn_order::{Free, who_goes},
};
use crate::api::Moment;

impl Gate {
    /// Places that are free, whoever may come first for them.
    #[must_use]
    pub fn places_left(&self, now: Moment) -> usize {
        self.free(now).all
    }

    /// Places of requests that are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.count()
    }

    /// Places held after failures; after a recall these may be more than the budget.
    #[must_use]
    pub fn held(&self, now: Moment) -> usize {
        self.held.count(now)
    }

    /// Credentials that wait, for whatever it is.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lines.count()
    }

    /// Hosts that something is known of.
    #[must_use]
    pub fn hosts_known(&self) -> usize {
        self.hosts.len()
    }

    fn free(&self, now: Moment) -> Free {
        Free {
            all: self.limits.budget.saturating_sub(self.taken(now)),
            unproven: self.limits.unproven().saturating_sub(self.unproven_taken(now)),
        }
    }

    fn taken(&self, now: Moment) -> usize {
        self.flights.count() + self.held.count(now)
    }

    fn unproven_taken(&self, now: Moment) -> usize {
        self.flights.unproven() + self.held.unproven(now)
    }

    /// Who would go if all in the line came now.
    pub(super) fn going(&self, now: Moment) -> Vec<&Rank> {
        let in_flight = self.flights.by_host();
        who_goes(&self.lines, self.free(now), |host| {
            let here = in_flight.get(host).copied().unwrap_or(0);
            self.limit(host, now).saturating_sub(here)
        })
    }

    /// When something changes by itself that somebody in the line may be waiting for: a held place or the pause of a host
    /// ends. Nothing of an account does, since whoever is refused there is not in the line.
    #[must_use]
    pub fn next_change(&self, now: Moment) -> Option<Moment> {
        if self.lines.is_empty() {
            return None;
        }
        // A walk of the hosts, without a look at their lines where they are open, as nearly all are.
        let closed = self.hosts.iter().filter_map(|(host, news)| {
            let until = news.closed(now)?.until?;
            self.lines.has_line(host).then_some(until)
        });
        let place = self.held.next_end(now).filter(|_| self.places_run_out(now));
        closed.chain(place).min()
    }

    /// Whether one more place might let one more go.
    fn places_run_out(&self, now: Moment) -> bool {
        let (going, free) = (self.going(now), self.free(now));
        let unproven = going.iter().filter(|rank| rank.is_unproven()).count();
        going.len() == free.all || unproven == free.unproven
    }

    fn limit(&self, host: &str, now: Moment) -> usize {
        let news = self.hosts.get(host);
        news.map_or(1, |news| news.limit(self.limits.per_host, now))
    }

    /// What one waits for who is in the line and does not go. The host is named first: the places are for all, and soon
    /// free again.
    pub(super) fn why(&self, host: &str, rank: &Rank, now: Moment) -> Wait {
        let news = self.hosts.get(host);
        if let Some(closed) = news.and_then(|news| news.closed(now)) {
            return closed;
        }
        let going = self.going(now);
        let ahead = going
            .iter()
            .filter(|ahead| self.lines.host_of(&ahead.credential) == Some(host));
        let here = self.flights.by_host().get(host).copied().unwrap_or(0);
        if here + ahead.count() >= self.limit(host, now) {
            let what = match news {
                Some(news) if news.silent() => WaitsFor::HostSilent,
                Some(news) if news.answers() => WaitsFor::HostBusy,
                _ => WaitsFor::HostUntried,
            };
            return Wait { what, until: None };
        }
        let free = self.free(now);
        let unproven_ahead = going.iter().filter(|ahead| ahead.is_unproven()).count();
        if free.all > 0 && rank.is_unproven() && free.unproven == unproven_ahead {
            let too_many = (self.unproven_taken(now) + 1).saturating_sub(self.limits.unproven());
            return Wait {
                what: WaitsFor::UnprovenBudget,
                until: self.held.unproven_freed(too_many, now).filter(|_| too_many > 0),
            };
        }
        let too_many = (self.taken(now) + 1).saturating_sub(self.limits.budget);
        Wait {
            what: WaitsFor::Budget,
            // Where a place is free and somebody else comes first for it, no time is known.
            until: self.held.freed(too_many, now).filter(|_| too_many > 0),
        }
    }
}
