//! One account in 30 credentials of 30 namespaces: once it is refused, all of them together try it as seldom as one would,
//! whatever becomes of the operator meanwhile.

use std::time::Duration;

use super::{
    residents::{Resident, account},
    tenants::Tenants,
    town::Town,
};
use crate::{api_server::Calls, world::World};

const CREDENTIALS: usize = 30;

/// The ends of the steps of 30 min, 2 h, 6 h and twice 24 h, a little later.
const STEPS: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(24),
    Duration::from_hours(24),
];

fn credentials(client_of: impl Fn(usize) -> String) -> Vec<Resident> {
    let one = |number| Resident {
        name: format!("team-{number}/c{number:05}"),
        host: 0,
        grant: "Password",
        late: false,
        account: testbed::simulator::Account {
            client_id: client_of(number),
            ..account("user")
        },
        broken: None,
    };
    (0..CREDENTIALS).map(one).collect()
}

fn of_one_client() -> Vec<Resident> {
    credentials(|_| "client".to_owned())
}

/// TrackTik expects another password from the beginning, so that all the credentials are wrong.
fn refused(residents: Vec<Resident>) -> Town {
    let town = Town::of(residents, 1, 1);
    let mut locked = town.residents[0].account.clone();
    locked.password.push_str(" until it is unlocked");
    town.world.tracktik.admit(&locked);
    town
}

fn attempts(world: &World<Tenants>) -> usize {
    world.tracktik.take_arrivals().len()
}

async fn each_tells_that_it_is_refused(town: Town) {
    for resident in &town.residents {
        let said = ("False".to_owned(), "CredentialsRejected".to_owned());
        assert_eq!(town.world.api.condition(&resident.name, "Ready"), said);
    }
    town.world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_refused_is_tried_once_per_step_by_thirty_credentials() {
    let town = refused(of_one_client());
    let mut seen = Vec::new();
    for step in STEPS {
        tokio::time::sleep(step + Duration::from_secs(10)).await;
        seen.push(attempts(&town.world));
    }
    println!("one refused account in {CREDENTIALS} credentials: {seen:?} attempts after each step");
    assert_eq!(seen, [1; STEPS.len()]);
    assert!(town.world.api.reads() < 1_000, "{} reads", town.world.api.reads());
    each_tells_that_it_is_refused(town).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_each_step_is_no_new_start_for_a_refused_account() {
    let mut town = refused(of_one_client());
    let mut seen = Vec::new();
    for step in STEPS {
        tokio::time::sleep(step / 2).await;
        town.restart().await;
        tokio::time::sleep(step / 2 + Duration::from_secs(10)).await;
        seen.push(attempts(&town.world));
    }
    println!("with a restart in each step: {seen:?} attempts after each");
    assert_eq!(seen, [1; STEPS.len()]);
    each_tells_that_it_is_refused(town).await;
}

/// Killed before the answer is recorded, each time: nobody can know what it was.
#[tokio::test(start_paused = true)]
async fn a_process_that_dies_at_each_login_is_no_new_start_for_a_refused_account() {
    let mut town = refused(of_one_client());
    let mut minutes = Vec::new();
    for tenth_of_a_second in 0..864_000_u64 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let arrived = attempts(&town.world);
        if arrived > 0 {
            minutes.extend(vec![tenth_of_a_second / 600; arrived]);
            town.restart().await;
        }
    }
    println!("killed at each login: minutes {minutes:?} of a day");
    // As one credential would alone.
    assert_eq!(minutes, [0, 1, 6, 36, 156, 516]);
    town.world.end().await;
}

/// Killed after the answer of the first was recorded, and before the others have heard of it.
#[tokio::test(start_paused = true)]
async fn who_was_not_told_before_a_kill_is_told_by_the_record_of_another() {
    let mut town = refused(of_one_client());
    town.world.api.calls(Calls::Take(Duration::from_millis(50)));
    let told = |town: &Town| {
        let is_told = |resident: &&Resident| town.world.api.has_failed(&resident.name);
        town.residents.iter().filter(is_told).count()
    };
    while told(&town) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(told(&town) < CREDENTIALS, "or this shows nothing");
    town.restart().await;
    tokio::time::sleep(Duration::from_mins(29)).await;
    assert_eq!(attempts(&town.world), 1);
    each_tells_that_it_is_refused(town).await;
}

/// What the gate knows from records alone it forgets an hour after their wait is over; the account was at the step of six hours,
/// and those after the first went on at that of half an hour.
#[tokio::test(start_paused = true)]
async fn a_long_rest_after_a_restart_is_no_new_start_for_a_refused_account() {
    let mut residents = of_one_client();
    residents.push(Resident {
        name: "team-else/works".to_owned(),
        account: account("else"),
        ..residents[0].clone()
    });
    let mut town = refused(residents);
    for step in &STEPS[..4] {
        tokio::time::sleep(*step + Duration::from_secs(10)).await;
    }
    town.restart().await;
    // A login of somebody else on the host has the records of all read.
    tokio::time::sleep(Duration::from_hours(1)).await;
    let suspend = |suspended: bool| {
        for resident in &town.residents[..CREDENTIALS] {
            town.world
                .api
                .edit_spec(&resident.name, "suspend", serde_json::json!(suspended));
        }
    };
    suspend(true);
    tokio::time::sleep(Duration::from_hours(27)).await;
    attempts(&town.world);
    suspend(false);
    tokio::time::sleep(Duration::from_hours(23)).await;
    let arrived = town.world.tracktik.take_arrivals();
    let of_the_refused = arrived.iter().filter(|arrival| arrival.username == "user").count();
    println!("after a rest of 27 h: {of_the_refused} attempts in the first 23 h");
    assert_eq!(of_the_refused, 1);
    town.world.end().await;
}

/// They all worked, under a client id each; then the password is changed.
#[tokio::test(start_paused = true)]
async fn a_changed_password_under_thirty_client_ids_is_refused_five_times_an_hour() {
    let town = Town::of(credentials(|number| format!("client-{number}")), 1, 1);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(attempts(&town.world), CREDENTIALS);
    for resident in &town.residents {
        let mut changed = resident.account.clone();
        changed.password.push_str(", changed");
        town.world.tracktik.admit(&changed);
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_hours(1)).await;
        seen.push(attempts(&town.world));
    }
    println!("a changed password under {CREDENTIALS} client ids: {seen:?} attempts in each hour");
    assert!(seen.iter().all(|attempts| (1..=5).contains(attempts)), "{seen:?}");
    town.world.end().await;
}
