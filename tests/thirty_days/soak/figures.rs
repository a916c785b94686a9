//! What came out, for whoever reads it.

use std::{collections::VecDeque, time::Duration};

use tracktik_operator::clock::Instant;

use super::tenants::Arrival;

/// Over so long TrackTik counts the failed logins of an address.
const TWO_MINUTES: Duration = Duration::from_mins(2);

const TEN_MINUTES: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// When something happened, lately.
#[derive(Default)]
pub struct Lately(VecDeque<Instant>);

impl Lately {
    /// Once more; how often it did in this time, up to now.
    pub fn add(&mut self, now: Instant, time: Duration) -> usize {
        self.0.push_back(now);
        while self.0.front().is_some_and(|at| *at + time <= now) {
            self.0.pop_front();
        }
        self.0.len()
    }
}

/// What counts towards the ban of an address.
#[derive(Default)]
pub struct InTwoMinutes {
    lately: Lately,
    worst: usize,
}

impl InTwoMinutes {
    pub fn add(&mut self, now: Instant) {
        self.worst = self.worst.max(self.lately.add(now, TWO_MINUTES));
    }

    /// The most in any two minutes.
    pub fn worst(&self) -> usize {
        self.worst
    }
}

/// The logins of one account.
#[derive(Default)]
pub struct Logins {
    an_hour: Lately,
    a_day: Lately,
    granted: Lately,
    refused: Lately,
}

impl Logins {
    /// One more was sent, of an account that so many credentials use, and whose password is wrong all along or not.
    pub fn add(&mut self, arrival: &Arrival, users: usize, broken: bool, seen: &mut Seen) {
        let now = arrival.at;
        if arrival.granted {
            let of_one = self.granted.add(now, TEN_MINUTES).div_ceil(users);
            seen.most_logins_granted_in_ten_minutes = of_one.max(seen.most_logins_granted_in_ten_minutes);
        }
        if arrival.refused {
            let refused = self.refused.add(now, HOUR);
            seen.most_refusals_per_hour = refused.max(seen.most_refusals_per_hour);
        }
        let [an_hour, a_day] = if broken {
            &mut seen.most_logins_with_a_wrong_password
        } else {
            &mut seen.most_logins
        };
        *an_hour = self.an_hour.add(now, HOUR).max(*an_hour);
        *a_day = self.a_day.add(now, DAY).max(*a_day);
    }
}

/// Figures of a simulation.
#[derive(Debug, Default)]
pub struct Seen {
    pub lifetimes: usize,
    pub grants: usize,
    pub refreshes: usize,
    pub requests: usize,
    /// Of healthy credentials, in milliseconds.
    pub least_life: Option<i64>,
    /// Of those among them that are renewed as late as may be, which the other does not tell of.
    pub least_life_of_late_ones: Option<i64>,
    /// For so long a healthy credential was without a token that works, at most.
    pub longest_gap_of_logins: Duration,
    pub longest_gap_of_refreshes: Duration,
    /// Logins of any one account that were sent, whatever became of them: in an hour, and in a day.
    pub most_logins: [usize; 2],
    /// The same of those whose password is wrong all along.
    pub most_logins_with_a_wrong_password: [usize; 2],
    /// Logins that TrackTik granted, of one credential: of those that share an account an equal part.
    pub most_logins_granted_in_ten_minutes: usize,
    /// Refused logins of any account.
    pub most_refusals_per_hour: usize,
    /// For one token of a credential that was healthy all along.
    pub most_writes: usize,
    pub healthy_looks: usize,
    pub looks: usize,
    /// Of all that happened, in its order.
    pub fingerprint: u64,
}

impl Seen {
    /// So that whoever waits for a million sees how far it has come.
    pub fn print(&self, day: u64) {
        let healthy = self.healthy_looks * 100 / self.looks.max(1);
        println!(
            "day {day}: {} lifetimes, least life {:?} ms, of late ones {:?} ms, healthy {healthy} %",
            self.lifetimes, self.least_life, self.least_life_of_late_ones
        );
    }

    /// This happened then, after all that happened before.
    pub fn mix(&mut self, millis: u64, who: &str) {
        let mixed = who.bytes().fold(self.fingerprint, |mixed, byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        self.fingerprint = mixed.rotate_left(7) ^ millis;
    }

    /// A healthy credential's token has so many milliseconds left, and it is renewed late or not.
    pub fn left(&mut self, millis: i64, late: bool) {
        let least = if late {
            &mut self.least_life_of_late_ones
        } else {
            &mut self.least_life
        };
        *least = Some(least.map_or(millis, |least| least.min(millis)));
    }
}
