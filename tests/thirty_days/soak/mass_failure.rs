//! The passwords of 500 credentials become wrong at once, and the operator is killed three times in the midst of it: what
//! TrackTik counts stays below its ban, which nobody but its support could lift.

use std::time::Duration;

use super::{
    dice::Dice,
    residents,
    town::{BAN, Town},
};

const CREDENTIALS: usize = 500;

/// Long enough for every first token, and for as many places as there are to be lost track of at a kill.
const SETTLED: Duration = Duration::from_mins(30);

/// Fails all, and kills the operator three times within two minutes of the first failure, the first time after this.
async fn worst_with(hosts: usize, seed: u64) -> u64 {
    let mut town = Town::of(residents::healthy(CREDENTIALS, hosts), hosts, seed);
    tokio::time::sleep(SETTLED).await;
    for resident in &town.residents {
        let mut changed = resident.account.clone();
        changed.password.push_str(", changed");
        town.world.tracktik.admit(&changed);
        // By a login: what is refused to a refresh says nothing about the password.
        town.world
            .api
            .edit_spec(&resident.name, "renewal", serde_json::json!({ "grant": "Password" }));
    }
    while town.world.tracktik.worst_fruitless() == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut dice = Dice::of(seed, 0);
    for _ in 0..3 {
        // At another moment of the requests under way each time.
        tokio::time::sleep(Duration::from_millis(dice.roll() % 35_000)).await;
        town.restart().await;
    }
    tokio::time::sleep(Duration::from_mins(20)).await;
    let counts = town.world.tracktik.counts();
    let worst = counts.worst_failures_per_two_minutes;
    println!(
        "{CREDENTIALS} wrong passwords on {hosts} hosts, seed {seed}: {} refused, at most {worst} in two minutes",
        counts.refused
    );
    assert_eq!(counts.banned_addresses, 0);
    assert!(counts.refused > 100, "{}", counts.refused);
    town.world.end().await;
    worst
}

#[tokio::test(start_paused = true)]
async fn five_hundred_wrong_passwords_and_three_kills_in_two_minutes_never_come_to_the_ban() {
    for (hosts, seed) in [(1, 1), (20, 2)] {
        let worst = worst_with(hosts, seed).await;
        assert!(usize::try_from(worst).unwrap() < BAN, "{worst}");
    }
}
