//! The passwords of 500 credentials become wrong at once, and the operator is killed three times in the midst of it: what
//! TrackTik counts stays below its ban, which nobody but its support could lift.

use std::{collections::BTreeSet, time::Duration};

use tracktik_operator::{clock::monotonic, rotation::gate::Limits};

use super::{
    dice::Dice,
    ledger::Whom,
    residents::{self, Resident},
    town::Town,
};

const CREDENTIALS: usize = 500;

/// Long enough for every first token, and for as many places as there are to be lost track of at a kill.
const SETTLED: Duration = Duration::from_mins(30);

/// How long a place is held after a refusal.
const HELD: Duration = Duration::from_secs(160);

/// What `/metrics` tells.
fn figure(town: &Town, name: &str) -> usize {
    let all = town.world.scrape();
    let of_name = |line: &&str| line.split_once(' ').is_some_and(|(of, _)| of == name);
    let (_, value) = all.lines().find(of_name).unwrap().split_once(' ').unwrap();
    value.parse().unwrap()
}

/// All passwords are wrong from now on.
fn change_all(town: &Town) {
    change(town, &town.residents);
}

fn change(town: &Town, of: &[Resident]) {
    for resident in of {
        let mut changed = resident.account.clone();
        changed.password.push_str(", changed");
        town.world.tracktik.admit(&changed);
        // By a login: what is refused to a refresh says nothing about the password.
        town.world
            .api
            .edit_spec(&resident.name, "renewal", serde_json::json!({ "grant": "Password" }));
    }
}

/// Fails all, and kills the operator three times within two minutes of the first failure.
async fn worst_with(hosts: usize, seed: u64) -> u64 {
    let mut town = Town::of(residents::healthy(CREDENTIALS, hosts), hosts, seed);
    tokio::time::sleep(SETTLED).await;
    change_all(&town);
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
    // What is lost track of at a kill may be all places, once.
    let at_most = 2 * Limits::default().budget;
    for (hosts, seed) in [(1, 1), (20, 2), (5, 3), (20, 4), (50, 5)] {
        let worst = worst_with(hosts, seed).await;
        assert!(usize::try_from(worst).unwrap() <= at_most, "{worst}");
    }
}

/// Fails all after this time, and answers after how long each account was refused once.
async fn all_are_tried_after(settled: Duration) -> (Town, Duration) {
    let town = Town::of(residents::healthy(CREDENTIALS, 20), 20, 1);
    if !settled.is_zero() {
        tokio::time::sleep(settled).await;
    }
    change_all(&town);
    let began = monotonic();
    let accounts: BTreeSet<String> = town.residents.iter().map(|of| of.account.username.clone()).collect();
    let (mut refused, mut requests) = (BTreeSet::new(), 0);
    town.world.tracktik.take_arrivals();
    while refused.len() < accounts.len() {
        assert!(
            began.elapsed() < Duration::from_hours(12),
            "{} of {} by then",
            refused.len(),
            accounts.len()
        );
        tokio::time::sleep(Duration::from_secs(10)).await;
        for arrival in town.world.tracktik.take_arrivals() {
            requests += 1;
            if arrival.refused {
                refused.insert(arrival.username);
            }
        }
    }
    let after = began.elapsed();
    println!(
        "{} accounts whose password is wrong after {settled:?}: each is tried within {after:?}, by {requests} requests",
        accounts.len()
    );
    assert_eq!(town.world.tracktik.bans(), (0, 0));
    assert!(town.world.tracktik.worst_fruitless() <= 18);
    (town, after)
}

/// They all worked until then, and may take all of the places: eighteen in 160 s.
#[tokio::test(start_paused = true)]
async fn five_hundred_passwords_that_become_wrong_are_each_tried_within_an_hour_and_a_half() {
    let (town, after) = all_are_tried_after(SETTLED).await;
    assert!(after <= Duration::from_mins(90), "{after:?}");
    town.world.end().await;
}

/// All tokens here are of one age, as after a day off: the renewals of all fall into the same minutes, which is the worst for
/// those whose password is right. Eighteen wrong ones in 160 s are 120 in the eighteen minutes that there are.
#[tokio::test(start_paused = true)]
async fn beside_a_hundred_and_twenty_passwords_that_become_wrong_all_others_are_renewed_in_time() {
    const BORNE: usize = 120;
    const OTHERS: usize = 380;
    let mut town = Town::of(residents::healthy(BORNE + OTHERS, 20), 20, 1);
    // What comes of a start is over by then.
    town.pass(Duration::from_mins(70)).await;
    let wrong: Vec<Resident> = town.residents.drain(..BORNE).collect();
    change(&town, &wrong);
    for number in 0..BORNE {
        town.ledger
            .disturb(Whom::One(number), monotonic() + Duration::from_hours(24));
    }
    // A life that is shorter than it may be ends it.
    town.pass(Duration::from_hours(5)).await;
    let (seen, refused) = (&town.ledger.seen, town.world.tracktik.counts().refused);
    println!(
        "{BORNE} passwords become wrong: {refused} refused; least life of the {OTHERS} others {:?} ms, of late ones {:?} ms",
        seen.least_life, seen.least_life_of_late_ones
    );
    assert!(usize::try_from(refused).unwrap() > BORNE, "{refused}");
    assert!(seen.least_life.is_some_and(|least| (540_000..900_000).contains(&least)));
    assert!(seen.least_life_of_late_ones.is_some_and(|least| least >= 280_000));
    town.world.end().await;
}

/// They may take half of the places, nine in 160 s. None that comes again goes before one that is new, whose first token
/// they do not hold up.
#[tokio::test(start_paused = true)]
async fn five_hundred_passwords_that_never_worked_are_each_tried_within_two_hours_and_a_half() {
    let (town, after) = all_are_tried_after(Duration::ZERO).await;
    assert!(after <= Duration::from_mins(150), "{after:?}");
    let newcomer = Resident {
        name: "zoo/zebra".to_owned(),
        account: residents::account("zebra"),
        ..town.residents[0].clone()
    };
    let before = figure(&town, "tracktik_credentials_waiting");
    // What the gate holds back is what its figures tell.
    let places = Limits::default().budget;
    let [left, under_way, held] =
        ["available", "in_flight", "held"].map(|of| figure(&town, &format!("tracktik_failure_budget_{of}")));
    assert_eq!(left + under_way + held, places, "{left}, {under_way} and {held}");
    assert!((1..=places / 2).contains(&held), "{held}");
    newcomer.moves_in(&town.world.api, &town.world.tracktik);
    tokio::time::sleep(HELD).await;
    assert!(
        town.world.api.secret("zoo/zebra-token").is_some(),
        "no token after {HELD:?}"
    );
    let after = figure(&town, "tracktik_credentials_waiting");
    println!("{before} waited when it came, and {after} once it had its token");
    assert!(before > 100 && after > 100, "there was no crowd to be held up by");
    town.world.end().await;
}
