//! Token Secrets under other names: the old one stays for as long as its token lives, whoever wants its name.

use std::time::Duration;

use serde_json::json;

use crate::world::World;

/// Two credentials in the midst of the life of their first tokens.
async fn settled() -> World {
    let world = World::with(&["a", "b"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.tracktik.attempts(), 2);
    world
}

fn user_of(world: &World, secret: &str) -> String {
    let token = world.api.value(secret, "access_token");
    token.rsplit_once('-').unwrap().0.to_owned()
}

#[tokio::test(start_paused = true)]
async fn two_credentials_that_swap_the_names_of_their_secrets_wait_until_both_tokens_have_expired() {
    let world = settled().await;
    world.api.edit_spec("a", "tokenSecret", json!({ "name": "b-token" }));
    world.api.edit_spec("b", "tokenSecret", json!({ "name": "a-token" }));
    tokio::time::sleep(Duration::from_mins(49)).await;
    assert_eq!(world.tracktik.attempts(), 2, "a name that is taken costs no login");
    assert!(world.api.deletions().is_empty());
    for (credential, secret) in [("a", "a-token"), ("b", "b-token")] {
        let said = ("False".to_owned(), "TargetConflict".to_owned());
        assert_eq!(world.api.condition(credential, "Ready"), said);
        assert_eq!(
            user_of(&world, secret),
            format!("access-user-{credential}"),
            "still mounted"
        );
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(world.api.deletions().len(), 2);
    for (credential, secret) in [("a", "b-token"), ("b", "a-token")] {
        let said = ("True".to_owned(), "TokenValid".to_owned());
        assert_eq!(world.api.condition(credential, "Ready"), said);
        assert_eq!(user_of(&world, secret), format!("access-user-{credential}"));
    }
    assert_eq!(world.tracktik.attempts(), 4);
    world.end().await;
}

/// Pods that still roll keep their mount, and one who thinks better of it finds his token.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_back_within_the_hour_costs_no_third_login() {
    let world = settled().await;
    let first = world.api.value("a-token", "access_token");
    world.api.edit_spec("a", "tokenSecret", json!({ "name": "elsewhere" }));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(user_of(&world, "elsewhere"), "access-user-a");
    assert_eq!(world.api.value("a-token", "access_token"), first);
    let requested = world.tracktik.attempts();
    assert_eq!(requested, 3);
    world.api.edit_spec("a", "tokenSecret", json!({ "name": "a-token" }));
    tokio::time::sleep(Duration::from_mins(1)).await;
    let said = ("True".to_owned(), "TokenValid".to_owned());
    assert_eq!(world.api.condition("a", "Ready"), said);
    assert_eq!(world.api.value("a-token", "access_token"), first);
    assert_eq!(world.tracktik.attempts(), requested);
    world.end().await;
}
