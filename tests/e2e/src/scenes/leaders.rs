//! Two replicas, and what may become of the one that leads.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changes::rotated;
use crate::{
    node::{get, kubectl, processes_of, restarts, signal},
    outcome::{Outcome, Problem, hold, until},
    stage::{HOME, PATIENCE, Stage, USERS},
};

/// Who leads: the pod's name and what only this process of it has.
pub async fn holder() -> Outcome<String> {
    let lease = get(&format!("-n {HOME} lease tracktik-operator")).await?;
    Ok(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned())
}

/// The pod that leads.
async fn leader() -> Outcome<Value> {
    let holder = holder().await?;
    let mut pods = get(&format!("-n {HOME} pods")).await?;
    let pods = pods["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let leads = |pod: &Value| holder.starts_with(pod["metadata"]["name"].as_str().unwrap_or("?"));
    pods.into_iter()
        .find(leads)
        .ok_or_else(|| Problem(format!("nobody of the pods is {holder:?}")))
}

fn uid(pod: &Value) -> &str {
    pod["metadata"]["uid"].as_str().unwrap_or_default()
}

/// The processes of the operator in a pod, by its cgroup: not the one that holds its namespaces.
fn processes(pod: &Value) -> Vec<u32> {
    let ids = processes_of(uid(pod));
    let operators = crate::node::operators();
    ids.into_iter()
        .filter(|id| operators.iter().any(|operator| operator.id == *id))
        .collect()
}

async fn all_are_ready() -> Outcome {
    kubectl(&format!(
        "-n {HOME} rollout status deployment/tracktik-operator --timeout=60s"
    ))
    .await
    .map(drop)
}

async fn another_leads(before: &Value) -> Outcome {
    until("another leader", PATIENCE, || async {
        let now = leader().await?;
        hold(uid(&now) != uid(before), || {
            format!("still {}", before["metadata"]["name"])
        })
    })
    .await
}

/// A drain, or somebody's hand.
pub async fn a_pod_is_deleted(stage: &Stage) -> Outcome {
    stage.tour.says("Two replicas, of which one leads:");
    stage.chart_is_upgraded("--set replicaCount=2").await?;
    stage.tour.kubectl(&format!("-n {HOME} get pods")).await?;
    let before = leader().await?;
    kubectl(&format!(
        "-n {HOME} delete pod {}",
        before["metadata"]["name"].as_str().unwrap_or_default()
    ))
    .await?;
    another_leads(&before).await?;
    rotated("mounted-1", "after-a-deleted-pod").await?;
    all_are_ready().await
}

/// Until the container of this pod has been started once more than it had been.
async fn is_started_again(pod: &Value, before: u64) -> Outcome {
    until("a container that is started again", PATIENCE, || async {
        let now = started_again(pod).await?;
        hold(now == before + 1, || format!("{now} times, after {before}"))
    })
    .await
}

async fn started_again(pod: &Value) -> Outcome<u64> {
    let restarts = restarts(HOME).await?;
    let found = restarts.iter().find(|((_, id), _)| id == uid(pod));
    found
        .map(|(_, count)| *count)
        .ok_or_else(|| Problem("the pod is gone".to_owned()))
}

/// Out of memory, or a fault of the node: no time for anything. Whoever leads next goes on.
pub async fn a_process_is_killed(_stage: &Stage) -> Outcome {
    let (before, held) = (leader().await?, holder().await?);
    let count = started_again(&before).await?;
    let killed = processes(&before);
    hold(killed.len() == 1, || format!("{killed:?}"))?;
    signal("KILL", &killed).await?;
    rotated("mounted-2", "after-a-killed-process").await?;
    let holds = holder().await?;
    hold(holds != held, || format!("{holds} leads still"))?;
    leader().await?;
    is_started_again(&before, count).await?;
    all_are_ready().await
}

/// A node that stands still: the other leads before the first has noticed, which then does nothing any more.
pub async fn a_process_is_frozen(stage: &Stage) -> Outcome {
    let before = leader().await?;
    let count = started_again(&before).await?;
    let frozen = processes(&before);
    hold(frozen.len() == 1, || format!("{frozen:?}"))?;
    signal("STOP", &frozen).await?;
    let played = while_one_is_frozen(stage, &before).await;
    // In any case: a process that stands still does not end when it is told to.
    signal("CONT", &frozen).await?;
    let then = played?;
    // It has noticed, and ends; the one that is started in its place follows.
    is_started_again(&before, count).await?;
    until("one token for each login", PATIENCE, || async {
        one_token_a_login(&then, &grants(stage).await?)
    })
    .await?;
    let name = before["metadata"]["name"].as_str().unwrap_or_default();
    let last_words = kubectl(&format!("-n {HOME} logs --previous {name}")).await?;
    hold(last_words.contains("leadership lost"), || last_words.clone())?;
    all_are_ready().await
}

/// What had been granted when nobody led.
async fn while_one_is_frozen(stage: &Stage, frozen: &Value) -> Outcome<BTreeMap<String, Granted>> {
    let then = grants(stage).await?;
    another_leads(frozen).await?;
    rotated(ROTATED, "while-one-is-frozen").await?;
    Ok(then)
}

/// Rotated on request while one is frozen.
const ROTATED: &str = "mounted-3";

/// What a credential has come to.
#[derive(Debug, PartialEq)]
struct Granted {
    /// By the simulator's count.
    logins: u64,
    /// Of the token in place.
    issue: String,
    /// Of the token Secret and of the credential: each write makes another.
    versions: [String; 2],
}

/// By credential.
async fn grants(stage: &Stage) -> Outcome<BTreeMap<String, Granted>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let credentials = get(&format!("-n {USERS} ttc")).await?;
    let secrets = get(&format!("-n {USERS} secrets")).await?;
    let counts = stage.counts().await?;
    let mut found = BTreeMap::new();
    for credential in credentials["items"].as_array().into_iter().flatten() {
        let name = text(&credential["metadata"]["name"]);
        let mut all = secrets["items"].as_array().into_iter().flatten();
        let secret = all.find(|secret| secret["metadata"]["name"] == format!("{name}-token"));
        let metadata = &secret.ok_or_else(|| Problem(format!("{name} has no token")))?["metadata"];
        let facts: Value = serde_json::from_str(&text(&metadata["annotations"]["tracktik-operator.io/issue"]))?;
        let user = counts.by_username.get(&format!("api.{name}@example.com"));
        let granted = Granted {
            logins: user.map_or(0, |user| user.logins),
            issue: text(&facts["issueId"]),
            versions: [metadata, &credential["metadata"]].map(|metadata| text(&metadata["resourceVersion"])),
        };
        found.insert(name, granted);
    }
    Ok(found)
}

/// Whoever logs in beside the leader, or writes what it knew before, leaves a login without a token or a write without a
/// login.
fn one_token_a_login(then: &BTreeMap<String, Granted>, now: &BTreeMap<String, Granted>) -> Outcome {
    for (name, now) in now {
        let then = then.get(name).ok_or_else(|| Problem(format!("{name} is new")))?;
        let logins = now.logins - then.logins;
        // On a slow machine the one that is rotated may be due as well.
        let renewed = now.issue != then.issue && (logins == 1 || (logins == 2 && name == ROTATED));
        // Who was frozen between the Secret and status leaves status to the other.
        let untouched = logins == 0 && (&now.issue, &now.versions[0]) == (&then.issue, &then.versions[0]);
        hold(renewed || untouched, || format!("{name}: {then:?} {now:?}"))?;
    }
    Ok(())
}

/// As the chart has it by default.
pub async fn one_replica_again(stage: &Stage) -> Outcome {
    stage.chart_is_upgraded("--set replicaCount=1").await?;
    until("one pod", PATIENCE * 2, || async {
        let pods = get(&format!("-n {HOME} pods")).await?;
        let names = pods["items"].as_array().map_or(0, Vec::len);
        hold(names == 1, || format!("{names} pods"))
    })
    .await?;
    rotated("mounted-4", "with-one-replica").await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Granted, one_token_a_login};

    fn granted(logins: u64, issue: &str, version: &str) -> BTreeMap<String, Granted> {
        let granted = Granted {
            logins,
            issue: issue.to_owned(),
            versions: [version, "1"].map(str::to_owned),
        };
        BTreeMap::from([("acme".to_owned(), granted)])
    }

    #[test]
    fn a_login_or_a_write_beside_the_leader_is_noticed() {
        let then = granted(1, "a", "7");
        assert!(one_token_a_login(&then, &granted(1, "a", "7")).is_ok());
        assert!(one_token_a_login(&then, &granted(2, "b", "8")).is_ok());
        assert!(
            one_token_a_login(&then, &granted(3, "b", "8")).is_err(),
            "a second login"
        );
        assert!(
            one_token_a_login(&then, &granted(2, "a", "7")).is_err(),
            "a login in vain"
        );
        assert!(
            one_token_a_login(&then, &granted(1, "a", "8")).is_err(),
            "a write without a login"
        );
        assert!(
            one_token_a_login(&then, &granted(1, "b", "8")).is_err(),
            "a token of before"
        );
    }
}
