//! Token Secrets that somebody else writes to: the refresh token in one that was put back, or whose mark may have been
//! taken off, counts as tried.

use k8s_openapi::{
    api::core::v1::Secret,
    jiff::{SignedDuration, Timestamp},
};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use testbed::simulator::{Fault, Target};

use crate::{conflicts::next_second, refreshing::TRIED, scene::Scene};

const ROTATE: &str = "tracktik-operator.io/rotate";

/// The token Secret as a backup has it.
async fn backup(scene: &Scene) -> Secret {
    let mut secret = scene.secrets().get("acme-token").await.unwrap();
    secret.metadata.managed_fields = None;
    secret.metadata.resource_version = None;
    secret.metadata.uid = None;
    secret.metadata.creation_timestamp = None;
    secret
}

/// A first token in a backup, and a second in place that a refresh gave a second or more later.
async fn refreshed_after_a_backup(scene: &Scene) -> (Secret, String) {
    scene.refreshing("acme").await;
    let secret = backup(scene).await;
    next_second().await;
    let first = scene.token("acme").await;
    scene.rotated("acme", "1", &first).await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.grants(), (1, 1));
    (secret, first)
}

/// The refresh token that was put back is not sent, and the session that the login begins is continued.
async fn is_replaced_by_a_login(scene: &Scene) {
    let next = scene.token_that_works("acme").await;
    assert_eq!(scene.grants(), (2, 1));
    scene.rotated("acme", "2", &next).await;
    assert_eq!(scene.grants(), (2, 2));
}

#[tokio::test]
async fn older_tokens_put_back_into_the_secret_are_replaced_by_a_login() {
    let scene = Scene::new("put-back").await;
    let _operator = scene.start().await;
    let (secret, first) = refreshed_after_a_backup(&scene).await;
    let mut put_back = json!({ "metadata": { "annotations": { TRIED: null } }, "data": secret.data });
    for (key, value) in secret.metadata.annotations.unwrap() {
        put_back["metadata"]["annotations"][key] = json!(value);
    }
    scene.patch_secret("acme-token", put_back).await;
    let next = scene.token_that_works("acme").await;
    assert_ne!(next, first);
    assert_eq!(scene.grants(), (2, 1));
    scene.looked_at_again("acme").await.assert_well();
    scene.rotated("acme", "2", &next).await;
    assert_eq!(scene.grants(), (2, 2));
}

#[tokio::test]
async fn an_older_secret_restored_while_no_operator_runs_is_replaced_by_a_login() {
    let scene = Scene::new("restored").await;
    let operator = scene.start().await;
    let (secret, first) = refreshed_after_a_backup(&scene).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    scene.delete_secret("acme-token").await;
    scene.secrets().create(&PostParams::default(), &secret).await.unwrap();
    assert_eq!(scene.token("acme").await, first);
    let _operator = scene.start().await;
    is_replaced_by_a_login(&scene).await;
}

/// What the operator wrote itself to put it right is still no unused token.
#[tokio::test]
async fn an_older_secret_that_must_be_put_right_first_is_replaced_by_a_login_too() {
    let scene = Scene::new("restored-drift").await;
    let operator = scene.start().await;
    let (mut secret, _) = refreshed_after_a_backup(&scene).await;
    operator.kill().await.unwrap();
    scene.delete_secret("acme-token").await;
    secret.metadata.labels = None;
    secret.metadata.owner_references = None;
    scene.secrets().create(&PostParams::default(), &secret).await.unwrap();
    let _operator = scene.start().await;
    is_replaced_by_a_login(&scene).await;
}

/// A Secret in the very version that status names, and a status that knows of a later token.
#[tokio::test]
async fn a_secret_older_than_status_knows_is_marked_before_a_login_takes_its_place() {
    let scene = Scene::new("older").await;
    let operator = scene.start().await;
    scene.refreshing("acme").await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    let issued: Timestamp = scene.status("acme").await.0["issuedTime"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let later = issued + SignedDuration::from_secs(5);
    let later = json!({ "status": { "issuedTime": later.to_string() } });
    let patch = Patch::Merge(later);
    let params = PatchParams::default();
    scene.credentials().patch_status("acme", &params, &patch).await.unwrap();
    let (_, issue) = scene.mark_and_issue("acme").await;
    let first = scene.token("acme").await;

    let slow = Fault::Delay { milliseconds: 2_000 };
    scene.simulator.set_fault(Target::Everywhere, slow, Some(1));
    let _operator = scene.start().await;
    scene.in_flight().await;
    assert_eq!(scene.mark_and_issue("acme").await, (Some(issue.clone()), issue));
    let next = scene.token_after("acme", &first).await;
    assert_eq!(scene.grants(), (2, 0));
    scene.looked_at_again("acme").await.assert_well();
    scene.rotated("acme", "1", &next).await;
    assert_eq!(scene.grants(), (2, 1));
}

#[tokio::test]
async fn a_mark_that_is_taken_off_while_a_login_is_waited_for_changes_nothing() {
    let scene = Scene::new("mark-off").await;
    let _operator = scene.start().await;
    scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    let lost = Fault::Status {
        status: 503,
        after_effect: true,
    };
    scene.simulator.set_fault(Target::Everywhere, lost, Some(1));
    scene.annotate("acme", ROTATE, "1").await;
    scene.renewal_off("acme", "EndpointUnavailable").await;
    let taken_off = json!({ "metadata": { "annotations": { TRIED: null } } });
    scene.patch_secret("acme-token", taken_off).await;
    scene.looked_at_again("acme").await;
    assert_eq!(scene.grants(), (1, 1));
    let next = scene.token_in_the_end("acme", &first).await;
    assert!(scene.simulator.valid(&next));
    assert_eq!(scene.grants(), (2, 1));
}

/// Whoever wrote a label may have taken the mark off as well: the operator cannot tell, and a login harms nobody.
#[tokio::test]
async fn after_somebody_elses_write_the_next_renewal_is_a_login_and_nothing_is_renewed_for_it() {
    let scene = Scene::new("label").await;
    let operator = scene.start().await;
    scene.refreshing("acme").await;
    let first = scene.token("acme").await;
    let label = json!({ "metadata": { "labels": { "theirs": "kept" } } });
    scene.patch_secret("acme-token", label).await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.grants(), (1, 0));
    let second = scene.rotated("acme", "1", &first).await;
    assert!(scene.simulator.valid(&first), "a login leaves the other session alone");
    assert_eq!(scene.grants(), (2, 0));
    let third = scene.rotated("acme", "2", &second).await;
    assert_eq!(scene.grants(), (2, 1));

    // The same where the write came while no operator ran.
    operator.terminate().await.unwrap();
    let label = json!({ "metadata": { "labels": { "theirs": "changed" } } });
    scene.patch_secret("acme-token", label).await;
    let _operator = scene.settled(1).await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(scene.grants(), (2, 1));
    scene.rotated("acme", "3", &third).await;
    assert_eq!(scene.grants(), (3, 1));
}
