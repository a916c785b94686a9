//! What ten thousand credentials cost: the operator as a process, a real control plane, and a token endpoint over TLS in a
//! process of its own that takes 5 ms to answer. All of it shares the machine.
//!
//! `make bench`, with `N=100,1000` for other numbers of credentials, `ONLY=limit,cold` for some of the scenarios (see
//! [`plan`]), `IDLE_SECONDS=` and `CHURN_SECONDS=` for how long to look, and `OPERATOR=` for another binary. It prints a table, writes
//! `target/bench/scale.json`, and fails where a target was missed.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program for the developers of the operator, which prints its figures and may look at a clock"
)]

mod api_calls;
mod api_server;
mod bare_clients;
mod churn;
mod cold_start;
mod credential_watch;
mod dead_host;
mod foreign;
mod idle;
mod limit;
mod objects;
mod plan;
mod process;
mod report;
mod restart;
mod scrape;
mod single_host;
mod stage;
mod storm;
mod token_endpoint;

use std::{error::Error, process::ExitCode};

use crate::{
    plan::{Plan, Scenario},
    report::Report,
    stage::Stage,
};

/// What a part of the bench gives, or why there is nothing to measure.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let plan = Plan::from_environment()?;
    plan.announce();
    let mut report = Report::new(&plan);
    for &credentials in &plan.credentials {
        measure(&plan, credentials, &mut report).await?;
        // After each size: the next may take an hour.
        report.write()?;
    }
    report.print();
    Ok(if report.all_held() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All that was asked for with so many credentials, on a control plane of its own. The order matters: what leaves objects
/// behind that the next would have to list comes last.
async fn measure(plan: &Plan, credentials: usize, report: &mut Report) -> Outcome {
    println!("== {credentials} credentials");
    let mut stage = Stage::set(plan, credentials).await?;
    if plan.wants(Scenario::Limit) {
        limit::measure(&stage, report).await?;
    }
    if plan.needs_credentials() {
        let operator = cold_start::measure(&mut stage, report).await?;
        if plan.wants(Scenario::Scrape) {
            scrape::measure(&stage, &operator, report).await?;
        }
        if plan.wants(Scenario::Idle) {
            idle::measure(&stage, &operator, plan.idle, report).await?;
        }
        operator.end().await?;
        if plan.wants(Scenario::Storm) {
            storm::measure(&stage, report).await?.end().await?;
        }
        if plan.wants(Scenario::Restart) {
            restart::measure(&stage, report).await?;
        }
        if plan.wants(Scenario::Foreign) {
            foreign::measure(&stage, report).await?;
        }
    }
    if plan.wants(Scenario::Churn) {
        churn::measure(&stage, plan.churn, report).await?;
    }
    if plan.wants(Scenario::DeadHost) {
        dead_host::measure(&stage, report).await?;
    }
    if plan.wants(Scenario::SingleHost) {
        single_host::measure(&stage, report).await?;
    }
    stage.strike().await;
    Ok(())
}
