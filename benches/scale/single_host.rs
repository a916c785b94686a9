//! A cold start where all credentials are of one host, which takes eight requests at a time.

use std::time::Instant;

use crate::{
    Outcome,
    credential_watch::{CredentialWatch, is_ready},
    objects::{clear, populate},
    report::{Report, Target},
    stage::{PATIENCE, Stage},
};

const NAMESPACE: &str = "single-host";

/// Measures it.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome {
    let count = stage.credentials as f64;
    populate(&stage.client, &stage.endpoint, NAMESPACE, stage.credentials, 1).await?;
    let ready = CredentialWatch::begin(&stage.client, NAMESPACE, is_ready).await?;
    let logins = stage.endpoint.counts().await?.logins;
    let operator = stage.operator(Some(NAMESPACE)).await?;
    let times = ready.all(stage.credentials, PATIENCE).await?;
    let last = times.values().max().copied().unwrap_or_else(Instant::now);
    let took = last.duration_since(operator.began).as_secs_f64();
    operator.process.quiet().await?;
    let cpu = operator.process.cpu()?;
    let logins = (stage.endpoint.counts().await?.logins - logins) as f64;
    operator.end().await?;
    clear(&stage.client, NAMESPACE).await?;
    let limit = report.figure(stage.credentials, "limit", "first tokens");
    let mut figures = report.of(stage.credentials, "single-host");
    figures
        .note("until all are Ready", took, "s")
        .note("first tokens", count / took, "1/s")
        .note("CPU of the operator per credential", cpu * 1_000.0 / count, "ms")
        .add("logins per credential", logins / count, "", Target::Exactly(1.0));
    if let Some(limit) = limit {
        figures.note("of the limit", count / took / limit, "");
    }
    Ok(())
}
