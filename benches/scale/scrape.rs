//! `/metrics` with all credentials.

use std::time::{Duration, Instant};

use crate::{
    Outcome,
    report::{Report, Target, percentile},
    stage::{Running, Stage},
};

const SCRAPES: usize = 20;

/// Scrapes twenty times, one after another.
pub async fn measure(stage: &Stage, operator: &Running, report: &mut Report) -> Outcome {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://{}/metrics", operator.operator.address());
    let (mut times, mut size) = (Vec::new(), 0);
    let cpu = operator.process.cpu()?;
    for _ in 0..SCRAPES {
        let began = Instant::now();
        size = http.get(&url).send().await?.error_for_status()?.bytes().await?.len();
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let cpu = (operator.process.cpu()? - cpu) / SCRAPES as f64;
    let median = percentile(&mut times, 50).as_secs_f64() * 1_000.0;
    report
        .of(stage.credentials, "scrape")
        .add("median", median, "ms", Target::AtMost(50.0))
        .note("longest", percentile(&mut times, 100).as_secs_f64() * 1_000.0, "ms")
        .note("CPU of each", cpu * 1_000.0, "ms")
        .note("size", size as f64 / 1_024.0, "KiB");
    Ok(())
}
