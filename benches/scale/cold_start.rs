//! From the start of the process until every credential is Ready, none of which has ever had a token.

use std::time::{Duration, Instant};

use crate::{
    Outcome,
    api_calls::ApiCalls,
    credential_watch::{CredentialWatch, is_ready},
    objects::{create_namespace, populate},
    process::Process,
    report::{Report, Target},
    stage::{PATIENCE, Running, Stage},
    token_endpoint::HOSTS,
};

/// Where the credentials are, also for those who look at them afterwards.
pub const NAMESPACE: &str = "cold";

/// Measures it, and leaves the operator running over fresh tokens.
pub async fn measure(stage: &mut Stage, report: &mut Report) -> Outcome<Running> {
    let count = stage.credentials as f64;
    let empty = resident_without_credentials(stage).await?;
    println!("creating {} credentials", stage.credentials);
    populate(&stage.client, &stage.endpoint, NAMESPACE, stage.credentials, HOSTS).await?;
    let ready = CredentialWatch::begin(&stage.client, NAMESPACE, is_ready).await?;
    let calls = ApiCalls::so_far(&stage.client).await?;
    let logins = stage.endpoint.counts().await?.logins;
    let server = Process(stage.endpoint.pid());
    let server_before = server.cpu()?;

    let operator = stage.operator(None).await?;
    let times = ready.all(stage.credentials, PATIENCE).await?;
    let last = times.values().max().copied().unwrap_or_else(Instant::now);
    let took = last.duration_since(operator.began).as_secs_f64();
    operator.process.quiet().await?;
    let cpu = operator.process.cpu()?;
    let server_cpu = server.cpu()? - server_before;
    // Events are told in the background; what is freed is given back a little later.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let calls = ApiCalls::so_far(&stage.client).await? - calls;
    let counts = stage.endpoint.counts().await?;
    let (settled, peak) = (operator.process.resident()?, operator.process.peak()?);
    let limit = report.figure(stage.credentials, "limit", "first tokens");

    let mut figures = report.of(stage.credentials, "cold");
    figures
        .note("until all are Ready", took, "s")
        .note("first tokens", count / took, "1/s");
    if let Some(limit) = limit {
        let target = of_ten_thousand(stage.credentials, Target::AtLeast(0.7));
        figures.add("of the limit", count / took / limit, "", target);
    }
    figures
        .add(
            "CPU of the operator per credential",
            cpu * 1_000.0 / count,
            "ms",
            Target::AtMost(2.0),
        )
        .note(
            "CPU of the token endpoint per credential",
            server_cpu * 1_000.0 / count,
            "ms",
        )
        .add(
            "logins per credential",
            (counts.logins - logins) as f64 / count,
            "",
            Target::Exactly(1.0),
        )
        .note("API calls per credential", calls.total() / count, "")
        .add(
            "stored writes per credential",
            calls.stored_writes() / count,
            "",
            Target::AtMost(3.0),
        )
        .add("events per credential", calls.events() / count, "", Target::AtMost(1.0))
        .note("resident without credentials", empty / 1_024.0, "MiB")
        .add("resident, settled", settled / 1_024.0, "MiB", Target::AtMost(64.0))
        .add("resident, peak", peak / 1_024.0, "MiB", Target::AtMost(96.0))
        .add(
            "growth per credential",
            (settled - empty) / count,
            "KiB",
            of_ten_thousand(stage.credentials, Target::AtMost(5.0)),
        )
        .detail("API calls", &calls);
    Ok(operator)
}

/// With fewer credentials, what a process has once is too much of it, and a run is too short to be told from chance.
fn of_ten_thousand(credentials: usize, target: Target) -> Target {
    if credentials < 10_000 { Target::None } else { target }
}

/// In KiB.
async fn resident_without_credentials(stage: &Stage) -> Outcome<f64> {
    create_namespace(&stage.client, "empty").await?;
    let operator = stage.operator(Some("empty")).await?;
    operator.ready().await?;
    operator.process.quiet().await?;
    let resident = operator.process.resident()?;
    operator.end().await?;
    Ok(resident)
}
