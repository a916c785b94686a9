//! Sessions that go on by refreshes at OAuth servers that none of us wrote: both rotate refresh tokens, and one of them
//! ends a whole session when it sees one twice.

use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode};
use serde_json::{Value, json};
use testbed::{account::Account, oauth_servers::Kind};

use crate::{scene::Status, server_stage::Stage};

#[tokio::test]
async fn a_session_goes_on_with_django() {
    goes_on(Kind::Django).await;
}

#[tokio::test]
async fn a_session_goes_on_with_node() {
    goes_on(Kind::Node).await;
}

#[tokio::test]
async fn a_django_session_is_gone_on_with_before_its_token_expires() {
    is_gone_on_with(Kind::Django).await;
}

#[tokio::test]
async fn a_node_session_is_gone_on_with_before_its_token_expires() {
    is_gone_on_with(Kind::Node).await;
}

impl Stage {
    /// A credential whose session goes on by refreshes.
    pub async fn refreshing(&self) -> Account {
        let account = self.credential("acme", |_| ()).await;
        let refresh = json!({ "spec": { "renewal": { "grant": "Refresh" } } });
        self.scene.patch("acme", refresh).await;
        self.scene.ready("acme").await;
        account
    }

    /// Tokens that were given to logins, refusals, and tokens that were given to refreshes.
    pub async fn given(&self) -> (u64, u64, u64) {
        let counts = self.server.counts().await.unwrap();
        (counts.logins, counts.refused, counts.refreshes)
    }

    /// Uses the refresh token that is published, as a workload might that does not know better.
    async fn refresh_beside_the_operator(&self, account: &Account) -> String {
        let ca = Certificate::from_pem(self.scene.authority().ca_pem().as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        let refresh_token = self.scene.value("acme-token", "refresh_token").await.unwrap();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &account.client_id),
            ("client_secret", &account.client_secret),
            ("refresh_token", &refresh_token),
        ];
        let answer = client.post(self.server.token_url()).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body: Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }
}

async fn goes_on(kind: Kind) {
    let stage = Stage::new(kind, "session", Duration::from_hours(1)).await;
    let scene = &stage.scene;
    let account = stage.refreshing().await;
    let first = scene.token("acme").await;
    stage.belongs(&first, &account).await;
    assert_eq!(stage.given().await, (1, 0, 0));

    let second = scene.rotated("acme", "1", &first).await;
    assert_eq!(
        stage.server.whoami(&first).await.unwrap(),
        None,
        "a refresh ends the token before it"
    );
    stage.belongs(&second, &account).await;
    let third = scene.rotated("acme", "2", &second).await;
    stage.belongs(&third, &account).await;
    assert_eq!(stage.given().await, (1, 0, 2));
    scene.looked_at_again("acme").await.assert_well();

    // Whether the refresh token is unused is not known after somebody else's write.
    let label = json!({ "metadata": { "labels": { "theirs": "kept" } } });
    scene.patch_secret("acme-token", label).await;
    scene.looked_at_again("acme").await;
    let fourth = scene.rotated("acme", "3", &third).await;
    assert_eq!(stage.given().await, (2, 0, 2));
    stage.belongs(&third, &account).await;
    stage.belongs(&fourth, &account).await;

    // Somebody else uses it: the operator is refused, sends it once, and begins a session of its own.
    let theirs = stage.refresh_beside_the_operator(&account).await;
    scene.annotate("acme", "tracktik-operator.io/rotate", "4").await;
    let status = scene.renewal_off("acme", "EndpointMisbehaved").await;
    assert!(
        status.message("Renewed").contains("refused the refresh token"),
        "{}",
        status.0
    );
    assert_eq!(stage.given().await, (2, 1, 3));
    if kind == Kind::Django {
        let revoked = stage.server.whoami(&theirs).await.unwrap();
        assert_eq!(
            revoked, None,
            "the server ends a session whose refresh token comes twice"
        );
    }
    let sixth = scene.rotated("acme", "5", &fourth).await;
    stage.belongs(&sixth, &account).await;
    assert_eq!(stage.given().await, (3, 1, 3));
    scene.renewed("acme").await.assert_well();
    assert_eq!(stage.operator.terminate().await.unwrap().code(), Some(0));
}

/// The shortest life that is renewed as usual: a minute, so after half of it.
async fn is_gone_on_with(kind: Kind) {
    let stage = Stage::new(kind, "session-due", Duration::from_mins(1)).await;
    let scene = &stage.scene;
    let account = stage.refreshing().await;
    let before = scene.ready("acme").await;
    let first = scene.token("acme").await;
    let second = scene.token_in_the_end("acme", &first).await;
    assert_eq!(stage.server.whoami(&first).await.unwrap(), None);
    stage.belongs(&second, &account).await;
    assert_eq!(stage.given().await, (1, 0, 1));
    let issued = |status: &Status| status.0["issuedTime"].clone();
    let after = scene
        .status_that("acme", "told", |now| issued(now) != issued(&before))
        .await;
    let transition = |status: &Status| status.condition("Ready")["lastTransitionTime"].clone();
    assert_eq!(
        transition(&after),
        transition(&before),
        "a scheduled renewal never moves Ready"
    );
    after.assert_well();
}
