//! A login that a real OAuth server has carried out, and whose answer is lost on its way back: where a token is needed, one
//! more follows by itself; one that is in place is not touched until then.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use testbed::{account::Account, oauth_servers::Kind};
use tracktik_operator::api::Grant;

use crate::{
    figures::say,
    scene::{Status, eventually},
    server_proxy::{Cut, ServerProxy},
    server_stage::Stage,
};

/// The pace of an endpoint that was sent something and gave no complete answer, in milliseconds between two logins by the
/// server's clock. Status tells times in whole seconds.
const AT_LEAST: u64 = 29_000;

/// Half a life, or the pace, and what a busy machine adds.
const IN_THE_END: Duration = Duration::from_mins(2);

#[tokio::test]
async fn a_login_whose_answer_django_could_not_deliver_is_followed_by_one_more() {
    is_followed_by_one_more(Kind::Django).await;
}

#[tokio::test]
async fn a_login_whose_answer_node_could_not_deliver_is_followed_by_one_more() {
    is_followed_by_one_more(Kind::Node).await;
}

/// Each with a server and an operator of its own, side by side: it is waiting that takes the time.
async fn is_followed_by_one_more(kind: Kind) {
    futures::join!(
        Box::pin(of_a_new_credential(kind, Cut::Before)),
        Box::pin(of_a_new_credential(kind, Cut::Within)),
        Box::pin(that_was_due(kind, Cut::Before)),
        Box::pin(that_was_due(kind, Cut::Within)),
        Box::pin(that_was_asked_for(kind, Cut::Before)),
        Box::pin(that_was_asked_for(kind, Cut::Within)),
    );
}

/// An operator that knows its server by a proxy.
struct Lost {
    stage: Stage,
    proxy: ServerProxy,
    kind: Kind,
    cut: Cut,
}

impl Lost {
    async fn new(kind: Kind, cut: Cut, what: &str, token_life: Duration) -> Self {
        let name = format!("lost-{what}-{cut:?}").to_lowercase();
        let (stage, proxy) = Stage::behind_a_proxy(kind, &name, token_life).await;
        Self {
            stage,
            proxy,
            kind,
            cut,
        }
    }

    fn next_answer_is_lost(&self) {
        self.proxy.cut_next(Grant::Password, self.cut);
    }

    /// Waits until status tells of the lost answer, of a login that the server has made.
    async fn is_told(&self, logins: u64) -> Status {
        let scene = &self.stage.scene;
        let status = eventually(IN_THE_END, || async {
            let status = scene.status("acme").await;
            match status.reason("Renewed") {
                "EndpointUnavailable" => Ok(status),
                _ => Err(format!("nothing is lost: {}", status.0)),
            }
        })
        .await;
        let (kind, cut) = (self.kind, self.cut);
        say(&format!("{kind:?}, {cut:?}: {}", status.message("Renewed")));
        assert_eq!(
            (status.is("Renewed"), status.is("Stalled")),
            ("False", ""),
            "{}",
            status.0
        );
        assert!(self.proxy.has_cut_all());
        assert_eq!(
            self.stage.given().await,
            (logins, 0, 0),
            "the server has answered the login"
        );
        status
    }

    /// The live token is as it was, and status says so.
    async fn nothing_happened_to(&self, token: &str, account: &Account, status: &Status) {
        let says = (status.ready(), status.reason("Ready"), status.is("Reconciling"));
        assert_eq!(says, ("True", "TokenValid", ""), "{}", status.0);
        assert_eq!(self.stage.scene.token("acme").await, token);
        self.stage.belongs(token, account).await;
    }

    /// Nobody does anything: a login that makes so many comes by itself, at its pace.
    async fn one_more_follows(&self, before: Option<&str>, account: &Account, logins: u64) {
        let scene = &self.stage.scene;
        let token = eventually(IN_THE_END, || async {
            match scene.value("acme-token", "access_token").await {
                Some(token) if Some(token.as_str()) != before => Ok(token),
                _ => Err(format!("no other token: {}", scene.status("acme").await.0)),
            }
        })
        .await;
        self.all_is_well(&token, account, logins).await;
        let counts = self.stage.server.counts().await.unwrap();
        let [.., lost, made_good] = counts.by_username[&account.username].login_times.as_slice() else {
            panic!("{counts:?}");
        };
        let apart = made_good - lost;
        say(&format!(
            "{}: {apart} ms from the lost login to the next",
            scene.namespace
        ));
        assert!(apart >= AT_LEAST, "{apart} ms");
    }

    /// With this token in place, and so many logins in all.
    async fn all_is_well(&self, token: &str, account: &Account, logins: u64) {
        let scene = &self.stage.scene;
        self.stage.belongs(token, account).await;
        scene.renewed("acme").await.assert_well();
        scene.looked_at_again("acme").await.assert_well();
        assert_eq!(scene.token("acme").await, token);
        assert_eq!(self.stage.given().await, (logins, 0, 0));
    }

    async fn ends(self, account: &Account) {
        self.stage.leaves_nothing(account).await;
        assert_eq!(self.stage.operator.terminate().await.unwrap().code(), Some(0));
    }
}

async fn of_a_new_credential(kind: Kind, cut: Cut) {
    let lost = Lost::new(kind, cut, "first", Duration::from_hours(1)).await;
    lost.next_answer_is_lost();
    let account = lost.stage.credential("acme", |_| ()).await;
    let status = lost.is_told(1).await;
    let says = (status.ready(), status.reason("Ready"), status.is("Reconciling"));
    assert_eq!(says, ("False", "EndpointUnavailable", "True"), "{}", status.0);
    assert_eq!(lost.stage.scene.value("acme-token", "access_token").await, None);
    lost.one_more_follows(None, &account, 2).await;
    lost.ends(&account).await;
}

/// Of two minutes, the last one is the margin: the lost login and the next have it between them.
async fn that_was_due(kind: Kind, cut: Cut) {
    let lost = Lost::new(kind, cut, "due", Duration::from_mins(2)).await;
    let account = lost.stage.credential("acme", |_| ()).await;
    lost.stage.scene.ready("acme").await;
    let token = lost.stage.scene.token("acme").await;
    lost.next_answer_is_lost();
    let status = lost.is_told(2).await;
    lost.nothing_happened_to(&token, &account, &status).await;
    lost.one_more_follows(Some(&token), &account, 3).await;
    lost.ends(&account).await;
}

/// A value of the annotation is one login. With a token that is good for an hour, the next is made when that is due, or for
/// another value.
async fn that_was_asked_for(kind: Kind, cut: Cut) {
    let lost = Lost::new(kind, cut, "rotation", Duration::from_hours(1)).await;
    let account = lost.stage.credential("acme", |_| ()).await;
    let scene = &lost.stage.scene;
    let due = scene.ready("acme").await.0["renewalTime"].clone();
    let token = scene.token("acme").await;
    lost.next_answer_is_lost();
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let status = lost.is_told(2).await;
    lost.nothing_happened_to(&token, &account, &status).await;
    assert_eq!(
        (&status.0["lastHandledRotate"], &status.0["renewalTime"]),
        (&json!("1"), &due)
    );

    let again: Timestamp = status.0["failure"]["nextAttemptTime"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    eventually(IN_THE_END, || async {
        let left = again.as_second() + 5 - Timestamp::now().as_second();
        if left <= 0 {
            Ok(())
        } else {
            Err(format!("{left} s to go"))
        }
    })
    .await;
    let status = scene.looked_at_again("acme").await;
    lost.nothing_happened_to(&token, &account, &status).await;
    assert_eq!(lost.stage.given().await, (2, 0, 0), "nobody has asked again");
    let second = scene.rotated("acme", "2", &token).await;
    lost.all_is_well(&second, &account, 3).await;
    lost.stage.belongs(&token, &account).await;
    lost.ends(&account).await;
}
