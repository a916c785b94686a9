//! A new process over fresh tokens: nothing is to be done, and that is to be known soon.

use std::time::Duration;

use crate::{
    Outcome,
    api_calls::ApiCalls,
    report::{Report, Target},
    stage::{Running, Stage},
};

/// What a start over fresh tokens took.
pub struct Restarted {
    /// Until `/readyz` said yes, in seconds.
    pub ready: f64,
    /// Until it did next to nothing, in seconds.
    pub quiet: f64,
    /// User and system time until then, in seconds.
    pub cpu: f64,
    /// Resident memory a while later, in KiB.
    pub settled: f64,
    /// The most that it was, in KiB.
    pub peak: f64,
    /// The operator, which goes on.
    pub operator: Running,
}

/// Starts one, and waits until it is quiet.
pub async fn restarted(stage: &Stage) -> Outcome<Restarted> {
    let operator = stage.operator(None).await?;
    let ready = operator.ready().await?.as_secs_f64();
    operator.leads().await?;
    let quiet = operator.process.quiet().await?;
    let quiet = quiet.duration_since(operator.began).as_secs_f64();
    let cpu = operator.process.cpu()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(Restarted {
        ready,
        quiet,
        cpu,
        settled: operator.process.resident()?,
        peak: operator.process.peak()?,
        operator,
    })
}

/// Measures one.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome {
    // The Lease of the one before was released; its events are told.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calls = ApiCalls::so_far(&stage.client).await?;
    let asked = stage.endpoint.counts().await?.token_requests;
    let found = restarted(stage).await?;
    let calls = ApiCalls::so_far(&stage.client).await? - calls;
    let asked = stage.endpoint.counts().await?.token_requests - asked;
    found.operator.end().await?;
    report
        .of(stage.credentials, "restart")
        .add("until ready", found.ready, "s", Target::AtMost(3.0))
        .add("until quiet", found.quiet, "s", Target::AtMost(5.0))
        .add("token requests", asked as f64, "", Target::Exactly(0.0))
        .add("stored writes", calls.stored_writes(), "", Target::Exactly(0.0))
        .note("API calls", calls.total(), "")
        .note("CPU until quiet", found.cpu, "s")
        .add(
            "resident, settled",
            found.settled / 1_024.0,
            "MiB",
            Target::AtMost(64.0),
        )
        .add("resident, peak", found.peak / 1_024.0, "MiB", Target::AtMost(96.0))
        .detail("API calls", &calls);
    Ok(())
}
