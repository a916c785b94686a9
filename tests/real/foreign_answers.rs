//! Somebody else who answers in the place of the API server: a portal's page, a redirect, a flood, a stranger's certificate. What
//! that one says is told nowhere, what is the operator's is not sent to it, and nothing is granted twice for it.

use std::time::{Duration, Instant};

use crate::{
    api_answers::FOREIGN_WORDS,
    api_proxy::ApiProxy,
    api_trouble::{Call, Foreign, Later, Trouble},
    figures::say,
    leak_scan::Scanner,
    lost_writes::{Case, cost_nothing},
    scene::{Scene, eventually},
    traces::{assert_clean, traces},
};

/// The longest back-off of a watch and of the lists after it, and what a busy machine adds.
const BACK_BY_THEN: Duration = Duration::from_mins(2);

fn cases() -> Vec<Case> {
    let later = |code| Trouble::Answer {
        code,
        retry_after: Some(Later::Date(2)),
    };
    let foreign = Foreign::ALL.map(Trouble::Foreign);
    let troubles = foreign.into_iter().chain([later(429), later(503)]);
    let common = [Call::DryRun, Call::Announcement, Call::Store, Call::Status];
    troubles
        .flat_map(|trouble| {
            let case = move |grant, call| Case { grant, call, trouble };
            let logins = common.map(|call| case("Password", call));
            let refreshes = common.map(|call| case("Refresh", call));
            logins.into_iter().chain(refreshes).chain([case("Refresh", Call::Mark)])
        })
        .collect()
}

#[tokio::test]
async fn a_write_that_somebody_else_answers_costs_neither_the_token_nor_another_grant() {
    let scene = Scene::new("foreign-answers").await;
    let proxy = ApiProxy::of(&scene).await;
    let cases = cases();
    let operator = cost_nothing(&scene, &proxy, &cases).await;
    assert_eq!(scene.simulator.counts().stray_requests, 0, "a redirect was followed");

    let secret = [
        ("what somebody else said", FOREIGN_WORDS),
        ("the operator's own token", proxy.operators_token()),
    ];
    assert_clean(&Scanner::of(secret), &traces(&scene, &operator).await);
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_api_server_with_the_certificate_of_another_is_told_nothing_and_all_goes_on_once_it_is_itself() {
    let scene = Scene::new("api-stranger").await;
    let proxy = ApiProxy::of(&scene).await;
    let operator = proxy.start(&scene, scene.operator()).await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let token = scene.token("acme").await;
    let asked = || [Call::List("secrets"), Call::Watch("secrets"), Call::Status].map(|call| proxy.seen(call));

    proxy.is_a_stranger(true);
    let before = asked();
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    eventually(BACK_BY_THEN, || async {
        match proxy.shown_as_a_stranger() {
            4.. => Ok(()),
            few => Err(format!("{few} connections")),
        }
    })
    .await;
    assert_eq!(asked(), before, "a request was sent to a stranger");
    assert_eq!(scene.simulator.counts().token_requests, 1);
    assert!(operator.get("/livez").await.unwrap().0.is_success());

    proxy.is_a_stranger(false);
    let began = Instant::now();
    eventually(BACK_BY_THEN, || async {
        match scene.token("acme").await {
            next if next != token => Ok(()),
            _ => Err(format!("still the old token: {}", scene.status("acme").await.0)),
        }
    })
    .await;
    say(&format!(
        "renewed {} ms after the right certificate",
        began.elapsed().as_millis()
    ));
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.simulator.counts().token_requests, 2);
    operator.ready(BACK_BY_THEN).await.unwrap();
    let own = Scanner::of([("the operator's own token", proxy.operators_token())]);
    assert_clean(&own, &traces(&scene, &operator).await);
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
