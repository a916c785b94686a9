//! A refresh that a real OAuth server has carried out, and whose answer is lost on its way back. One of the two servers ends a
//! whole session when a refresh token comes twice: what the operator does next is not a matter of taste there.

use std::time::Duration;

use testbed::oauth_servers::Kind;
use tracktik_operator::api::Grant;

use crate::{
    figures::say,
    scene::{PATIENCE, Status, eventually},
    server_proxy::Cut,
    server_stage::Stage,
};

#[tokio::test]
async fn a_refresh_whose_answer_django_could_not_deliver_is_followed_by_one_login() {
    is_followed_by_one_login(Kind::Django, Cut::Before).await;
}

#[tokio::test]
async fn a_refresh_whose_answer_node_could_not_deliver_is_followed_by_one_login() {
    is_followed_by_one_login(Kind::Node, Cut::Before).await;
}

#[tokio::test]
async fn a_refresh_whose_answer_ends_in_the_middle_with_django_is_followed_by_one_login() {
    is_followed_by_one_login(Kind::Django, Cut::Within).await;
}

#[tokio::test]
async fn a_refresh_whose_answer_ends_in_the_middle_with_node_is_followed_by_one_login() {
    is_followed_by_one_login(Kind::Node, Cut::Within).await;
}

async fn is_followed_by_one_login(kind: Kind, cut: Cut) {
    let name = format!("cut-{cut:?}").to_lowercase();
    let (stage, proxy) = Stage::behind_a_proxy(kind, &name, Duration::from_hours(1)).await;
    let scene = &stage.scene;
    let account = stage.refreshing().await;
    let first = scene.token("acme").await;

    proxy.cut_next(Grant::Refresh, cut);
    scene.annotate("acme", "tracktik-operator.io/rotate", "1").await;
    let failed = |status: &Status| status.is("Renewed") == "False";
    let status = scene.status_that("acme", "failed", failed).await;
    say(&format!("{kind:?}, {cut:?}: {}", status.message("Renewed")));
    assert!(proxy.has_cut_all());
    assert_eq!(stage.given().await, (1, 0, 1), "the server has answered the refresh");
    assert_eq!(
        stage.server.whoami(&first).await.unwrap(),
        None,
        "the token in place is of no use any more: it must not take long"
    );
    let (mark, issue) = scene.mark_and_issue("acme").await;
    assert_eq!(mark, Some(issue));
    assert_eq!(scene.token("acme").await, first);

    // Nobody does anything: one login comes by itself, and it is all that comes.
    let second = scene.token_in_the_end("acme", &first).await;
    stage.belongs(&second, &account).await;
    scene.renewed("acme").await.assert_well();
    assert_eq!(stage.given().await, (2, 0, 1));
    scene.looked_at_again("acme").await.assert_well();

    // And the new session goes on as any other.
    let third = scene.rotated("acme", "2", &second).await;
    stage.belongs(&third, &account).await;
    eventually(PATIENCE, || async {
        match stage.given().await {
            (2, 0, 2) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let counts = stage.server.counts().await.unwrap();
    assert_eq!(counts.repeated_refresh_tokens, 0);
    stage.leaves_nothing(&account).await;
    assert_eq!(stage.operator.terminate().await.unwrap().code(), Some(0));
}
