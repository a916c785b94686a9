//! What users change: a rotation on request, another password, another image.

use std::cell::Cell;

use serde_json::Value;

use super::crowd::UNREAD;
use crate::{
    manifests::source,
    node::{apply, get, kubectl, run},
    outcome::{Outcome, Problem, hold, until},
    say,
    stage::{ACME, HOME, PATIENCE, Stage, USERS},
};

/// At the least: it takes seconds until a new pod is ready and the old one has handed over.
const ROTATIONS_DURING_AN_UPGRADE: usize = 3;

/// The status of a credential.
pub async fn status(namespace: &str, name: &str) -> Outcome<Value> {
    Ok(get(&format!("-n {namespace} ttc {name}")).await?["status"].take())
}

/// A condition of it: status and reason.
pub fn condition(status: &Value, kind: &str) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let found = conditions.into_iter().find(|condition| condition["type"] == kind);
    found.map_or_else(String::new, |found| {
        format!(
            "{} {}",
            found["status"].as_str().unwrap_or_default(),
            found["reason"].as_str().unwrap_or_default()
        )
    })
}

/// Until a credential's condition is as wanted.
pub async fn comes_to(namespace: &str, name: &str, kind: &str, wanted: &str) -> Outcome<Value> {
    until(&format!("{kind} of {name}: {wanted}"), PATIENCE, || async {
        let status = status(namespace, name).await?;
        hold(condition(&status, kind) == wanted, || status.to_string())?;
        Ok(status)
    })
    .await
}

/// Asks for a rotation by an annotation, and waits until it is done.
pub async fn rotated(name: &str, value: &str) -> Outcome {
    kubectl(&format!(
        "-n {USERS} annotate --overwrite ttc {name} tracktik-operator.io/rotate={value}"
    ))
    .await?;
    until(&format!("the rotation {value} of {name}"), PATIENCE, || async {
        let status = status(USERS, name).await?;
        hold(
            status["lastHandledRotate"] == value && condition(&status, "Renewed") == "True TokenValid",
            || status.to_string(),
        )
    })
    .await
}

/// One login, at once, and another token in the Secret.
pub async fn rotation_on_request(stage: &Stage) -> Outcome {
    let token = || async {
        Ok::<_, Problem>(get(&format!("-n {USERS} secret acme-token")).await?["data"]["access_token"].take())
    };
    let before = token().await?;
    stage.tour.says("A rotation on request:");
    stage
        .tour
        .kubectl(&format!("-n {USERS} annotate ttc acme tracktik-operator.io/rotate=1"))
        .await?;
    let wait = format!("-n {USERS} wait --for=jsonpath={{.status.lastHandledRotate}}=1 ttc/acme --timeout=60s");
    stage.tour.kubectl(&wait).await?;
    until("another token", PATIENCE, || async {
        hold(token().await? != before, || "the same token".to_owned())
    })
    .await
}

/// Changed at TrackTik, where the old token stays good; then in the Secret.
pub async fn another_password(stage: &Stage) -> Outcome {
    let name = "mounted-0";
    let mut account = stage.account(ACME, name).await?;
    "another-password".clone_into(&mut account.password);
    stage.password_is_changed(&account).await?;
    kubectl(&format!(
        "-n {USERS} annotate --overwrite ttc {name} tracktik-operator.io/rotate=1"
    ))
    .await?;
    let status = comes_to(USERS, name, "Renewed", "False CredentialsRejected").await?;
    hold(condition(&status, "Ready") == "True TokenValid", || status.to_string())?;
    apply(&[source(USERS, &format!("{name}-account"), &account)]).await?;
    comes_to(USERS, name, "Renewed", "True TokenValid").await?;
    let refused = stage.counts().await?.refused;
    hold(refused == 1, || {
        format!("{refused} refused logins for one wrong password")
    })
}

/// As a release brings one: the same program under another tag. Tokens are renewed all the while.
pub async fn another_image(stage: &Stage) -> Outcome {
    let image = "docker.io/library/tracktik-operator";
    let (built, tag) = (format!("{image}:{}", env!("CARGO_PKG_VERSION")), "next");
    run("ctr", &["images", "tag", &built, &format!("{image}:{tag}")], None).await?;
    stage
        .tour
        .says("An upgrade to another image, while tokens are renewed and used:");
    let upgraded = Cell::new(false);
    let upgrade = async {
        let outcome = stage.chart_is_upgraded(&format!("--set image.tag={tag}")).await;
        upgraded.set(true);
        outcome
    };
    // Of another credential each, since one is not renewed on request without end.
    let rotations = async {
        let mut done = 0;
        while !upgraded.get() && done < UNREAD {
            rotated(&format!("unread-{done}"), "while-upgrading").await?;
            if !upgraded.get() {
                done += 1;
            }
        }
        Ok::<_, Problem>(done)
    };
    let (upgrade, rotations) = tokio::join!(upgrade, rotations);
    upgrade?;
    let rotations = rotations?;
    say(&format!("{rotations} rotations during the upgrade"));
    hold(rotations >= ROTATIONS_DURING_AN_UPGRADE, || {
        format!("{rotations} rotations")
    })?;
    let pods = kubectl(&format!(
        "-n {HOME} get pods -o jsonpath={{.items[*].spec.containers[*].image}}"
    ))
    .await?;
    hold(pods.contains(&format!("tracktik-operator:{tag}")), || pods)?;
    rotated("acme", "after-the-upgrade").await
}
