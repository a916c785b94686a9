//! Credentials that come, change and go, fifty of each a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Outcome,
    api_server::{MERGE_PATCH, create, send},
    credential_watch::{CredentialWatch, is_ready},
    objects::{account, create_namespace, credential, credentials, name, secrets, source},
    report::{Report, Target},
    stage::{Running, Stage},
    token_endpoint::{HOSTS, TokenEndpoint},
};

const NAMESPACE: &str = "churn";
const A_SECOND: u32 = 50;
/// Each is changed after this time …
const CHANGED_AFTER: Duration = Duration::from_secs(5);
/// … and deleted after this one more.
const DELETED_AFTER: Duration = Duration::from_secs(5);

/// When each was applied.
pub type Applied = Arc<Mutex<HashMap<String, Instant>>>;

/// What a process has once, and what it keeps for many at once, is there after so long: it is no growth.
const WARM_UP: Duration = Duration::from_secs(30);

/// Measures it, for so long.
pub async fn measure(stage: &Stage, length: Duration, report: &mut Report) -> Outcome {
    create_namespace(&stage.client, NAMESPACE).await?;
    let operator = stage.operator(Some(NAMESPACE)).await?;
    operator.ready().await?;
    come_and_go(stage, WARM_UP, "warm", &Applied::default()).await?;
    let before = level(&operator).await?;
    let ready = CredentialWatch::begin(&stage.client, NAMESPACE, is_ready).await?;
    let cpu = operator.process.cpu()?;
    let applied = Applied::default();
    come_and_go(stage, length, "churn", &applied).await?;
    let cpu = operator.process.cpu()? - cpu;
    let after = level(&operator).await?;
    operator.end().await?;
    let mut times = latencies(&applied, &ready);
    let (asked, seen) = (
        applied.lock().unwrap_or_else(PoisonError::into_inner).len(),
        times.len(),
    );
    report
        .of(stage.credentials, "churn")
        .note("credentials", asked as f64, "")
        .add(
            "of them Ready before they went",
            seen as f64 / asked as f64,
            "",
            Target::AtLeast(0.99),
        )
        .times("from apply to Ready", &mut times)
        .note("CPU of the operator per credential", cpu * 1_000.0 / asked as f64, "ms")
        .note("resident before", before / 1_024.0, "MiB")
        .note("resident after", after / 1_024.0, "MiB")
        .add("resident, after by before", after / before, "", Target::AtMost(1.1));
    Ok(())
}

/// Resident memory in KiB, once all that went is gone: the API server's garbage collector deletes the token Secrets.
async fn level(operator: &Running) -> Outcome<f64> {
    tokio::time::sleep(Duration::from_secs(20)).await;
    operator.process.quiet().await?;
    operator.process.resident()
}

/// Fifty a second, for so long; returns when the last has gone.
async fn come_and_go(stage: &Stage, length: Duration, kind: &'static str, applied: &Applied) -> Outcome {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    let (mut all, began, mut number) = (JoinSet::new(), Instant::now(), 0);
    while began.elapsed() < length {
        ticks.tick().await;
        let (client, endpoint, applied) = (stage.client.clone(), stage.endpoint.clone(), Arc::clone(applied));
        all.spawn(async move { live(&client, &endpoint, number, kind, &applied).await });
        number += 1;
    }
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok(())
}

/// From the request that applied it to the watched status that said Ready, of those that came to it.
pub fn latencies(applied: &Applied, ready: &CredentialWatch) -> Vec<Duration> {
    let (applied, ready) = (applied.lock().unwrap_or_else(PoisonError::into_inner), ready.so_far());
    let both = applied
        .iter()
        .filter_map(|(name, at)| Some(ready.get(name)?.duration_since(*at)));
    both.collect()
}

/// Creates one, changes it and deletes it.
async fn live(
    client: &kube::Client,
    endpoint: &TokenEndpoint,
    number: usize,
    kind: &str,
    applied: &Applied,
) -> Outcome {
    let name = format!("{kind}-{}", name(number));
    let account = account(NAMESPACE, number);
    endpoint.add_account(&account).await?;
    create(client, &secrets(NAMESPACE), &source(&name, &account)).await?;
    let note = Instant::now();
    create(
        client,
        &credentials(NAMESPACE),
        &credential(&name, &endpoint.domain(number % HOSTS)),
    )
    .await?;
    applied
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name.clone(), note);
    tokio::time::sleep(CHANGED_AFTER).await;
    let own = format!("{}/{name}", credentials(NAMESPACE));
    let change = json!({ "spec": { "tokenSecret": { "metadata": { "labels": { "changed": "yes" } } } } });
    send(client, Method::PATCH, &own, MERGE_PATCH, serde_json::to_vec(&change)?).await?;
    tokio::time::sleep(DELETED_AFTER).await;
    send(client, Method::DELETE, &own, "", Vec::new()).await?;
    let source = format!("{}/{name}", secrets(NAMESPACE));
    send(client, Method::DELETE, &source, "", Vec::new()).await?;
    Ok(())
}
