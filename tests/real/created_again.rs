//! A credential that is deleted, or deleted and created again under its name: what was the old one's business is not the
//! new one's, but for a token that is still good.

use std::time::Duration;

use kube::api::DeleteParams;
use serde_json::json;
use testbed::simulator::{Account, Fault, Target};

use crate::scene::{PATIENCE, Scene, eventually};

impl Scene {
    /// Waits until a token request of this number has arrived and is being answered.
    async fn request_in_flight(&self, number: u64) {
        eventually(PATIENCE, || async {
            let counts = self.simulator.counts();
            if counts.token_requests >= number && counts.in_flight > 0 {
                Ok(())
            } else {
                Err("no token request is in flight".to_owned())
            }
        })
        .await;
    }

    async fn delete_credential(&self, name: &str, how: DeleteParams) {
        self.credentials().delete(name, &how).await.unwrap();
        // The garbage collector, which orphans, learns of a new kind within half a minute only.
        eventually(Duration::from_mins(2), || async {
            match self.credentials().get_opt(name).await.unwrap() {
                None => Ok(()),
                Some(_) => Err(format!("{name} is still being deleted")),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn an_orphaned_secret_is_taken_over_without_a_login() {
    let scene = Scene::new("orphan").await;
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    let first = scene.ready("acme").await;
    let token = scene.token("acme").await;
    let old = scene.credentials().get("acme").await.unwrap();
    scene.delete_credential("acme", DeleteParams::orphan()).await;
    assert_eq!(scene.token("acme").await, token, "an orphan is left as it is");

    scene.credential("acme", json!({})).await;
    let new = scene.credentials().get("acme").await.unwrap();
    assert_ne!(new.metadata.uid, old.metadata.uid);
    let owners = eventually(PATIENCE, || async {
        let secret = scene.secrets().get("acme-token").await.unwrap();
        let owners = secret.metadata.owner_references.unwrap_or_default();
        if owners.iter().any(|owner| Some(&owner.uid) == new.metadata.uid.as_ref()) {
            Ok(owners)
        } else {
            Err(format!("owned by {owners:?}"))
        }
    })
    .await;
    assert_eq!(owners.len(), 1, "{owners:?}");
    let status = scene.ready("acme").await;
    assert_eq!(status.0["expirationTime"], first.0["expirationTime"]);
    assert_eq!(scene.token("acme").await, token);
    assert_eq!(scene.simulator.counts().token_requests, 1);
}

#[tokio::test]
async fn the_outcome_for_a_deleted_credential_does_not_land_on_the_one_created_again() {
    let scene = Scene::new("outcome").await;
    let _operator = scene.start().await;
    let account = scene.account("acme").await;
    let wrong = Account {
        password: "wrong".to_owned(),
        ..account.clone()
    };
    scene.source("acme", &wrong).await;
    // The old one's request is refused late; by then the source is right.
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 1_500 }, Some(1));
    scene.credential("acme", json!({})).await;
    scene.request_in_flight(1).await;
    scene.delete_credential("acme", DeleteParams::default()).await;
    scene.source("acme", &account).await;
    scene.credential("acme", json!({})).await;
    let status = scene.ready("acme").await;
    let before = &status.0["failure"];
    assert_eq!(
        (&before["reason"], &before["recentTimes"]),
        (&json!(null), &json!(null)),
        "{}",
        status.0
    );
    assert_eq!(scene.simulator.counts().in_flight, 0);
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.attempts("acme"), 2);
}

#[tokio::test]
async fn a_credential_deleted_while_its_token_is_requested_leaves_no_secret_behind() {
    let scene = Scene::new("deleted").await;
    let operator = scene.start().await;
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 1_000 }, Some(1));
    scene.everyday("acme").await;
    scene.request_in_flight(1).await;
    scene.delete_credential("acme", DeleteParams::default()).await;
    // The end of an operator comes after the end of what it had begun.
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    assert_eq!(scene.simulator.counts().logins, 1);
    assert_eq!(scene.secrets().get_opt("acme-token").await.unwrap(), None);
}

/// An apply that names only a version would make the Secret anew, for nobody.
#[tokio::test]
async fn a_credential_deleted_with_its_secret_while_a_renewal_is_requested_leaves_no_secret_behind() {
    let scene = Scene::new("both-deleted").await;
    let operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    scene
        .simulator
        .set_fault(Target::Everywhere, Fault::Delay { milliseconds: 1_000 }, Some(1));
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    scene.request_in_flight(2).await;
    scene.delete_credential("acme", DeleteParams::default()).await;
    scene.delete_secret("acme-token").await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    assert_eq!(scene.simulator.counts().logins, 2);
    assert_eq!(scene.secrets().get_opt("acme-token").await.unwrap(), None);
}

/// In the foreground the Secret goes first, while the credential is still there; in the background it goes afterwards.
#[tokio::test]
async fn a_credential_that_is_deleted_takes_its_secret_along_and_nothing_is_made_anew_meanwhile() {
    let scene = Scene::new("gone").await;
    let _operator = scene.start().await;
    for (name, how) in [
        ("foreground", DeleteParams::foreground()),
        ("background", DeleteParams::background()),
    ] {
        scene.everyday(name).await;
        scene.ready(name).await;
        let written = scene.written_until_now().await.len();
        scene.delete_credential(name, how).await;
        let secret = format!("{name}-token");
        eventually(Duration::from_mins(2), || async {
            match scene.secrets().get_opt(&secret).await.unwrap() {
                None => Ok(()),
                Some(_) => Err(format!("{secret} is still there")),
            }
        })
        .await;
        let writes = scene.written_until_now().await.split_off(written);
        assert!(writes.is_empty(), "{writes:#?}");
    }
    assert_eq!(scene.simulator.counts().token_requests, 2);
}
