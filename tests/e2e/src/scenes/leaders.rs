//! Two replicas, and what may become of the one that leads.

use serde_json::Value;

use super::changes::rotated;
use crate::{
    node::{get, kubectl, processes_of, signal},
    outcome::{Outcome, Problem, hold, until},
    stage::{HOME, PATIENCE, Stage},
};

/// The pod that leads.
async fn leader() -> Outcome<Value> {
    let lease = get(&format!("-n {HOME} lease tracktik-operator")).await?;
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
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

/// Out of memory, or a fault of the node: no time for anything. Whoever leads next goes on.
pub async fn a_process_is_killed(_stage: &Stage) -> Outcome {
    let before = leader().await?;
    let killed = processes(&before);
    hold(killed.len() == 1, || format!("{killed:?}"))?;
    signal("KILL", &killed).await?;
    rotated("mounted-2", "after-a-killed-process").await?;
    all_are_ready().await
}

/// A node that stands still: the other leads before the first has noticed, which then does nothing any more.
pub async fn a_process_is_frozen(_stage: &Stage) -> Outcome {
    let before = leader().await?;
    let frozen = processes(&before);
    hold(frozen.len() == 1, || format!("{frozen:?}"))?;
    signal("STOP", &frozen).await?;
    let led = another_leads(&before).await;
    let rotated = rotated("mounted-3", "while-one-is-frozen").await;
    // In any case: a process that stands still does not end when it is told to.
    signal("CONT", &frozen).await?;
    led?;
    rotated?;
    all_are_ready().await
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
