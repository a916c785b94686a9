//! Other keys of the token Secret: written from what is in it, with a login only where that is not enough.

use serde_json::json;

use crate::scene::Scene;

const DEFAULT: [&str; 5] = ["access_token", "domain", "expires_at", "refresh_token", "token_type"];

#[tokio::test]
async fn another_layout_is_rendered_from_what_is_in_place() {
    let scene = Scene::new("layout").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    let refresh_token = scene.value("acme-token", "refresh_token").await;

    let custom = json!({ "TOKEN": "$(accessToken)", "header": "Bearer $(accessToken)", "at": "$$(x) $(domain)" });
    scene
        .patch(
            "acme",
            json!({ "spec": { "tokenSecret": { "data": custom, "metadata": { "labels": { "team": "a" } } } } }),
        )
        .await;
    scene.keys_are(&["TOKEN", "at", "header"]).await;
    assert_eq!(scene.value("acme-token", "TOKEN").await, Some(token.clone()));
    assert_eq!(
        scene.value("acme-token", "header").await,
        Some(format!("Bearer {token}"))
    );
    assert_eq!(
        scene.value("acme-token", "at").await,
        Some(format!("$(x) {}", scene.simulator.domain()))
    );
    let secret = scene.secrets().get("acme-token").await.unwrap();
    assert_eq!(secret.metadata.labels.unwrap()["team"], "a");
    scene.ready("acme").await;
    assert_eq!(scene.simulator.counts().token_requests, 1);

    // The refresh token is gone with the keys that held it; to publish it again takes a login.
    assert!(refresh_token.is_some());
    scene
        .patch(
            "acme",
            json!({ "spec": { "tokenSecret": { "data": null, "metadata": null } } }),
        )
        .await;
    scene.keys_are(&DEFAULT).await;
    let secret = scene.secrets().get("acme-token").await.unwrap();
    assert!(!secret.metadata.labels.unwrap().contains_key("team"));
    assert_eq!(scene.simulator.counts().token_requests, 2);

    // To discard it takes none.
    scene
        .patch(
            "acme",
            json!({ "spec": { "tokenSecret": { "refreshToken": "Discard" } } }),
        )
        .await;
    let without = DEFAULT.into_iter().filter(|key| *key != "refresh_token");
    scene.keys_are(&without.collect::<Vec<_>>()).await;
    assert_eq!(scene.simulator.counts().token_requests, 2);
}

/// What stands beside something else in one value cannot be told from it again.
#[tokio::test]
async fn a_refresh_token_that_cannot_be_told_from_what_is_in_place_takes_one_login() {
    let scene = Scene::new("layout-both").await;
    let _operator = scene.start().await;
    scene.account("acme").await;
    let both = json!({ "at": "$(accessToken)", "both": "$(accessToken):$(refreshToken)" });
    scene
        .credential("acme", json!({ "tokenSecret": { "data": both } }))
        .await;
    scene.ready("acme").await;
    let old = scene.value("acme-token", "both").await.unwrap();
    assert_eq!(scene.simulator.counts().token_requests, 1);

    let apart = json!({ "at": "$(accessToken)", "rt": "$(refreshToken)", "both": null });
    scene
        .patch("acme", json!({ "spec": { "tokenSecret": { "data": apart } } }))
        .await;
    scene.keys_are(&["at", "rt"]).await;
    scene.ready("acme").await;
    let refresh_token = scene.value("acme-token", "rt").await.unwrap();
    assert!(!refresh_token.is_empty() && !old.ends_with(&refresh_token));
    assert_eq!(scene.simulator.counts().token_requests, 2);
}
