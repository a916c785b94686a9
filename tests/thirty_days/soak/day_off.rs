//! A day off, after which every token has expired. Where the operator was down, all are valid again within a minute, the
//! soonest needed first, and 200 broken credentials beside them change nothing for those that work; where TrackTik was, within
//! half an hour, since each host is only probed by then.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    ledger::Whom,
    residents::{self, domain},
    town::Town,
    weather::Weather,
};

const CREDENTIALS: usize = 1_000;
const BROKEN: usize = 200;
const HOSTS: usize = 10;
const HALF_AN_HOUR: Duration = Duration::from_mins(30);

/// Who comes first after the start finds the gate empty, and does not wait for those who are looked at later.
const AT_ONCE: usize = 18;

/// What is not known to work may take half of the 18 places, and what is refused holds its place for longer than all takes.
const IN_VAIN: usize = 9;

/// After the start, and what comes of it, for so long: those that are refused come again meanwhile, after two hours and a half.
const STEADY: Duration = Duration::from_mins(130);

/// After the day off, for so long: those that are refused are tried once more, and all others renewed.
const RENEWED: Duration = Duration::from_hours(1);

/// What came of it.
struct Outcome {
    /// Of any token while both sides are healthy, in milliseconds: of those that are renewed by default, and as late as may be.
    least_life: [i64; 2],
    /// What was refused meanwhile, before the day off and after it.
    refused_meanwhile: [u64; 2],
    /// Until every credential that works had a token again.
    recovered_after: Duration,
    /// By then, those that do not work.
    in_vain: usize,
    /// Of these, those that went while one waited that works.
    out_of_turn: usize,
    /// When the tokens that were replaced had expired, in the order in which they were, whatever their host.
    order: Vec<Instant>,
}

impl Town {
    /// Lets so much time pass, and counts what is refused.
    async fn refused_while(&mut self, time: Duration) -> u64 {
        let before = self.world.tracktik.counts().refused;
        self.pass(time).await;
        self.world.tracktik.counts().refused - before
    }
}

async fn after_a_day_off(broken: usize) -> Outcome {
    let mut all = residents::healthy(CREDENTIALS, HOSTS);
    all.extend(residents::broken(broken, HOSTS));
    let mut town = Town::of(all, HOSTS, 1);
    town.pass(Duration::from_hours(1)).await;
    let refused_before = town.refused_while(STEADY).await;
    let day = Duration::from_hours(24);
    town.ledger
        .disturb(Whom::All, monotonic() + day + Duration::from_mins(10));
    town.world.kill().await;
    tokio::time::sleep(day).await;
    town.world.start();
    let began = monotonic();
    let (mut granted, mut in_vain, mut out_of_turn) = (0, 0, 0);
    let mut order = Vec::new();
    while granted < CREDENTIALS {
        assert!(began.elapsed() < Duration::from_mins(10), "{granted} after ten minutes");
        tokio::time::sleep(Duration::from_millis(100)).await;
        for arrival in town.world.tracktik.take_arrivals() {
            let users = town.ledger.users(&arrival.username);
            in_vain += usize::from(arrival.refused);
            out_of_turn += usize::from(arrival.refused && (AT_ONCE..CREDENTIALS).contains(&granted));
            granted += usize::from(arrival.granted);
            // Those who share an account come one after the other.
            if arrival.granted && users.len() == 1 && granted > AT_ONCE {
                order.push(town.ledger.expiry(users[0]).unwrap());
            }
        }
    }
    let recovered_after = began.elapsed();
    // All that was granted is in place, and stays so.
    let refused_after = town.refused_while(RENEWED).await;
    let seen = &town.ledger.seen;
    let least_life = [seen.least_life, seen.least_life_of_late_ones].map(Option::unwrap);
    assert_eq!(town.world.tracktik.bans(), (0, 0));
    town.world.end().await;
    Outcome {
        least_life,
        refused_meanwhile: [refused_before, refused_after],
        recovered_after,
        in_vain,
        out_of_turn,
        order,
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_day_off_the_soonest_needed_come_first_and_broken_ones_change_nothing() {
    let alone = after_a_day_off(0).await;
    let beside = after_a_day_off(BROKEN).await;
    for (outcome, broken) in [(&alone, 0), (&beside, BROKEN)] {
        println!(
            "{CREDENTIALS} credentials with {broken} broken beside them: least life {:?} ms, while {:?} were refused; after a \
             day off all valid again in {:?}, {} requests in vain by then",
            outcome.least_life, outcome.refused_meanwhile, outcome.recovered_after, outcome.in_vain
        );
        assert!(outcome.order.is_sorted(), "{broken} broken: {:?}", outcome.order);
        assert!(outcome.in_vain <= IN_VAIN, "{}", outcome.in_vain);
        assert_eq!(outcome.out_of_turn, 0, "those that work come first");
        assert!(
            outcome.recovered_after < Duration::from_mins(1),
            "{:?}",
            outcome.recovered_after
        );
    }
    assert!(alone.in_vain == 0 && beside.in_vain > 0, "or this shows nothing");
    assert!(
        beside.refused_meanwhile.iter().all(|refused| *refused > 9),
        "or this shows nothing"
    );
    for (alone, beside) in alone.least_life.into_iter().zip(beside.least_life) {
        assert!(
            (alone - beside).abs() <= 1_000,
            "{alone} ms alone, {beside} ms beside broken ones"
        );
    }
}

/// TrackTik is away for a day, and the operator is not: each host has been probed until then. Answers after how long all tokens
/// are valid again.
async fn after_a_day_of(weather: Weather, credentials: usize) -> Duration {
    let mut town = Town::of(residents::healthy(credentials, HOSTS), HOSTS, 1);
    town.pass(Duration::from_mins(100)).await;
    let day = Duration::from_hours(24);
    town.ledger.disturb(Whom::All, monotonic() + day + HALF_AN_HOUR);
    let on_all_hosts = |town: &Town, weather: Weather| {
        (0..HOSTS).for_each(|host| town.world.tracktik.weather(&domain(host), weather));
    };
    on_all_hosts(&town, weather);
    town.pass(day).await;
    let without = |town: &Town| {
        let waits = |number: &usize| town.ledger.expiry(*number).is_none_or(|expiry| expiry <= monotonic());
        (0..credentials).filter(waits).count()
    };
    assert_eq!(without(&town), credentials, "or this shows nothing");
    on_all_hosts(&town, Weather::Fair);
    let began = monotonic();
    while without(&town) > 0 {
        town.pass(Duration::from_mins(1)).await;
    }
    let recovered_after = began.elapsed();
    // Whoever is not well by then, or afterwards, ends it, as does a limit that was reached meanwhile.
    town.pass(Duration::from_hours(2)).await;
    assert_eq!(town.world.tracktik.bans(), (0, 0));
    println!(
        "{credentials} credentials after a day of {weather:?}: all valid again in {recovered_after:?}, at most {} requests \
         without a token in two minutes",
        town.world.tracktik.worst_fruitless()
    );
    town.world.end().await;
    recovered_after
}

#[tokio::test(start_paused = true)]
async fn after_a_day_without_a_connection_to_tracktik_all_are_valid_again_within_half_an_hour() {
    // Fewer, since these cost the gate nothing and the machine as much.
    let recovered_after = after_a_day_of(Weather::Closed, CREDENTIALS / 5).await;
    assert!(recovered_after <= HALF_AN_HOUR, "{recovered_after:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_day_of_server_errors_all_are_valid_again_within_half_an_hour() {
    let recovered_after = after_a_day_of(Weather::ServerError, CREDENTIALS).await;
    assert!(recovered_after <= HALF_AN_HOUR, "{recovered_after:?}");
}
