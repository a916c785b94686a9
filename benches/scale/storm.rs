//! All tokens of an hour due within one minute: as after an outage, or a mass import forty minutes ago.
//!
//! Nobody waits forty minutes: while no operator runs, each token Secret is set back in time, facts, data and digest, and
//! status with it, as if its token had been granted earlier. The next operator finds nothing that contradicts it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::Method;
use k8s_openapi::{ByteString, api::core::v1::Secret, jiff::Timestamp};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use tracktik_operator::{
    api::{Moment, Span, annotations},
    rotation::observation::Issue,
    secrets::{issue_record, layout::Layout, sensitive::SensitiveBytes},
};

use crate::{
    Outcome,
    api_calls::ApiCalls,
    api_server::{AT_ONCE, MERGE_PATCH, for_each, send},
    cold_start::NAMESPACE,
    credential_watch::CredentialWatch,
    objects::{credentials, name, secrets},
    report::{Report, Target},
    stage::{PATIENCE, Running, Stage},
};

/// Until it is so old, a process announces each grant in status first, as it does after a crash.
const AGE: Duration = Duration::from_secs(210);
/// All are due within this time.
const SPREAD: usize = 60;
/// The first is due so long after all were to be set back and an operator to be old enough, and for each fifty of them
/// another second.
const LEAD: u64 = 15;

/// Measures it, and leaves an operator running.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome<Running> {
    let lead = LEAD + AGE.as_secs() + stage.credentials as u64 / 50;
    let first_due = seconds_now() + lead;
    println!(
        "setting {} tokens back; the first is due in {lead} s",
        stage.credentials
    );
    let expires = set_back(stage, first_due).await?;
    let operator = stage.operator(None).await?;
    operator.leads().await?;
    // The words of the conditions name the times; that they are written anew is not part of a renewal.
    operator.process.quiet().await?;
    if seconds_now() + AGE.saturating_sub(operator.began.elapsed()).as_secs() >= first_due {
        return Err("the machine is too slow: tokens are due before the operator is old enough".into());
    }
    let (calls, logins) = (
        ApiCalls::so_far(&stage.client).await?,
        stage.endpoint.counts().await?.logins,
    );
    let cpu = operator.process.cpu()?;
    let known = expires.clone();
    let renewed = move |object: &DynamicObject| {
        let before = object.metadata.name.as_ref().and_then(|name| known.get(name));
        before.is_some_and(|before| time(&object.data["status"]["expirationTime"]) > before + 60)
    };
    let watch = CredentialWatch::begin(&stage.client, NAMESPACE, renewed).await?;
    tokio::time::sleep(Duration::from_secs(first_due.saturating_sub(seconds_now()))).await;
    let (began, began_at) = (Instant::now(), seconds_now());
    let times = watch.all(stage.credentials, PATIENCE).await?;
    operator.process.quiet().await?;
    let cpu = operator.process.cpu()? - cpu;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calls = ApiCalls::so_far(&stage.client).await? - calls;
    let logins = (stage.endpoint.counts().await?.logins - logins) as f64;

    let count = stage.credentials as f64;
    let after = |at: &Instant| at.saturating_duration_since(began).as_secs_f64();
    let drained = times.values().map(after).fold(0.0, f64::max);
    let left = times
        .iter()
        .map(|(name, at)| expires[name] as f64 - began_at as f64 - after(at));
    let pairs: Vec<(f64, f64)> = times
        .iter()
        .map(|(name, at)| (expires[name] as f64, after(at)))
        .collect();
    report
        .of(stage.credentials, "storm")
        .note("from the first due to the last renewed", drained, "s")
        .note("renewals", count / drained, "1/s")
        .add(
            "least life left",
            left.fold(f64::MAX, f64::min),
            "s",
            Target::AtLeast(120.0),
        )
        .note("order by expiry (rank correlation)", rank_correlation(&pairs), "")
        .add("logins per credential", logins / count, "", Target::Exactly(1.0))
        .add(
            "stored writes per credential",
            calls.stored_writes() / count,
            "",
            Target::AtMost(2.0),
        )
        .add(
            "events per credential",
            calls.events() / count,
            "",
            Target::Exactly(0.0),
        )
        .note("CPU of the operator per credential", cpu * 1_000.0 / count, "ms")
        .add(
            "resident, peak",
            operator.process.peak()? / 1_024.0,
            "MiB",
            Target::AtMost(96.0),
        )
        .detail("API calls", &calls);
    Ok(operator)
}

/// Sets each token back so that it is due within a minute from `first_due`; when each then expires.
async fn set_back(stage: &Stage, first_due: u64) -> Outcome<HashMap<String, u64>> {
    let (client, expires) = (stage.client.clone(), Arc::new(Mutex::new(HashMap::new())));
    let noted = Arc::clone(&expires);
    for_each(stage.credentials, AT_ONCE / 2, move |number| {
        let (client, noted) = (client.clone(), Arc::clone(&noted));
        async move {
            let name = name(number);
            let path = format!("{}/{name}", credentials(NAMESPACE));
            let credential: Value = serde_json::from_slice(&send(&client, Method::GET, &path, "", Vec::new()).await?)?;
            let due = first_due + (number * 37 % SPREAD) as u64;
            let back = time(&credential["status"]["renewalTime"]).saturating_sub(due);
            let of_secret = format!("{}/{name}-token", secrets(NAMESPACE));
            let secret: Secret =
                serde_json::from_slice(&send(&client, Method::GET, &of_secret, "", Vec::new()).await?)?;
            let (change, issue) = earlier(&secret, back, &format!("{name}-token"))?;
            let change = serde_json::to_vec(&change)?;
            let written: Value =
                serde_json::from_slice(&send(&client, Method::PATCH, &of_secret, MERGE_PATCH, change).await?)?;
            let status = json!({ "status": {
                "issuedTime": issue.issued_at, "expirationTime": issue.expires_at,
                "renewalTime": Moment::from_seconds(i64::try_from(due)?),
                "tokenSecret": { "resourceVersion": written["metadata"]["resourceVersion"] },
            } });
            let of_status = format!("{path}/status");
            send(
                &client,
                Method::PATCH,
                &of_status,
                MERGE_PATCH,
                serde_json::to_vec(&status)?,
            )
            .await?;
            let expires_at = u64::try_from(issue.expires_at.as_seconds())?;
            noted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(name, expires_at);
            Ok(())
        }
    })
    .await?;
    let expires = expires.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(expires)
}

/// The patch that makes it seem granted so many seconds earlier, and the facts that it then has.
fn earlier(secret: &Secret, seconds: u64, name: &str) -> Outcome<(Value, Issue)> {
    let annotations = secret
        .metadata
        .annotations
        .as_ref()
        .ok_or("a Secret without annotations")?;
    let facts = annotations.get(annotations::ISSUE).ok_or("a Secret without facts")?;
    let mut issue = issue_record::read(facts).ok_or("facts that cannot be read")?;
    let back = Span::seconds(i64::try_from(seconds)?);
    issue.issued_at = issue.issued_at - back;
    issue.expires_at = issue.expires_at - back;
    let expires_at = ByteString(issue.expires_at.to_string().into_bytes());
    let mut data = secret.data.clone().unwrap_or_default();
    data.insert("expires_at".to_owned(), expires_at.clone());
    let data = data
        .into_iter()
        .map(|(key, value)| (key, SensitiveBytes::from(value.0)))
        .collect();
    let layout = Layout::parse(&issue.layout).ok_or("a layout that cannot be read")?;
    issue.data_hash = layout.hash(&data);
    let patch = json!({
        "metadata": { "annotations": { annotations::ISSUE: issue_record::write(&issue, name)? } },
        "data": { "expires_at": expires_at },
    });
    Ok((patch, issue))
}

fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Of RFC 3339, in seconds; 0 of anything else.
fn time(text: &Value) -> u64 {
    let parsed = text.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    parsed
        .and_then(|time| u64::try_from(time.as_second()).ok())
        .unwrap_or_default()
}

/// Spearman's: 1 where who expires first was renewed first.
fn rank_correlation(pairs: &[(f64, f64)]) -> f64 {
    let ranks = |of: fn(&(f64, f64)) -> f64| {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by(|a, b| of(&pairs[*a]).total_cmp(&of(&pairs[*b])));
        let mut ranks = vec![0.0; pairs.len()];
        for (rank, index) in order.into_iter().enumerate() {
            ranks[index] = rank as f64;
        }
        ranks
    };
    let (by_expiry, by_time) = (ranks(|pair| pair.0), ranks(|pair| pair.1));
    let squares: f64 = by_expiry.iter().zip(&by_time).map(|(a, b)| (a - b).powi(2)).sum();
    let count = pairs.len() as f64;
    1.0 - 6.0 * squares / (count * (count * count - 1.0))
}
