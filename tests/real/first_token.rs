//! From applying a credential to a token that works.

use serde_json::json;

use crate::scene::Scene;

#[tokio::test]
async fn a_credential_gets_a_token_that_works() {
    let scene = Scene::new("first").await;
    let operator = scene.start().await;
    let account = scene.everyday("acme").await;
    let status = scene.ready("acme").await;
    assert_eq!(status.reason("Ready"), "TokenValid");
    assert_eq!(status.is("Renewed"), "True");
    assert_eq!(status.is("Stalled"), "");
    assert_eq!(status.is("Reconciling"), "");
    assert_eq!(status.0["binding"]["name"], json!("acme-token"));
    assert_eq!(status.0["observedGeneration"], json!(1));
    assert_eq!(status.0["failure"], json!(null));

    let token = scene.token("acme").await;
    assert_eq!(scene.simulator.owner_of(&token), Some(account.username));
    assert!(scene.simulator.valid(&token));
    let counts = scene.simulator.counts();
    assert_eq!((counts.logins, counts.refused, counts.scope_sent), (1, 0, 0));
    let secret = scene.secrets().get("acme-token").await.unwrap();
    let keys: Vec<_> = secret.data.unwrap().into_keys().collect();
    assert_eq!(
        keys,
        ["access_token", "domain", "expires_at", "refresh_token", "token_type"]
    );
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
