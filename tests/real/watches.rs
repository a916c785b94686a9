//! Watches that come to harm, each apart from the other: nothing that happens meanwhile is missed, and nobody logs in
//! for it.

use std::time::{Duration, Instant};

use serde_json::json;
use testbed::operator::Operator;

use crate::{
    api_answers::FOREIGN_WORDS,
    api_proxy::ApiProxy,
    api_trouble::{Call, Foreign, Later, Trouble},
    figures::say,
    left_behind::leaves_none_of,
    scene::{Scene, eventually},
    secrets::Secrets,
};

pub const CREDENTIALS: &str = "tracktikcredentials";
pub const SECRETS: &str = "secrets";

/// The time that a watch has for its answer, the back-off after it, and what a busy machine adds.
const BACK_BY_THEN: Duration = Duration::from_mins(1);

/// An operator at rest over one credential, whose API server is behind a proxy.
pub struct AtRest {
    pub scene: Scene,
    pub proxy: ApiProxy,
    operator: Operator,
    token: String,
    /// How long what changed may take to be known.
    pub back_by: Duration,
}

impl AtRest {
    pub async fn new(name: &str) -> Self {
        Self::over(Scene::new(name).await).await
    }

    /// In a scene with something else in it.
    pub async fn over(scene: Scene) -> Self {
        let proxy = ApiProxy::of(&scene).await;
        let operator = proxy.start(&scene, scene.operator()).await;
        scene.everyday("acme").await;
        scene.ready("acme").await;
        scene.looked_at_again("acme").await.assert_well();
        let token = scene.token("acme").await;
        Self {
            scene,
            proxy,
            operator,
            token,
            back_by: BACK_BY_THEN,
        }
    }

    /// The watch of this kind, begun anew, meets this.
    async fn watch_meets(&self, kind: &'static str, trouble: Trouble, times: usize) {
        self.proxy.always(Call::Watch(kind), "", trouble);
        self.proxy.cut();
        eventually(BACK_BY_THEN, || async {
            match self.proxy.met(Call::Watch(kind)) {
                met if met >= times => Ok(()),
                met => Err(format!("{met} watches of {kind} have met {trouble:?}")),
            }
        })
        .await;
    }

    /// Does something that only the watch of this kind can tell of.
    async fn change(&self, kind: &str) {
        if kind == CREDENTIALS {
            self.scene
                .annotate("acme", "reconcile.fluxcd.io/requestedAt", "harmed")
                .await;
        } else {
            let label = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } });
            self.scene.patch_secret("acme-token", label).await;
        }
    }

    /// Waits until the operator has learnt of it.
    async fn learns_of_it(&self, kind: &str) {
        let scene = &self.scene;
        eventually(self.back_by, || async {
            let learnt = if kind == CREDENTIALS {
                scene.status("acme").await.0["lastHandledReconcileAt"] == "harmed"
            } else {
                let labels = scene.secrets().get("acme-token").await.unwrap().metadata.labels;
                labels.unwrap_or_default().contains_key("app.kubernetes.io/managed-by")
            };
            learnt
                .then_some(())
                .ok_or_else(|| format!("nothing is known of a change of {kind}"))
        })
        .await;
    }

    async fn no_login_was_made(&self) {
        self.scene.looked_at_again("acme").await.assert_well();
        assert_eq!(self.scene.token("acme").await, self.token);
        assert_eq!(self.scene.simulator.counts().token_requests, 1);
        assert!(self.operator.get("/livez").await.unwrap().0.is_success());
        self.operator.ready(BACK_BY_THEN).await.unwrap();
    }
}

/// The watch of this kind is out of order; what changes until that is over is known soon after.
pub async fn harmed(rest: AtRest, kind: &'static str, trouble: Trouble) {
    let other = if kind == CREDENTIALS { SECRETS } else { CREDENTIALS };
    rest.change(other).await;
    rest.learns_of_it(other).await;
    rest.change(kind).await;
    rest.proxy.clear();
    let began = Instant::now();
    rest.learns_of_it(kind).await;
    let took = began.elapsed().as_millis();
    say(&format!("{kind}: known {took} ms after the end of {trouble:?}"));
    rest.no_login_was_made().await;
    let mut secrets = Secrets::default();
    secrets.add("what somebody else said", FOREIGN_WORDS);
    leaves_none_of(secrets, &rest.scene, &rest.operator).await;
    assert_eq!(rest.operator.terminate().await.unwrap().code(), Some(0));
}

/// The watches of both kinds, side by side.
pub async fn each<F: Future<Output = ()>>(check: impl Fn(&'static str) -> F) {
    futures::join!(check(CREDENTIALS), check(SECRETS));
}

/// The version that the watch goes on from is too old for as long as nobody lists anew.
async fn expired(name: &str, trouble: Trouble) {
    each(async |kind| {
        let rest = AtRest::new(name).await;
        let before = rest.proxy.seen(Call::List(kind));
        rest.watch_meets(kind, trouble, 1).await;
        eventually(BACK_BY_THEN, || async {
            let listed = rest.proxy.seen(Call::List(kind)) > before;
            listed.then_some(()).ok_or_else(|| format!("{kind} is not listed anew"))
        })
        .await;
        harmed(rest, kind, trouble).await;
    })
    .await;
}

#[tokio::test]
async fn a_watch_that_says_that_it_has_expired_is_begun_with_a_new_list() {
    expired("gone-event", Trouble::ExpiredEvent).await;
}

#[tokio::test]
async fn a_watch_that_is_answered_as_expired_is_begun_with_a_new_list() {
    expired("gone-answer", Trouble::answer(410)).await;
}

async fn met(name: &str, trouble: Trouble) {
    each(async |kind| {
        let rest = AtRest::new(name).await;
        rest.watch_meets(kind, trouble, 1).await;
        harmed(rest, kind, trouble).await;
    })
    .await;
}

#[tokio::test]
async fn a_watch_that_is_never_answered_is_given_up_and_begun_again() {
    met("silent-watch", Trouble::Silence).await;
}

#[tokio::test]
async fn a_watch_that_is_put_off_for_an_hour_is_begun_again_before() {
    let hour = Some(Later::Seconds(3_600));
    met(
        "later-watch",
        Trouble::Answer {
            code: 503,
            retry_after: hour,
        },
    )
    .await;
}

#[tokio::test]
async fn a_watch_that_a_page_for_people_answers_is_begun_again() {
    met("page-watch", Trouble::Foreign(Foreign::Page)).await;
}

#[tokio::test]
async fn a_watch_that_a_flood_answers_is_begun_again() {
    met("flood-watch", Trouble::Foreign(Foreign::Flood)).await;
}
