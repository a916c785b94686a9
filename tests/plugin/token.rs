//! `token`: the token, the whole token, and nothing that is no good.

use serde_json::json;

use crate::{scene::Scene, user::User};

#[tokio::test]
async fn the_access_token_is_printed_for_curl() {
    let scene = Scene::new("token").await;
    let editor = User::with_role(&scene, "edit").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    let bearer = json!({ "tokenSecret": { "data": { "authorization": "Bearer $(accessToken)" } } });
    scene.account("bearer").await;
    scene.credential("bearer", bearer).await;
    scene.ready("acme").await;
    scene.ready("bearer").await;
    let token = scene.token("acme").await;
    assert_eq!(editor.run(&["token", "acme"]).await.well(), format!("{token}\n"));
    let header = editor.run(&["token", "acme", "--header"]).await.well();
    assert_eq!(header, format!("Authorization: Bearer {token}\n"));
    let shaped = scene.value("bearer-token", "authorization").await.unwrap();
    let told = editor.run(&["token", "bearer"]).await.well();
    assert_eq!(
        format!("Bearer {}", told.trim_end()),
        shaped,
        "told from a layout of the user's own"
    );
}

#[tokio::test]
async fn a_token_that_is_no_good_is_not_printed() {
    let scene = Scene::new("tokenless").await;
    let editor = User::with_role(&scene, "edit").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    operator.terminate().await.unwrap();

    let annotation = "tracktik-operator.io/issue";
    let secret = scene.secrets().get("acme-token").await.unwrap();
    let facts = secret.metadata.annotations.unwrap().remove(annotation).unwrap();
    let mut late: serde_json::Value = serde_json::from_str(&facts).unwrap();
    late["issuedAt"] = json!("2026-01-01T09:00:00Z");
    late["expiresAt"] = json!("2026-01-01T10:00:00Z");
    let annotate = async |facts: String| {
        let patch = json!({ "metadata": { "annotations": { annotation: facts } } });
        scene.patch_secret("acme-token", patch).await;
    };
    annotate(late.to_string()).await;
    let expired = editor.run(&["token", "acme"]).await;
    assert_eq!((expired.code, expired.stdout.as_str()), (Some(3), ""));
    assert!(
        expired.stderr.contains("the token in Secret \"acme-token\" expired "),
        "{}",
        expired.stderr
    );
    annotate("gone".to_owned()).await;
    let unknown = editor.run(&["token", "acme"]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(3), ""));
    assert!(
        unknown.stderr.contains("is missing or cannot be read"),
        "{}",
        unknown.stderr
    );
    annotate(facts).await;
    assert_eq!(editor.run(&["token", "acme"]).await.code, Some(0), "as it was");

    scene
        .patch_secret("acme-token", json!({ "stringData": { "access_token": "forged" } }))
        .await;
    let changed = editor.run(&["token", "acme"]).await;
    assert_eq!((changed.code, changed.stdout.as_str()), (Some(3), ""));
    assert!(
        changed
            .stderr
            .contains("somebody has changed it; see `kubectl tracktik describe acme"),
        "{}",
        changed.stderr
    );

    scene.credential("new", json!({})).await;
    let none = editor.run(&["token", "new"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(3), ""));
    assert!(
        none.stderr.contains("Secret \"new-token\" does not exist"),
        "{}",
        none.stderr
    );

    scene
        .secret("other-token", &[("access_token", "of somebody else")])
        .await;
    scene.credential("other", json!({})).await;
    let foreign = editor.run(&["token", "other"]).await;
    assert_eq!((foreign.code, foreign.stdout.as_str()), (Some(3), ""));
    assert!(
        foreign.stderr.contains("was not made by this credential"),
        "{}",
        foreign.stderr
    );
}
