//! Alerts about single credentials. A token of an hour is renewed 38 to 40 minutes after its grant.

use serde_json::json;
use testbed::simulator::Account;

use super::{Watched, because, judge, of};
use crate::{tracktik::Answer, world::World};

const REJECTED: &str = "CredentialsRejected";
const UNAVAILABLE: &str = "EndpointUnavailable";

#[tokio::test(start_paused = true)]
async fn none_fires_while_all_is_well() {
    let world = World::with(&["acme", "late"]);
    // Renewed when it has five minutes left, which is no reason to wake anybody.
    let late = json!({ "grant": "Password", "renewBeforeSeconds": 300 });
    world.api.edit_spec("late", "renewal", late);
    let checks: Vec<_> = (1..=26).map(|fifth| (5 * fifth, Vec::new())).collect();
    Watched::of(world).fires(&checks).await;
}

/// A password that TrackTik takes no more from the 20th minute on.
async fn rejected() -> Watched {
    let mut watched = Watched::of(World::with(&["acme"]));
    watched.until(20).await;
    watched.world.tracktik.answers(Answer::Rejection);
    watched
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_at_once_and_what_comes_of_it_in_time() {
    let mut watched = rejected().await;
    let told = because(REJECTED, "acme", "TracktikCredentialsRejected");
    let failing = because(REJECTED, "acme", "TracktikRenewalFailing");
    let (soon, expired) = (
        of("acme", "TracktikTokenExpiringSoon"),
        of("acme", "TracktikTokenExpired"),
    );
    let not_ready = of("acme", "TracktikCredentialNotReady");
    let mut checks = vec![
        (37, vec![]),
        (42, vec![told.clone()]),
        (48, vec![told.clone(), failing.clone()]),
        (53, vec![told.clone(), failing.clone(), soon]),
        (64, vec![told.clone(), failing.clone(), expired.clone()]),
        (75, vec![told, failing, expired, not_ready]),
    ];
    watched.until(80).await;
    watched.world.tracktik.answers(Answer::Token);
    let account = Account {
        client_id: "id".to_owned(),
        client_secret: "s".to_owned(),
        username: "user-acme".to_owned(),
        password: "another".to_owned(),
    };
    watched.world.api.write_source("acme", &account);
    checks.push((83, vec![]));
    watched.fires(&checks).await;
}

#[tokio::test(start_paused = true)]
async fn a_metric_of_another_name_is_noticed() {
    let mut watched = rejected().await;
    watched.until(76).await;
    let expired = vec![of("acme", "TracktikTokenExpired")];
    let only = ["TracktikTokenExpired"];
    judge(&watched.recording, &[(64, expired.clone())], &only).unwrap();
    let renamed = watched.recording.renamed(
        "tracktik_credential_expiration_timestamp_seconds",
        "tracktik_expiry_seconds",
    );
    let said = judge(&renamed, &[(64, expired)], &only).unwrap_err();
    assert!(said.contains("TracktikTokenExpired"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_tracktik_is_a_renewal_that_fails_and_ends_by_itself() {
    let mut watched = Watched::of(World::with(&["acme"]));
    watched.until(20).await;
    watched.world.tracktik.answers(Answer::NoConnection);
    let failing = because(UNAVAILABLE, "acme", "TracktikRenewalFailing");
    let soon = of("acme", "TracktikTokenExpiringSoon");
    watched.until(54).await;
    watched.world.tracktik.answers(Answer::Token);
    let checks = [
        (42, vec![]),
        (48, vec![failing.clone()]),
        (53, vec![failing, soon]),
        // The pace of the attempts is ten minutes by now.
        (67, vec![]),
    ];
    watched.fires(&checks).await;
}

#[tokio::test(start_paused = true)]
async fn a_suspended_one_is_silent_on_purpose() {
    let mut watched = Watched::of(World::with(&["acme"]));
    watched.until(20).await;
    watched.world.api.edit_spec("acme", "suspend", json!(true));
    let checks: Vec<_> = [25, 45, 55, 65, 90].map(|minute| (minute, Vec::new())).into();
    watched.fires(&checks).await;
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_overdue_is_told_where_nothing_has_failed_that_status_could_show() {
    let mut watched = Watched::of(World::watched("Password", &["acme"]));
    watched.until(20).await;
    watched.world.api.away(true);
    watched.until(70).await;
    watched.world.api.away(false);
    let checks = [
        (45, vec![]),
        (53, vec![of("acme", "TracktikTokenExpiringSoon")]),
        (64, vec![of("acme", "TracktikTokenExpired")]),
        (80, vec![]),
    ];
    watched.fires(&checks).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_never_ready_is_told_after_ten_minutes() {
    let world = World::with(&[]);
    world.api.add_credential_alone("acme", "Password", "acme.staffr.net");
    let failing = because("SourceNotFound", "acme", "TracktikRenewalFailing");
    let not_ready = of("acme", "TracktikCredentialNotReady");
    let checks = [(3, vec![]), (8, vec![failing.clone()]), (13, vec![failing, not_ready])];
    Watched::of(world).fires(&checks).await;
}
