//! What goes wrong, for how long, and how long after its end all must be well again.

use std::time::Duration;

use tracktik_operator::api::Span;

use super::{dice::Dice, tenants::BANNED, weather::Weather};
use crate::api_server::Calls;

/// Where things go wrong one after the other, and beside what goes wrong elsewhere.
#[derive(Clone, Copy, Debug)]
pub enum Lane {
    Host(usize),
    ApiServer,
    Watch,
    Operator,
    Clock,
    /// Whoever administers credentials.
    Person,
    /// Another client behind the operator's address.
    Neighbour,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Incident {
    Host(usize, Weather),
    Calls(Calls),
    /// The watches tell nothing.
    Lag,
    /// Asked to end, and started again.
    Restart,
    /// Killed, and started after as long as the incident lasts.
    Down,
    /// Killed and started every so often.
    CrashLoop(Duration),
    /// The wall clock is set.
    ClockSet(Span),
    /// The password of this credential's account is changed in TrackTik, and in the source Secret when the incident ends;
    /// with a wrong one half-way where it says so.
    Password(usize, bool),
    /// TrackTik refuses the account until somebody unlocks it, and presses rotate.
    Locked(usize),
    /// Somebody asks for a new token.
    Rotate(usize),
    /// A label of the source Secret is changed.
    Label(usize),
    /// The token Secret is deleted.
    TokenSecretDeleted(usize),
    /// The source Secret is deleted, and comes back when the incident ends.
    SourceGone(usize),
    /// Another client behind the same address fails until TrackTik bans the address, of every host.
    Ban,
}

/// An incident that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub incident: Incident,
    pub lasting: Duration,
    /// All must be well again so long after its end.
    pub recovery: Duration,
}

/// The longest pause after an endpoint that could not be reached, and the gate's probe of it, are ten minutes each.
const AFTER_UNAVAILABLE: Duration = Duration::from_mins(30);

/// The longest pause after a firewall, a page for people, or a request to slow down is an hour.
pub const AFTER_AN_HOURLY_PACE: Duration = Duration::from_mins(75);

/// Refusals by the API server are tried again after five minutes at most, a request whose outcome was lost after as many.
const AFTER_API_SERVER: Duration = Duration::from_mins(30);

/// The more often it was killed over one request, the longer that is waited for.
const AFTER_CRASH_LOOP: Duration = Duration::from_hours(3);

/// A change ends the wait after a refusal three times an hour; an account bears five refusals an hour.
const AFTER_REFUSALS: Duration = Duration::from_mins(135);

impl Lane {
    /// How long nothing goes wrong, and what does then.
    pub fn next(self, dice: &mut Dice, residents: usize) -> (Duration, Planned) {
        let gap = match self {
            Self::Host(_) => dice.hours(8, 60),
            Self::ApiServer | Self::Watch => dice.hours(3, 20),
            Self::Operator => dice.hours(2, 12),
            Self::Clock => dice.hours(12, 72),
            Self::Person => dice.minutes(10, 120),
            Self::Neighbour => dice.hours(8, 36),
        };
        let (incident, lasting, recovery) = match self {
            Self::Host(host) => on_a_host(host, dice),
            Self::ApiServer => (Incident::Calls(calls(dice)), dice.minutes(1, 25), AFTER_API_SERVER),
            Self::Watch => (Incident::Lag, dice.minutes(1, 40), Duration::from_mins(15)),
            Self::Operator => of_the_operator(dice),
            Self::Clock => {
                let step = i64::try_from(dice.below(3 * 24 * 3_600)).unwrap();
                let step = Span::seconds(if dice.below(2) == 0 { step } else { -step });
                (Incident::ClockSet(step), Duration::ZERO, AFTER_UNAVAILABLE)
            }
            Self::Person => by_a_person(dice.below(residents), dice),
            // The firewall's answer, from all hosts.
            Self::Neighbour => (Incident::Ban, BANNED, AFTER_AN_HOURLY_PACE),
        };
        let planned = Planned {
            incident,
            lasting,
            recovery,
        };
        (gap, planned)
    }
}

fn on_a_host(host: usize, dice: &mut Dice) -> (Incident, Duration, Duration) {
    let (weather, recovery) = match dice.below(8) {
        0 => (Weather::Closed, AFTER_UNAVAILABLE),
        1 => (Weather::ServerError, AFTER_UNAVAILABLE),
        2 => (Weather::Silent, AFTER_UNAVAILABLE),
        3 => (Weather::Cut, AFTER_UNAVAILABLE),
        4 => (Weather::Slow(dice.seconds(5, 30)), Duration::ZERO),
        5 => {
            let pause = i64::try_from(dice.below(3_600)).unwrap();
            let pause = (dice.below(2) == 0).then(|| Span::seconds(pause));
            (Weather::Throttled(pause), AFTER_AN_HOURLY_PACE)
        }
        6 => (Weather::Firewall, AFTER_AN_HOURLY_PACE),
        _ => (Weather::Maintenance, AFTER_AN_HOURLY_PACE),
    };
    (Incident::Host(host, weather), dice.minutes(1, 180), recovery)
}

fn calls(dice: &mut Dice) -> Calls {
    match dice.below(6) {
        0 => Calls::Refused(500),
        1 => Calls::Refused(503),
        2 => Calls::Unheard,
        3 => Calls::LandWith504,
        4 => Calls::LandUnanswered,
        _ => Calls::Take(dice.seconds(1, 20)),
    }
}

fn of_the_operator(dice: &mut Dice) -> (Incident, Duration, Duration) {
    match dice.below(10) {
        0 => {
            let every = dice.seconds(5, 60);
            (Incident::CrashLoop(every), dice.minutes(2, 15), AFTER_CRASH_LOOP)
        }
        1 => (Incident::Down, dice.hours(1, 25), AFTER_UNAVAILABLE),
        2..5 => (Incident::Restart, Duration::ZERO, AFTER_UNAVAILABLE),
        _ => (Incident::Down, dice.seconds(0, 300), AFTER_UNAVAILABLE),
    }
}

fn by_a_person(on: usize, dice: &mut Dice) -> (Incident, Duration, Duration) {
    match dice.below(8) {
        0 => (Incident::Password(on, false), dice.minutes(0, 60), AFTER_REFUSALS),
        1 => (Incident::Password(on, true), dice.minutes(2, 60), AFTER_REFUSALS),
        2 => (Incident::Locked(on), dice.minutes(10, 180), AFTER_REFUSALS),
        3 => (Incident::TokenSecretDeleted(on), Duration::ZERO, Duration::from_mins(5)),
        4 => (Incident::SourceGone(on), dice.minutes(5, 120), Duration::from_mins(15)),
        5 => (Incident::Label(on), Duration::ZERO, Duration::ZERO),
        _ => (Incident::Rotate(on), Duration::ZERO, Duration::ZERO),
    }
}
