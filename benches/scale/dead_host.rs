//! One host of a hundred takes requests and never answers: what that costs the credentials of the others.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    Outcome,
    api_server::create,
    churn::{Applied, latencies},
    credential_watch::{CredentialWatch, is_ready},
    objects::{account, clear, create_namespace, credential, credentials, name, secrets, source},
    report::{Report, Target, percentile},
    stage::Stage,
    token_endpoint::HOSTS,
};

const A_SECOND: u32 = 20;
const LENGTH: Duration = Duration::from_secs(50);
const DEAD: usize = 42;

/// Measures it with none dead and with one in turns: the hundredth part of the arrivals is what the machine has to do beside.
pub async fn measure(stage: &Stage, report: &mut Report) -> Outcome {
    let (mut well, mut beside) = (Vec::new(), Vec::new());
    for [none_dead, one_dead] in [["none-dead", "one-dead"], ["none-dead-again", "one-dead-again"]] {
        well.extend(arrivals(stage, none_dead).await?);
        stage.endpoint.silence(DEAD).await?;
        beside.extend(arrivals(stage, one_dead).await?);
        stage.endpoint.all_answer().await?;
    }
    let ratio = percentile(&mut beside, 99).as_secs_f64() / percentile(&mut well, 99).as_secs_f64();
    report
        .of(stage.credentials, "dead-host")
        .times("none dead: from apply to Ready", &mut well)
        .times("one dead: from apply to Ready", &mut beside)
        .add("p99, one dead by none dead", ratio, "", Target::AtMost(1.1));
    Ok(())
}

/// Credentials of all hosts in turns, at an even pace; how long each took whose host is not the dead one.
async fn arrivals(stage: &Stage, namespace: &'static str) -> Outcome<Vec<Duration>> {
    create_namespace(&stage.client, namespace).await?;
    let ready = CredentialWatch::begin(&stage.client, namespace, is_ready).await?;
    let operator = stage.operator(Some(namespace)).await?;
    operator.ready().await?;
    let applied = Applied::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    let (mut all, began, mut number) = (JoinSet::new(), Instant::now(), 0);
    while began.elapsed() < LENGTH {
        ticks.tick().await;
        let (client, endpoint, applied) = (stage.client.clone(), stage.endpoint.clone(), Arc::clone(&applied));
        all.spawn(async move {
            let (name, account) = (name(number), account(namespace, number));
            endpoint.add_account(&account).await?;
            create(&client, &secrets(namespace), &source(&name, &account)).await?;
            let at = Instant::now();
            create(
                &client,
                &credentials(namespace),
                &credential(&name, &endpoint.domain(number % HOSTS)),
            )
            .await?;
            if number % HOSTS != DEAD {
                applied.lock().unwrap_or_else(PoisonError::into_inner).insert(name, at);
            }
            Outcome::Ok(())
        });
        number += 1;
    }
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    let wanted = applied.lock().unwrap_or_else(PoisonError::into_inner).len();
    ready.all(wanted, Duration::from_mins(2)).await?;
    operator.end().await?;
    clear(&stage.client, namespace).await?;
    Ok(latencies(&applied, &ready))
}
