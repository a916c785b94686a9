//! The scenes, in the order in which they are played, and what must hold over all of them.

mod beginning;

use std::path::PathBuf;

use crate::{figures::Figures, outcome::Outcome, scene, stage::Stage};

/// From nothing to the last scene.
pub async fn play(repository: PathBuf) -> Outcome {
    let mut stage = Stage::new(repository.clone())?;
    let figures = Figures::start();
    scene("two servers of tokens behind TLS", stage.servers_start()).await?;
    scene("the chart is installed", stage.chart_is_installed()).await?;
    scene("its pod is ready in time", beginning::the_pod_is_ready_in_time()).await?;
    scene(
        "pods that wait for the Secret start with it",
        beginning::pods_wait_for_the_secret(&mut stage),
    )
    .await?;
    drop(figures);
    stage.tour.is_as_committed(&repository.join("docs/tour.md"))
}
