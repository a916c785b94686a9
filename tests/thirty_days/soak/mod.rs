//! A simulation of thousands of credentials over weeks in which everything that may go wrong does: `make soak`.
//!
//! The seed decides all that happens. What must never be seen ends it with the seed and the time, and the same seed leads
//! there again.

mod ban;
mod day_off;
mod dice;
mod figures;
mod hanging_host;
mod happening;
mod incidents;
mod ledger;
mod life;
mod mass_failure;
mod residents;
mod shared_account;
mod simulation;
mod tenants;
mod town;
mod violations;
mod weather;
mod wrong_password;

use std::{str::FromStr, time::Duration};

use ledger::FLOOR;
use simulation::{Simulation, Size};
use tracktik_operator::rotation::cause::GRANTS_IN_WINDOW;

/// As many lifetimes as fit into `cargo test`.
const LIFETIMES: usize = 20_000;

/// Logins of one account in an hour. No pace is faster than that of a server that is away, which is asked again after three times
/// 30 s, then 32, 64, 128, 256 and 480 s each: 14 in the first hour. A change ends a wait three times an hour, and begins anew
/// with it. And two credentials may share an account.
const LOGINS_AN_HOUR: usize = 2 * (1 + 3) * 14;

/// In ten minutes: what no schedule asked for, and one that was due.
const GRANTED_IN_TEN_MINUTES: usize = GRANTS_IN_WINDOW + 1;

/// Where the password is wrong, and nobody changes it: the same, and five refusals.
const WRONG_LOGINS_AN_HOUR: usize = 14 + 5;

/// More than so many are simulated with thousands of credentials.
const SMALL: usize = 100_000;

#[expect(
    clippy::disallowed_methods,
    reason = "the size of a test is no setting of the operator's"
)]
fn asked<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok().and_then(|value| value.parse().ok())
}

fn size() -> Size {
    let lifetimes = asked("SOAK_LIFETIMES").unwrap_or(LIFETIMES);
    let (credentials, broken, hosts) = if lifetimes > SMALL {
        (3_000, 200, 40)
    } else {
        (300, 200, 10)
    };
    Size {
        seed: asked("SOAK_SEED").unwrap_or(1),
        lifetimes,
        credentials,
        broken,
        hosts,
    }
}

/// Runs it, prints what came of it, and answers with the fingerprint of all that happened.
async fn run(size: Size) -> u64 {
    println!("{size:?}");
    let mut simulation = Simulation::new(size);
    simulation.run().await;
    let town = simulation.town;
    let seen = &town.ledger.seen;
    let grants = seen.grants - seen.refreshes;
    println!("{} virtual days, {seen:#?}", town.days());
    for (grant, (healthy, all)) in ["logins", "refreshes"].into_iter().zip(town.ledger.availability()) {
        println!(
            "availability with {grant}: {:.6} while both sides are healthy, {:.5} with all down times",
            healthy.of_all(),
            all.of_all()
        );
    }
    println!(
        "{grants} logins and {} refreshes for {} tokens",
        seen.refreshes, seen.lifetimes
    );
    println!(
        "worst in two minutes: {} failed logins, {} requests without a token",
        town.world.tracktik.worst_failed(),
        town.world.tracktik.worst_fruitless()
    );
    let [[an_hour, a_day], [wrong_an_hour, wrong_a_day]] = [seen.most_logins, seen.most_logins_with_a_wrong_password];
    println!(
        "logins of one account, at most: {an_hour} an hour and {a_day} a day; with a wrong password {wrong_an_hour} and \
         {wrong_a_day}"
    );
    let (bans_by_others, bans) = town.world.tracktik.bans();
    println!(
        "{bans} bans of two hours, all brought about by others: at most {} requests to a host by one operator meanwhile",
        town.world.tracktik.most_asked_while_banned()
    );
    // What breaks one of these bounds has ended it before; here they are seen to have been looked at.
    for least in [seen.least_life, seen.least_life_of_late_ones] {
        assert!(least.is_some_and(|least| least >= FLOOR));
    }
    assert_eq!(seen.longest_gap_of_logins, Duration::ZERO);
    assert_eq!(bans, bans_by_others);
    assert!(bans > 0 || size.lifetimes < LIFETIMES, "nobody was banned");
    assert!((1..=LOGINS_AN_HOUR).contains(&an_hour), "{an_hour}");
    assert!((1..=WRONG_LOGINS_AN_HOUR).contains(&wrong_an_hour), "{wrong_an_hour}");
    let granted = seen.most_logins_granted_in_ten_minutes;
    assert!((2..=GRANTED_IN_TEN_MINUTES).contains(&granted), "{granted}");
    assert!(seen.most_refusals_per_hour <= 5, "{}", seen.most_refusals_per_hour);
    // An announcement, a mark, the token and the outcome; fewer for a login.
    assert!(seen.most_writes <= 4, "{}", seen.most_writes);
    assert!(
        seen.healthy_looks * 3 > seen.looks,
        "there is little to be said of what is never healthy"
    );
    let fingerprint = seen.fingerprint;
    town.world.end().await;
    fingerprint
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_no_limit_is_reached_and_no_healthy_credential_is_without_a_token() {
    run(size()).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_leads_to_the_same_end() {
    let small = Size {
        seed: asked("SOAK_SEED").unwrap_or(7),
        lifetimes: 200,
        credentials: 12,
        broken: 4,
        hosts: 3,
    };
    assert_eq!(run(small).await, run(small).await);
}
