//! A session that goes on by refreshes: the password begins it, each renewal is a refresh, and no refresh token arrives
//! twice.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::simulator::{Account, Fault, Target};

use crate::{
    figures::sum_of,
    scene::{PATIENCE, Scene, Status, eventually},
};

/// The mark of a tried refresh token.
pub const TRIED: &str = "tracktik-operator.io/tried";

impl Scene {
    /// A credential whose session goes on by refreshes, with its first token.
    pub async fn refreshing(&self, name: &str) -> Account {
        let account = self.account(name).await;
        self.credential(name, json!({ "renewal": { "grant": "Refresh" } }))
            .await;
        self.ready(name).await;
        account
    }

    /// How many logins succeeded and how many refreshes arrived. That none arrived twice holds in every scene.
    pub fn grants(&self) -> (u64, u64) {
        let counts = self.simulator.counts();
        assert_eq!(counts.repeated_refresh_tokens, 0, "a refresh token was sent twice");
        (counts.logins, counts.refresh_requests)
    }

    /// The mark on a credential's token Secret, and the id of the issue in place.
    pub async fn mark_and_issue(&self, name: &str) -> (Option<String>, String) {
        let secret = self.secrets().get(&format!("{name}-token")).await.unwrap();
        let mut annotations = secret.metadata.annotations.unwrap();
        let issue: Value = serde_json::from_str(&annotations["tracktik-operator.io/issue"]).unwrap();
        (annotations.remove(TRIED), issue["issueId"].as_str().unwrap().to_owned())
    }

    /// Waits until the token in place is one that TrackTik takes.
    pub async fn token_that_works(&self, name: &str) -> String {
        eventually(PATIENCE, || async {
            let token = self.value(&format!("{name}-token"), "access_token").await;
            match token.filter(|token| self.simulator.valid(token)) {
                Some(token) => Ok(token),
                None => Err(format!("no token that works: {}", self.status(name).await.0)),
            }
        })
        .await
    }

    /// Waits until a credential has another token than this, for longer than anything but a back-off takes.
    pub async fn token_in_the_end(&self, name: &str, before: &str) -> String {
        eventually(Duration::from_mins(2), || async {
            let token = self.token(name).await;
            if token == before {
                Err(format!("still the old token: {}", self.status(name).await.0))
            } else {
                Ok(token)
            }
        })
        .await
    }
}

#[tokio::test]
async fn the_password_begins_a_session_and_refreshes_go_on_with_it() {
    let scene = Scene::new("session").await;
    let operator = scene.start().await;
    let account = scene.refreshing("acme").await;
    let mut token = scene.token("acme").await;
    assert_eq!(scene.grants(), (1, 0));
    for round in ["1", "2", "3"] {
        let (_, before) = scene.mark_and_issue("acme").await;
        let next = scene.rotated("acme", round, &token).await;
        assert!(!scene.simulator.valid(&token), "a refresh revokes the token before it");
        assert!(scene.simulator.valid(&next));
        assert_eq!(scene.simulator.owner_of(&next).as_ref(), Some(&account.username));
        // The write of the new tokens leaves the mark alone: it is of the issue before.
        let (mark, issue) = scene.mark_and_issue("acme").await;
        assert_eq!(mark.as_ref(), Some(&before));
        assert_ne!(mark.as_ref(), Some(&issue));
        token = next;
    }
    assert_eq!(scene.grants(), (1, 3));
    let metrics = operator.metrics().await.unwrap();
    for (grant, requests) in [("password", 1.0), ("refresh", 3.0)] {
        let series = format!(r#"tracktik_token_requests_total{{grant="{grant}",outcome="success"}}"#);
        assert!((sum_of(&metrics, &series) - requests).abs() < 0.5, "{metrics}");
    }
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));

    // The next process asks for nothing, and goes on with the session where it is asked to.
    let _operator = scene.settled(1).await;
    let status = scene.looked_at_again("acme").await;
    status.assert_well();
    assert_eq!(status.0["failure"], json!(null));
    assert_eq!(scene.grants(), (1, 3));
    scene.rotated("acme", "4", &token).await;
    assert_eq!(scene.grants(), (1, 4));
}

#[tokio::test]
async fn a_renewal_that_is_due_is_a_refresh_and_does_not_move_ready() {
    // Of sixty seconds, the last thirty are the margin.
    let scene = Scene::with_token_life("session-due", Duration::from_mins(1)).await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let before = scene.ready("acme").await;
    let first = scene.token("acme").await;
    let second = scene.token_in_the_end("acme", &first).await;
    assert!(!scene.simulator.valid(&first) && scene.simulator.valid(&second));
    let renewed = |status: &Status| status.0["expirationTime"] != before.0["expirationTime"];
    let after = scene.status_that("acme", "status of the renewal", renewed).await;
    after.assert_well();
    let transition = |status: &Status| status.condition("Ready")["lastTransitionTime"].clone();
    assert_eq!(transition(&before), transition(&after));
    assert_eq!(scene.grants(), (1, 1));
}

#[tokio::test]
async fn the_mark_is_on_the_secret_before_the_request_arrives() {
    let scene = Scene::new("session-mark").await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let token = scene.token("acme").await;
    let (mark, issue) = scene.mark_and_issue("acme").await;
    assert_eq!(mark, None);
    let slow = Fault::Delay { milliseconds: 3_000 };
    scene.simulator.set_fault(Target::Everywhere, slow, Some(1));
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    scene.in_flight().await;
    assert_eq!(scene.mark_and_issue("acme").await, (Some(issue.clone()), issue));
    let announced = scene.status("acme").await;
    assert!(
        announced.0["failure"]["pending"]["issueId"].is_string(),
        "{}",
        announced.0
    );
    announced.assert_well();
    assert_eq!(
        scene.simulator.counts().in_flight,
        1,
        "all of that was before the answer"
    );
    scene.token_after("acme", &token).await;
    assert_eq!(scene.grants(), (1, 1));
}
