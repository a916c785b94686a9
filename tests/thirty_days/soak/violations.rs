//! That the books find what must never be: each is brought about, and the books are told of no excuse.

use std::time::Duration;

use tracktik_operator::{
    oauth::{GrantRequest, TokenEndpoint},
    secrets::sensitive::Sensitive,
};

use super::{
    residents::{self, domain},
    town::Town,
    weather::Weather,
};

/// A town of two where all is well, and its time for moving in is over. Each renewal leaves twenty minutes until the next.
async fn well() -> Town {
    let mut town = Town::of(residents::healthy(2, 1), 1, 1);
    town.pass(Duration::from_mins(70)).await;
    town
}

fn token_secret(town: &Town) -> String {
    format!("{}-token", town.residents[0].name)
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "is healthy and its token has")]
async fn a_healthy_credential_whose_token_runs_out_ends_the_simulation() {
    let mut town = well().await;
    town.world.tracktik.weather(&domain(0), Weather::Closed);
    town.pass(Duration::from_mins(70)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "is healthy and has been without a token")]
async fn a_healthy_credential_whose_secret_is_gone_ends_the_simulation() {
    let mut town = well().await;
    town.world.kill().await;
    town.world.api.delete_secret(&token_secret(&town));
    town.pass(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "is healthy and has been without a token")]
async fn a_healthy_credential_whose_token_tracktik_has_revoked_ends_the_simulation() {
    let mut town = well().await;
    let refresh_token = town.world.api.read(&token_secret(&town), "refresh_token").unwrap();
    let account = &town.residents[0].account;
    let somebody_elses = GrantRequest::Refresh {
        client_id: &Sensitive::from(account.client_id.clone()),
        client_secret: &Sensitive::from(account.client_secret.clone()),
        refresh_token: &Sensitive::from(refresh_token),
    };
    let answer = town.world.tracktik.request_token(&domain(0), somebody_elses).await;
    assert!(answer.is_ok());
    town.pass(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "and a reader is None")]
async fn a_secret_that_holds_no_token_though_the_books_say_so_ends_the_simulation() {
    let mut town = well().await;
    town.world.kill().await;
    town.world.api.empty_secret(&token_secret(&town));
    town.pass(Duration::from_mins(12)).await;
}
