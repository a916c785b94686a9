//! From an empty cluster to the first pod that uses a token.

use std::time::Instant;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::{
    manifests::{Kind, reader},
    node::{apply, get, kubectl, operators, run},
    outcome::{Outcome, hold, until},
    say,
    stage::{ACME, HOME, PATIENCE, Stage, USERS},
};

/// From the start of its process.
const READY_WITHIN_SECONDS: f64 = 3.0;
/// From its pod's being made, in the whole seconds of the API server: with a sandbox and a container to make before.
const READY_AFTER_CREATION_SECONDS: i64 = 5;

/// A node, a chart, and its pod, which is ready in time.
pub async fn the_chart_is_installed(stage: &Stage) -> Outcome {
    stage.tour.says(
        "# A tour\n\n\
         Commands and what they print, on a real node with Kubernetes' own programs. `make e2e` makes this page while it runs, and\n\
         fails when the page is not what it has seen; `…` stands for what is otherwise each time.\n\n\
         The chart, with its defaults. The servers of this tour have an authority of their own, and a quarter of the memory has to\ndo:",
    );
    let (installed, seconds) = tokio::join!(stage.chart_is_installed(), seconds_to_ready());
    installed?;
    let seconds = seconds?;
    let whole = ready_after_creation().await?;
    stage.tour.kubectl(&format!("-n {HOME} get pods")).await?;
    // The chart's own test, in a pod of its own.
    run("helm", &["test", "tracktik-operator", "--namespace", HOME], None).await?;
    say(&format!(
        "the pod was ready {seconds:.1} s after the start of its process, {whole} s after it was made"
    ));
    hold(
        seconds <= READY_WITHIN_SECONDS && whole <= READY_AFTER_CREATION_SECONDS,
        || format!("ready after {seconds:.1} s, {whole} s after it was made"),
    )
}

/// To a tenth of a second, while the chart is being installed.
async fn seconds_to_ready() -> Outcome<f64> {
    until("a process of the operator", PATIENCE, || async {
        hold(operators().len() == 1, || format!("{:?}", operators()))
    })
    .await?;
    let started = Instant::now();
    until("a pod that is ready", PATIENCE, || async {
        let ready = format!("-n {HOME} get pods -o jsonpath={{.items[*].status.containerStatuses[*].ready}}");
        let ready = kubectl(&ready).await?;
        hold(ready == "true", || ready)
    })
    .await?;
    Ok(started.elapsed().as_secs_f64())
}

/// By what the API server tells of the pod.
async fn ready_after_creation() -> Outcome<i64> {
    let pods = get(&format!("-n {HOME} pods -l app.kubernetes.io/name=tracktik-operator")).await?;
    let pod = &pods["items"][0];
    let time = |value: &Value| value.as_str().unwrap_or_default().parse::<Timestamp>();
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let ready = time(&ready.unwrap_or(&Value::Null)["lastTransitionTime"])?;
    Ok(ready
        .duration_since(time(&pod["metadata"]["creationTimestamp"])?)
        .as_secs())
}

/// The pod is there first, waits for the Secret, and uses the first token as soon as it is there.
pub async fn a_pod_waits_for_the_secret(stage: &Stage) -> Outcome {
    apply(&[reader(USERS, "first", "acme", ACME, Kind::Mounted)]).await?;
    stage.tour.says(
        "A workload may be there before its token: [this one](../examples/workload.yaml) and another mount the Secret `acme-token`,\n\
         which is not there yet, and wait.",
    );
    stage.example_is_applied("examples/workload.yaml").await?;
    until("two pods that wait", PATIENCE, || async {
        let events = kubectl(&format!("-n {USERS} get events -o jsonpath={{.items[*].message}}")).await?;
        let waiting = events.matches(r#"secret "acme-token" not found"#).count();
        hold(waiting >= 2, || events)
    })
    .await?;
    // The events come before the status that is shown.
    until("two pods of which this is told", PATIENCE, || async {
        let shown = kubectl(&format!("-n {USERS} get pods")).await?;
        hold(shown.matches("ContainerCreating").count() == 2, || shown)
    })
    .await?;
    stage.tour.kubectl(&format!("-n {USERS} get pods")).await?;

    let account = stage.account(ACME, "acme").await?;
    stage
        .tour
        .says("A copy of [the everyday example](../examples/everyday.yaml), in which the four values are those of a service account:");
    stage.everyday_example_is_applied(&account).await?;
    let wait = format!("-n {USERS} wait --for=condition=Ready ttc/acme --timeout=60s");
    stage.tour.kubectl(&wait).await?;
    stage.tour.kubectl(&format!("-n {USERS} get ttc")).await?;
    stage.tour.kubectl(&format!("-n {USERS} get secret acme-token")).await?;
    // The kubelet tries again after up to two minutes.
    until("a request of the reader", PATIENCE * 3, || async {
        let counts = stage.counts().await?;
        let asked = counts.by_reader.get("first").is_some_and(|reader| reader.requests > 10);
        hold(asked, || format!("{counts:?}"))
    })
    .await?;
    kubectl(&format!(
        "-n {USERS} wait --for=condition=Available deployment/tracktik-reader --timeout=180s"
    ))
    .await?;
    stage.tour.says("The workloads have started with it:");
    stage.tour.kubectl(&format!("-n {USERS} get pods")).await?;
    let logs = format!("-n {USERS} logs deployment/tracktik-reader --tail=1");
    until("a token that is told", PATIENCE, || async {
        let told = kubectl(&logs).await?;
        hold(told.contains("good until"), || told)
    })
    .await?;
    stage.tour.kubectl(&logs).await?;
    let counts = stage.counts().await?;
    hold(counts.reader_failures == 0, || format!("{counts:?}"))
}
