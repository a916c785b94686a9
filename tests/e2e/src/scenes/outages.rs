//! Times in which something is not there: the operator, or all pods of the node.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{
    changes::{comes_to, rotated, status},
    leaders::holder,
};
use crate::{
    figures::Figures,
    manifests::{credential, source},
    node::{apply, get, kubectl, processes_named, processes_of, restarts, signal},
    outcome::{Outcome, hold, until},
    stage::{GLOBEX, HOME, PATIENCE, Stage, USERS},
};

/// A token of a real OAuth server expires while no operator is there; the next operator gets another at once, by itself.
pub async fn no_operator(stage: &Stage) -> Outcome {
    let account = stage.account(GLOBEX, "globex").await?;
    apply(&[
        source(USERS, "globex-account", &account),
        credential(USERS, "globex", GLOBEX, "globex-account"),
    ])
    .await?;
    comes_to(USERS, "globex", "Ready", "True TokenValid").await?;
    // Shortly before it would be renewed, so that nobody else is without an operator for longer than it takes.
    let expiry = |status: &Value| {
        status["expirationTime"]
            .as_str()
            .unwrap_or_default()
            .parse::<Timestamp>()
    };
    let expires = until("a token that is half used up", PATIENCE, || async {
        let expires = expiry(&status(USERS, "globex").await?)?;
        let left = expires.duration_since(Timestamp::now()).as_secs();
        hold((28..36).contains(&left), || format!("{left} s left"))?;
        Ok(expires)
    })
    .await?;
    kubectl(&format!("-n {HOME} scale deployment tracktik-operator --replicas=0")).await?;
    until("no operator", PATIENCE, || async {
        let left = crate::node::operators();
        hold(left.is_empty(), || format!("{left:?}"))
    })
    .await?;
    let known = expiry(&status(USERS, "globex").await?)?.max(expires);
    until("an expired token", PATIENCE * 2, || async {
        hold(Timestamp::now() > known, || format!("good until {known}"))
    })
    .await?;
    kubectl(&format!("-n {HOME} scale deployment tracktik-operator --replicas=1")).await?;
    until("another token", PATIENCE, || async {
        let expires = expiry(&status(USERS, "globex").await?)?;
        hold(expires > Timestamp::now() + Duration::from_secs(20), || {
            format!("good until {expires}")
        })
    })
    .await?;
    comes_to(USERS, "globex", "Ready", "True TokenValid").await?;
    // Its tokens live too short for this node's other figures.
    kubectl(&format!("-n {USERS} delete ttc globex")).await.map(drop)
}

/// The kubelet, containerd, and all containers of the operator and of its users end at once, as when the node's power fails; the
/// kubelet starts them again in the order that it likes. Only what plays the world outside lives on.
pub async fn all_pods_again() -> Outcome {
    let (mut before, mut counts) = (Vec::new(), BTreeMap::new());
    let held = holder().await?;
    for namespace in [HOME, USERS] {
        let pods = restarts(namespace).await?;
        before.extend(pods.keys().map(|(_, uid)| uid.clone()));
        counts.extend(pods);
    }
    hold(before.len() > 10, || format!("only {before:?}"))?;
    let processes: Vec<u32> = before.iter().flat_map(|uid| processes_of(uid)).collect();
    hold(processes.len() >= 2 * before.len(), || {
        format!("{processes:?} of {before:?}")
    })?;
    let daemons = ["kubelet", "containerd"].map(processes_named).concat();
    hold(daemons.len() == 2, || format!("{daemons:?} of kubelet and containerd"))?;
    // Some end with others before their turn comes.
    for process in daemons.into_iter().chain(processes) {
        let _ = signal("KILL", &[process]).await;
    }
    for namespace in [HOME, USERS] {
        until("all pods ready again", PATIENCE * 2, || async {
            let pods = get(&format!("-n {namespace} pods")).await?;
            let mut pods = pods["items"].as_array().into_iter().flatten();
            let late = pods.find(|pod| !is_ready_again(pod, &counts));
            hold(late.is_none(), || {
                format!("{}", late.map_or(&Value::Null, |pod| &pod["metadata"]["name"]))
            })
        })
        .await?;
    }
    for (pod, count) in restarts(HOME).await? {
        let then = counts.get(&pod);
        hold(then.map(|then| then + 1) == Some(count), || {
            format!("{pod:?} {count} times after {then:?}")
        })?;
    }
    until("a leader", PATIENCE, || async {
        let holds = holder().await?;
        hold(!holds.is_empty() && holds != held, || format!("{holds} as before"))
    })
    .await
}

/// Once more than it had been, or another in its place.
fn is_ready_again(pod: &Value, before: &BTreeMap<(String, String), u64>) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let container = &pod["status"]["containerStatuses"][0];
    let before = before.get(&(text(&pod["metadata"]["name"]), text(&pod["metadata"]["uid"])));
    container["ready"] == true && container["restartCount"].as_u64() > before.copied()
}

/// A rotation, of which a reader of the mounted folder has the token as soon as its kubelet brings it.
pub async fn works_again(figures: &Figures) -> Outcome {
    let name = "mounted-6";
    rotated(name, "after-all-pods").await?;
    until("the new token in the file", PATIENCE * 2, || async {
        let failed = figures.read_logs(&[name.to_owned()], "").await?;
        hold(failed.is_empty(), || failed.join("\n"))?;
        hold(figures.has_come(&format!("{name}-token"), name), || {
            "not yet".to_owned()
        })
    })
    .await
}
