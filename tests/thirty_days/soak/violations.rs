//! That the books find what must never be: each is brought about, and the books are told of no excuse.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use tracktik_operator::{
    oauth::{GrantRequest, TokenEndpoint},
    secrets::sensitive::{Sensitive, ServiceAccount},
};

use super::{
    residents::{self, domain},
    simulation::{Simulation, Size},
    town::{BAN, Town},
    weather::Weather,
};
use crate::leaks::CANARY;

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

/// Sends the refresh token in place, and answers whether it was of use.
async fn refresh(town: &Town) -> bool {
    let refresh_token = town.world.api.read(&token_secret(town), "refresh_token").unwrap();
    let account = &town.residents[0].account;
    let somebody_elses = GrantRequest::Refresh {
        client_id: &Sensitive::from(account.client_id.clone()),
        client_secret: &Sensitive::from(account.client_secret.clone()),
        refresh_token: &Sensitive::from(refresh_token),
    };
    let answer = town.world.tracktik.request_token(&domain(0), somebody_elses).await;
    answer.is_ok()
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "is healthy and has been without a token")]
async fn a_healthy_credential_whose_token_tracktik_has_revoked_ends_the_simulation() {
    let mut town = well().await;
    assert!(refresh(&town).await);
    town.pass(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a refresh token was sent twice to tenant-0.staffr.net")]
async fn a_refresh_token_that_is_sent_twice_ends_the_simulation() {
    let mut town = well().await;
    assert!(refresh(&town).await);
    assert!(!refresh(&town).await);
    town.pass(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "40 requests without a token in two minutes")]
async fn as_many_failed_logins_as_tracktik_bans_for_end_the_simulation() {
    let mut town = well().await;
    let account = ServiceAccount {
        client_id: Sensitive::from("client".to_owned()),
        client_secret: Sensitive::from(residents::secret("client secret")),
        username: Sensitive::from("user-0".to_owned()),
        password: Sensitive::from(residents::secret("mistyped")),
    };
    for _ in 0..BAN {
        let wrong = GrantRequest::Password(&account);
        let answer = town.world.tracktik.request_token(&domain(0), wrong).await;
        assert!(answer.is_err());
    }
    town.pass(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "is not of Some(\"team-1/c00001\"), and was written to")]
async fn a_write_of_a_secret_of_somebody_else_ends_the_simulation() {
    let mut town = well().await;
    let foreign = Api::<Secret>::namespaced(town.world.api.client(), "team-0");
    let mark = json!({ "tracktik-operator.io/credential": "team-1/c00001@uid-of-c00001" });
    let written = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "annotations": mark } });
    let conflict = foreign
        .patch(
            "c00000-token",
            &PatchParams::apply("tracktik-operator"),
            &Patch::Apply(written),
        )
        .await;
    assert!(conflict.is_err());
    town.pass(Duration::from_mins(1)).await;
}

/// What a reader of the log is told by a simulation that ends so.
async fn told(ends: impl Future<Output = ()>) -> String {
    let ended = AssertUnwindSafe(ends).catch_unwind().await;
    *ended.unwrap_err().downcast().unwrap()
}

/// What people may write into a credential, and the operator tells on: in status and event the name of a source, in the log
/// the credential's own, in the metadata of the token Secret whatever they ask for.
#[tokio::test(start_paused = true)]
async fn a_password_in_status_event_log_or_metadata_ends_the_simulation() {
    let mut town = well().await;
    let told = told(async {
        let [one, other] = [0, 1].map(|number| town.residents[number].name.clone());
        let source = json!({ "secretRef": { "name": CANARY } });
        town.world.api.edit_spec(&one, "credentials", source);
        let annotations = json!({ "note": town.residents[1].account.password });
        let metadata = json!({ "metadata": { "annotations": annotations } });
        town.world.api.edit_spec(&other, "tokenSecret", metadata);
        town.world.api.add_credential_alone(CANARY, "Password", &domain(0));
        town.pass(Duration::from_mins(1)).await;
    })
    .await;
    for place in ["c00000/status", "/events", "the log", "/secrets/c00001-token"] {
        let holds = format!("{place} holds a password or client secret");
        assert!(told.contains(&holds), "{holds}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_outside_the_data_of_its_secret_ends_the_simulation_whole_or_in_part() {
    for part in [0..100, 150..300] {
        let mut town = well().await;
        let told = told(async {
            let token = town.world.api.read(&token_secret(&town), "access_token").unwrap();
            let annotations = json!({ "note": token[part] });
            let metadata = json!({ "metadata": { "annotations": annotations } });
            let name = town.residents[0].name.clone();
            town.world.api.edit_spec(&name, "tokenSecret", metadata);
            town.pass(Duration::from_mins(1)).await;
        })
        .await;
        assert!(told.contains("/secrets/c00000-token holds a token"), "{told}");
    }
}

/// A host that is closed for a reason that the books do not know of, in a small simulation from this seed.
async fn goes_wrong(seed: u64) -> String {
    let small = Size {
        seed,
        lifetimes: 200,
        credentials: 12,
        broken: 4,
        hosts: 3,
    };
    told(async {
        let mut simulation = Simulation::new(small);
        simulation.town.world.tracktik.weather(&domain(0), Weather::Closed);
        simulation.run().await;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn what_ends_a_simulation_is_told_with_the_seed_and_comes_again_from_it() {
    let told = goes_wrong(7).await;
    assert!(told.starts_with("seed 7, day 0 01:"), "{told}");
    assert!(told.contains("is healthy and has been without a token"), "{told}");
    assert_eq!(told, goes_wrong(7).await);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "and a reader is None")]
async fn a_secret_that_holds_no_token_though_the_books_say_so_ends_the_simulation() {
    let mut town = well().await;
    town.world.kill().await;
    town.world.api.empty_secret(&token_secret(&town));
    town.pass(Duration::from_mins(12)).await;
}
