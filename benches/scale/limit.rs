//! The limit that the API server sets: how many credentials a second it can serve to clients that do nothing else, while
//! the bench looks on as it does over the operator.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::Method;
use serde::Deserialize;

use crate::{
    Outcome,
    api_server::{AT_ONCE, for_each, send},
    bare_clients::Bare,
    credential_watch::{CredentialWatch, is_ready},
    objects::{clear, credentials, populate},
    report::Report,
    stage::Stage,
};

const NAMESPACE: &str = "limit";

/// Measures first tokens, then renewals, of as many as the operator is given: what an API server can do over its first
/// thousand objects, within its first ten seconds, is not what it can do over ten thousand.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome {
    let count = stage.credentials;
    populate(&stage.client, &stage.endpoint, NAMESPACE, count, 1).await?;
    let bare: Vec<Bare> = uids(stage)
        .await?
        .into_iter()
        .enumerate()
        .map(|(number, uid)| Bare::new(stage.client.clone(), NAMESPACE, number, uid))
        .collect();
    let bare = Arc::new(bare);
    // Whoever measures the operator looks on as well: what that costs is not to be the operator's.
    let _onlooker = CredentialWatch::begin(&stage.client, NAMESPACE, is_ready).await?;
    let began = Instant::now();
    let of_all = Arc::clone(&bare);
    for_each(count, AT_ONCE, move |number| {
        let of_all = Arc::clone(&of_all);
        async move { of_all[number].first_token().await }
    })
    .await?;
    let first = began.elapsed();
    let began = Instant::now();
    for_each(count, AT_ONCE, move |number| {
        let bare = Arc::clone(&bare);
        async move { bare[number].renewal('b').await }
    })
    .await?;
    let renewed = began.elapsed();
    clear(&stage.client, NAMESPACE).await?;
    let rate = |took: Duration| count as f64 / took.as_secs_f64();
    report
        .of(stage.credentials, "limit")
        .note("first tokens", rate(first), "1/s")
        .note("renewals", rate(renewed), "1/s");
    // What is left to collect and to compact is not the next one's.
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(())
}

/// In the order of their names, which is that of their numbers.
async fn uids(stage: &Stage) -> Outcome<Vec<String>> {
    let list = send(&stage.client, Method::GET, &credentials(NAMESPACE), "", Vec::new()).await?;
    let list: List = serde_json::from_slice(&list)?;
    Ok(list.items.into_iter().map(|item| item.metadata.uid).collect())
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    uid: String,
}
