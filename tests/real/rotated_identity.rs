//! The operator's own token for the API server is replaced, as a kubelet does, and the earlier one is not accepted any
//! more: it goes on by itself.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec, TokenReview, TokenReviewSpec},
    core::v1::{Secret, ServiceAccount},
};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use serde_json::json;
use testbed::manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE};

use crate::{
    api_proxy::ApiProxy,
    figures::say,
    left_behind::leaves_none_of,
    scene::{PATIENCE, Scene, eventually},
    secrets::Secrets,
};

/// A token file is read again by the first request 50 s after it was read; then come the watches' back-off and a busy
/// machine.
const READ_AGAIN: Duration = Duration::from_mins(2);

/// Writes a token of the operator's `ServiceAccount` that counts for as long as this Secret exists, and returns it.
async fn write_token(scene: &Scene, while_there_is: &str, file: &Path) -> String {
    let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), OPERATOR_NAMESPACE);
    let secret = serde_json::from_value(json!({ "metadata": { "name": while_there_is } })).unwrap();
    let secret = secrets.create(&PostParams::default(), &secret).await.unwrap();
    let bound = BoundObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Secret".to_owned()),
        name: secret.metadata.name,
        uid: secret.metadata.uid,
    };
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            bound_object_ref: Some(bound),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let accounts: Api<ServiceAccount> = Api::namespaced(scene.client.clone(), OPERATOR_NAMESPACE);
    let params = PostParams::default();
    let answer = accounts.create_token_request(OPERATOR_NAME, &params, &request);
    let token = answer.await.unwrap().status.unwrap().token.unwrap();
    std::fs::write(file, &token).unwrap();
    token
}

/// Takes away what a token is bound to, and waits until the API server refuses it: it remembers for some seconds whom it
/// let in.
async fn revoke(scene: &Scene, token: &str, bound_to: &str) {
    let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), OPERATOR_NAMESPACE);
    secrets.delete(bound_to, &DeleteParams::default()).await.unwrap();
    let reviews: Api<TokenReview> = Api::all(scene.client.clone());
    let review = TokenReview {
        spec: TokenReviewSpec {
            token: token.to_owned(),
            ..TokenReviewSpec::default()
        },
        ..TokenReview::default()
    };
    eventually(PATIENCE, || async {
        let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
        match answer.status.and_then(|status| status.authenticated) {
            Some(true) => Err("the revoked token is still accepted".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn an_operator_whose_own_token_was_rotated_goes_on_with_the_new_one_by_itself() {
    let scene = Scene::new("rotated-identity").await;
    let proxy = ApiProxy::of(&scene).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let [first, second] = ["first", "second"].map(|which| format!("{}-{which}", scene.namespace));
    let earlier = write_token(&scene, &first, &file).await;
    let operator = proxy
        .start_as(&scene, scene.operator(), json!({ "tokenFile": file }))
        .await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;

    write_token(&scene, &second, &file).await;
    revoke(&scene, &earlier, &first).await;
    let began = Instant::now();
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    // A watch that is under way is not asked who it is again; the next one is.
    proxy.cut();
    let next = eventually(READ_AGAIN, || async {
        assert!(operator.get("/livez").await.unwrap().0.is_success());
        let (status, text) = operator.get("/readyz").await.unwrap();
        let next = scene.token("acme").await;
        if status.is_success() && next != token {
            Ok(next)
        } else {
            Err(format!("{text}: {}", scene.status("acme").await.0))
        }
    })
    .await;
    say(&format!(
        "at work with its new token {} ms after the old one was refused",
        began.elapsed().as_millis()
    ));
    assert!(scene.simulator.valid(&next));
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.attempts("acme"), 2);
    let mut secrets = Secrets::default();
    secrets.add("the operator's own token that was revoked", earlier);
    leaves_none_of(secrets, &scene, &operator).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
