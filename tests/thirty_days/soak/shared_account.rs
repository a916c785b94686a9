//! One account in 30 credentials of 30 namespaces: once it is refused, all of them together try it as seldom as one would.

use std::time::Duration;

use super::{
    residents::{Resident, account},
    town::Town,
};

const CREDENTIALS: usize = 30;

#[tokio::test(start_paused = true)]
async fn an_account_that_is_refused_is_tried_once_per_step_by_thirty_credentials() {
    let residents = (0..CREDENTIALS).map(|number| Resident {
        name: format!("team-{number}/c{number:05}"),
        host: 0,
        grant: "Password",
        account: account("user"),
        broken: None,
    });
    let town = Town::of(residents.collect(), 1, 1);
    let mut locked = town.residents[0].account.clone();
    locked.password.push_str(" until it is unlocked");
    town.world.tracktik.admit(&locked);
    // Ends of the steps of 30 min, 2 h, 6 h and 24 h, a little later.
    let mut attempts = Vec::new();
    for step in [1, 30, 120, 360, 1_440].map(Duration::from_mins) {
        tokio::time::sleep(step + Duration::from_secs(10)).await;
        attempts.push(town.world.tracktik.take_arrivals().len());
    }
    println!("one refused account in {CREDENTIALS} credentials: {attempts:?} attempts after each step");
    assert_eq!(attempts, [1; 5]);
    for resident in &town.residents {
        let said = ("False".to_owned(), "CredentialsRejected".to_owned());
        assert_eq!(town.world.api.condition(&resident.name, "Ready"), said);
    }
    town.world.end().await;
}
