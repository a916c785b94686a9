//! Credentials that go and come, and namespaces that forbid.

use serde_json::json;

use super::changes::comes_to;
use crate::{
    manifests::{Kind, credential, namespace, reader},
    node::{apply, get, kubectl},
    outcome::{Outcome, hold, until},
    stage::{ACME, PATIENCE, Stage, USERS},
};

/// Its token Secret goes with it, the pod keeps what it has mounted, and the next token comes into the same folder.
pub async fn deleted_and_made_again(_stage: &Stage) -> Outcome {
    let name = "mounted-5";
    let uid = |secret: serde_json::Value| secret["metadata"]["uid"].to_string();
    let before = uid(get(&format!("-n {USERS} secret {name}-token")).await?);
    kubectl(&format!("-n {USERS} delete ttc {name}")).await?;
    until("no token Secret", PATIENCE, || async {
        let secret = kubectl(&format!("-n {USERS} get secret {name}-token --ignore-not-found")).await?;
        hold(secret.is_empty(), || secret)
    })
    .await?;
    apply(&[credential(USERS, name, ACME, &format!("{name}-account"))]).await?;
    comes_to(USERS, name, "Ready", "True TokenValid").await?;
    let after = uid(get(&format!("-n {USERS} secret {name}-token")).await?);
    hold(before != after, || "the same Secret".to_owned())
}

/// The credentials whose namespaces are deleted.
const LEAVING: &str = "leaving";
const NARROW: &str = "narrow";

/// With a pod that uses the token; nobody logs in for it afterwards.
pub async fn a_namespace_is_deleted(stage: &Stage) -> Outcome {
    let name = LEAVING;
    let authority = get(&format!("-n {USERS} configmap authority")).await?["data"].take();
    apply(&[
        namespace(name),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "authority", "namespace": name}, "data": authority}),
    ])
    .await?;
    stage.credentials(name, ACME, &[name.to_owned()]).await?;
    comes_to(name, name, "Ready", "True TokenValid").await?;
    apply(&[reader(name, name, name, ACME, Kind::Mounted)]).await?;
    until("a request of its reader", PATIENCE, || async {
        let counts = stage.counts().await?;
        hold(counts.by_reader.contains_key(name), || "none".to_owned())
    })
    .await?;
    kubectl(&format!("delete namespace {name} --timeout=60s"))
        .await
        .map(drop)
}

/// Asked at the end of all scenes: by then the tokens of those who have left would have been renewed, were they still known.
pub async fn nobody_tries_for_who_has_left(stage: &Stage) -> Outcome {
    let counts = stage.counts().await?;
    for name in [LEAVING, NARROW] {
        let tried = counts.by_username.get(&format!("api.{name}@example.com"));
        let attempts = tried.map(|user| user.attempts);
        hold(attempts == Some(1), || format!("{attempts:?} attempts for {name}"))?;
    }
    Ok(())
}

/// Nothing is asked of TrackTik for a token that could not be kept; when it may be, the operator finds out.
pub async fn a_quota_refuses_the_secret(stage: &Stage) -> Outcome {
    let name = NARROW;
    let quota = |secrets: u32| {
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "secrets", "namespace": name},
            "spec": {"hard": {"count/secrets": secrets.to_string()}}})
    };
    apply(&[namespace(name), quota(1)]).await?;
    until("a quota that counts", PATIENCE, || async {
        let quota = get(&format!("-n {name} resourcequota secrets")).await?;
        hold(!quota["status"]["used"].is_null(), || quota.to_string())
    })
    .await?;
    stage.credentials(name, ACME, &[name.to_owned()]).await?;
    comes_to(name, name, "Ready", "False TargetNotWritable").await?;
    let user = format!("api.{name}@example.com");
    let asked = stage.counts().await?.by_username.contains_key(&user);
    hold(!asked, || "a login for a token that cannot be kept".to_owned())?;
    apply(&[quota(2)]).await?;
    comes_to(name, name, "Ready", "True TokenValid").await?;
    let counts = stage.counts().await?;
    let logins = counts.by_username.get(&user).map(|user| user.logins);
    hold(logins == Some(1), || format!("{logins:?} logins"))?;
    kubectl(&format!("delete namespace {name} --timeout=60s"))
        .await
        .map(drop)
}
