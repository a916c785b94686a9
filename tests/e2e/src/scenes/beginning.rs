//! From an empty cluster to the first pod that uses a token.

use crate::{
    manifests::{Kind, credential, reader, source},
    node::{apply, kubectl, run},
    outcome::{Outcome, hold, until},
    stage::{HOME, PATIENCE, Stage, USERS},
};

/// From the start of its process.
const READY_WITHIN_SECONDS: f64 = 3.0;

/// A node, a chart, and its pod, which is ready in time.
pub async fn the_chart_is_installed(stage: &Stage) -> Outcome {
    stage.tour.says(
        "# A tour\n\n\
         Commands and what they print, on a real node with Kubernetes' own programs. `make e2e` makes this page while it runs, and\n\
         fails when the page is not what it has seen; `…` stands for what is otherwise each time.\n\n\
         The chart, with its defaults. The servers of this tour have an authority of their own, and a quarter of the memory has to\ndo:",
    );
    let seconds = stage.chart_is_installed().await?;
    stage.tour.kubectl(&format!("-n {HOME} get pods")).await?;
    // The chart's own test, in a pod of its own.
    run("helm", &["test", "tracktik-operator", "--namespace", HOME], None).await?;
    crate::say(&format!(
        "the pod was ready {seconds:.1} s after the start of its process"
    ));
    hold(seconds <= READY_WITHIN_SECONDS, || {
        format!("ready after {seconds:.1} s")
    })
}

/// The pod is there first, waits for the Secret, and uses the first token as soon as it is there.
pub async fn a_pod_waits_for_the_secret(stage: &Stage) -> Outcome {
    apply(&[reader(USERS, "first", "acme", Kind::Mounted)]).await?;
    until("a pod that waits", PATIENCE, || async {
        let events = kubectl(&format!("-n {USERS} get events -o jsonpath={{.items[*].message}}")).await?;
        hold(events.contains(r#"secret "acme-token" not found"#), || events)
    })
    .await?;
    stage.tour.says(
        "A workload may be there before its token: it mounts the Secret `acme-token`, which is not there yet, and waits.",
    );
    stage.tour.kubectl(&format!("-n {USERS} get pods")).await?;

    let account = stage.account("acme.staffr.net", "acme").await?;
    let objects = [
        source(USERS, "acme-service-account", &account),
        credential(USERS, "acme", "acme.staffr.net", "acme-service-account"),
    ];
    stage
        .tour
        .says("[The everyday example](../examples/everyday.yaml), with the values of a service account:");
    stage.tour.applies("examples/everyday.yaml", &objects).await?;
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
    stage.tour.says("The workload has started with it:");
    stage.tour.kubectl(&format!("-n {USERS} get pods")).await?;
    let counts = stage.counts().await?;
    hold(counts.reader_failures == 0, || format!("{counts:?}"))
}
