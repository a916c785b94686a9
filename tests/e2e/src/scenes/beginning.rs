//! From an empty cluster to the first pod that uses a token.

use crate::{
    figures::seconds_to_ready,
    manifests::{Kind, credential, reader, source},
    node::{apply, get, kubectl},
    outcome::{Outcome, hold, until},
    stage::{HOME, PATIENCE, Stage, USERS},
};

/// From the start of its container, as the API server tells it: in whole seconds.
const READY_WITHIN_SECONDS: f64 = 3.0;

/// The operator's pod, as the chart makes it.
pub async fn the_pod_is_ready_in_time() -> Outcome {
    let pods = get(&format!("-n {HOME} pods")).await?;
    let seconds = seconds_to_ready(&pods["items"][0])?;
    crate::say(&format!(
        "the pod was ready {seconds} s after the start of its container"
    ));
    hold(seconds <= READY_WITHIN_SECONDS, || format!("ready after {seconds} s"))
}

/// The pod is there first, waits for the Secret, and uses the first token as soon as it is there.
pub async fn pods_wait_for_the_secret(stage: &mut Stage) -> Outcome {
    apply(&[reader(USERS, "first", "acme", Kind::Mounted)]).await?;
    until("a pod that waits", PATIENCE, || async {
        let events = kubectl(&format!("-n {USERS} get events -o jsonpath={{.items[*].message}}")).await?;
        hold(events.contains(r#"secret "acme-token" not found"#), || events)
    })
    .await?;
    let account = stage.account("acme.staffr.net", "acme").await?;
    let objects = [
        source(USERS, "acme-account", &account),
        credential(USERS, "acme", "acme.staffr.net", "acme-account"),
    ];
    apply(&objects).await?;
    let wait = format!("-n {USERS} wait --for=condition=Ready ttc/acme --timeout=60s");
    stage.tour.kubectl(&wait).await?;
    // The kubelet tries again after up to two minutes.
    let limit = PATIENCE * 3;
    until("a request of the reader", limit, || async {
        let counts = stage.counts().await?;
        hold(
            counts.by_reader.get("first").is_some_and(|reader| reader.requests > 10),
            || format!("{counts:?}"),
        )
    })
    .await?;
    let counts = stage.counts().await?;
    hold(counts.reader_failures == 0, || format!("{counts:?}"))
}
