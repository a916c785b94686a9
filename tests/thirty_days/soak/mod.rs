//! A simulation of thousands of credentials over weeks in which everything that may go wrong does: `make soak`.
//!
//! The seed decides all that happens. What must never be seen ends it with the seed and the time, and the same seed leads
//! there again.

mod dice;
mod happening;
mod incidents;
mod ledger;
mod residents;
mod simulation;
mod tenants;
mod weather;

use std::str::FromStr;

use simulation::{Simulation, Size};

/// As many lifetimes as fit into `cargo test`.
const LIFETIMES: usize = 20_000;

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

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_no_limit_is_reached_and_no_healthy_credential_is_without_a_token() {
    let size = size();
    println!("{size:?}");
    let mut simulation = Simulation::new(size);
    simulation.run().await;
    let (by_login, by_refresh) = simulation.ledger.availability();
    println!(
        "{} virtual days, {:#?}",
        simulation.virtual_days(),
        simulation.ledger.seen
    );
    println!("availability {by_login:.5} with logins, {by_refresh:.5} with refreshes");
    let counts = simulation.world.tracktik.counts();
    println!(
        "worst in two minutes: {} failed logins, {} requests without a token",
        counts.worst_failures_per_two_minutes,
        simulation.world.tracktik.worst_fruitless()
    );
    simulation.world.end().await;
}
