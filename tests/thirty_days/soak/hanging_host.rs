//! A host that never answers: 200 credentials on other hosts are renewed as if it were not there.

use std::time::Duration;

use tracktik_operator::clock::monotonic;

use super::{
    ledger::Whom,
    residents::{self, domain},
    town::Town,
    weather::Weather,
};

const CREDENTIALS: usize = 220;
const HOSTS: usize = 11;

/// The one that hangs, or not.
const HANGS: usize = 10;

/// The least life of a token on the other hosts in hours of this weather, in milliseconds.
async fn least_life(weather: Weather) -> i64 {
    let mut town = Town::of(residents::healthy(CREDENTIALS, HOSTS), HOSTS, 1);
    town.pass(Duration::from_mins(10)).await;
    town.ledger
        .disturb(Whom::Host(HANGS), monotonic() + Duration::from_hours(24));
    town.world.tracktik.weather(&domain(HANGS), weather);
    town.pass(Duration::from_hours(4)).await;
    let least = town.ledger.seen.least_life.unwrap();
    town.world.end().await;
    least
}

#[tokio::test(start_paused = true)]
async fn two_hundred_credentials_are_renewed_on_time_while_the_host_of_twenty_others_hangs() {
    let hanging = least_life(Weather::Silent).await;
    let fair = least_life(Weather::Fair).await;
    println!("least life of 200 tokens: {hanging} ms while a host hangs, {fair} ms while none does");
    assert!(hanging >= 120_000, "{hanging}");
    assert!((hanging - fair).abs() <= 1_000, "{hanging} and {fair}");
}
