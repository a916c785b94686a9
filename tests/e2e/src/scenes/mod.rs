//! The scenes, in the order in which they are played, and what must hold over all of them.

mod beginning;
mod changes;
mod crowd;
mod ending;
mod leaders;
mod others;
mod outages;
mod restless;

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    figures::Figures,
    outcome::{Outcome, hold},
    say, scene,
    stage::Stage,
};
use crowd::Crowd;

/// How long the operator is measured with everybody there, unless `E2E_MINUTES` says otherwise.
const MEASURED_MINUTES: u64 = 10;
/// What all scenes together may take then, those before and after that time included.
const LIMIT: Duration = Duration::from_mins(12);

/// From nothing to the last scene.
pub async fn play(repository: &Path) -> Outcome {
    let begun = Instant::now();
    let minutes = env::var("E2E_MINUTES").map_or(Ok(MEASURED_MINUTES), |text| text.parse())?;
    Box::pin(play_for(minutes, repository)).await?;
    let over = begun.elapsed();
    say(&format!("all scenes: {} s", over.as_secs()));
    hold(minutes > MEASURED_MINUTES || over < LIMIT, || {
        format!("all scenes took {} s", over.as_secs())
    })
}

async fn play_for(minutes: u64, repository: &Path) -> Outcome {
    let mut stage = Stage::new(repository)?;
    scene("three servers of tokens behind TLS", stage.servers_start()).await?;
    let stage = &stage;
    scene("the chart is installed", beginning::the_chart_is_installed(stage)).await?;
    scene(
        "a pod that waits for the Secret",
        beginning::a_pod_waits_for_the_secret(stage),
    )
    .await?;

    let figures = &Figures::start();
    let crowd = &scene("fifty credentials, and readers of all kinds", Crowd::comes(stage)).await?;
    crowd
        .unharmed(stage, "a rotation on request", changes::rotation_on_request(stage))
        .await?;
    crowd
        .unharmed(stage, "another password", changes::another_password(stage))
        .await?;
    crowd
        .unharmed(
            stage,
            "an upgrade to another image",
            Box::pin(changes::another_image(stage)),
        )
        .await?;
    crowd
        .unharmed(
            stage,
            "two replicas, the leader's pod deleted",
            leaders::a_pod_is_deleted(stage),
        )
        .await?;
    crowd
        .unharmed(
            stage,
            "the leader's process killed",
            leaders::a_process_is_killed(stage),
        )
        .await?;
    crowd
        .unharmed(
            stage,
            "the leader's process frozen",
            leaders::a_process_is_frozen(stage),
        )
        .await?;
    crowd
        .unharmed(stage, "one replica again", leaders::one_replica_again(stage))
        .await?;
    crowd
        .unharmed(
            stage,
            "a credential deleted and made again",
            others::deleted_and_made_again(stage),
        )
        .await?;
    crowd
        .unharmed(stage, "a namespace deleted", others::a_namespace_is_deleted(stage))
        .await?;
    crowd
        .unharmed(
            stage,
            "a quota that refuses the Secret",
            others::a_quota_refuses_the_secret(stage),
        )
        .await?;
    figures.operator_is_away(true);
    crowd
        .unharmed(
            stage,
            "a real OAuth server, and no operator past an expiry",
            outages::no_operator(stage),
        )
        .await?;
    scene("all pods of the node again", async {
        outages::all_pods_again().await?;
        crowd.last_words_are_read(figures).await?;
        crowd.nothing_failed(stage).await
    })
    .await?;
    figures.operator_is_away(false);
    crowd
        .unharmed(stage, "a rotation after that", outages::works_again(figures))
        .await?;

    crowd
        .unharmed(
            stage,
            "fifty rotations, and the rest of the time",
            ending::time_passes(crowd, figures, stage, Duration::from_secs(minutes * 60)),
        )
        .await?;
    scene(
        "what has been measured",
        ending::figures_are_as_promised(crowd, figures, stage, repository),
    )
    .await?;
    stage.tour.is_as_committed(&repository.join("docs/tour.md"))
}
