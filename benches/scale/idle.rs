//! What an operator costs that has nothing to do.

use std::time::Duration;

use crate::{
    Outcome,
    api_calls::ApiCalls,
    report::{Report, Target},
    stage::{Running, Stage},
};

/// Looks at it for so long.
pub async fn measure(stage: &Stage, operator: &Running, length: Duration, report: &mut Report) -> Outcome {
    operator.process.quiet().await?;
    let (calls, cpu) = (ApiCalls::so_far(&stage.client).await?, operator.process.cpu()?);
    let asked = stage.endpoint.counts().await?.token_requests;
    println!("looking for {} s", length.as_secs());
    tokio::time::sleep(length).await;
    let cpu = operator.process.cpu()? - cpu;
    let calls = ApiCalls::so_far(&stage.client).await? - calls;
    let asked = stage.endpoint.counts().await?.token_requests - asked;
    report
        .of(stage.credentials, "idle")
        .add(
            "of one core",
            100.0 * cpu / length.as_secs_f64(),
            "%",
            Target::AtMost(0.5),
        )
        .add("stored writes", calls.stored_writes(), "", Target::Exactly(0.0))
        .add("events", calls.events(), "", Target::Exactly(0.0))
        .add("token requests", asked as f64, "", Target::Exactly(0.0))
        .note("API calls but for watches and the Lease", calls.total(), "")
        .note("resident", operator.process.resident()? / 1_024.0, "MiB")
        .detail("API calls", &calls);
    Ok(())
}
