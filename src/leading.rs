//! Following until it is our turn to lead, and what the end of a leadership means for the process.

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    cluster::{
        Claim,
        leader_election::LeaderElection,
        leadership::{Ended, Leadership},
    },
    controller::NoRandomNumbers,
    work::{Panicked, Work},
};

/// Why a process that was not asked to end has to.
#[derive(Debug, thiserror::Error)]
pub enum NoLonger {
    /// Another process is the leader: the one that is started in our place follows it.
    #[error("leadership lost: the Lease names {by:?} now")]
    Taken {
        /// Whom the Lease names.
        by: String,
    },
    /// Another process may have been the leader.
    #[error("leadership lost: the Lease was taken away while it could not be renewed")]
    Gone,
    /// The work is not done any more. The Lease is not handed back: something of it may still be under way.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The work cannot begin.
    #[error(transparent)]
    NoRandomNumbers(#[from] NoRandomNumbers),
}

/// Waits to become the leader, and then works until `stop`, or until another leads.
///
/// # Errors
/// The leadership was lost: whatever is under way cannot be written any more, so nothing of it is waited for.
pub(crate) async fn lead(
    election: &LeaderElection,
    stop: &CancellationToken,
    work: impl FnOnce(Claim) -> Result<Work, NoRandomNumbers>,
) -> Result<(), NoLonger> {
    let Some(leadership) = election.acquire(stop).await else {
        return Ok(());
    };
    keep(leadership, stop, work).await
}

async fn keep(
    leadership: Leadership,
    stop: &CancellationToken,
    work: impl FnOnce(Claim) -> Result<Work, NoRandomNumbers>,
) -> Result<(), NoLonger> {
    let claim = leadership.claim.clone();
    let release = CancellationToken::new();
    let mut keeping = AbortOnDropHandle::new(tokio::spawn(leadership.keep(release.clone())));
    let done = if stop.is_cancelled() {
        // The last write of a candidate that was stopped made it the leader after all.
        Ok(())
    } else {
        match work(claim) {
            Ok(work) => {
                tokio::select! {
                    done = work.until_stopped() => Ok(done?),
                    ended = &mut keeping => return Err(lost(ended.ok())),
                }
            }
            Err(error) => Err(error.into()),
        }
    };
    // Only now: nothing of ours is under way any more, and another leads from this moment on.
    release.cancel();
    let _ = keeping.await;
    done
}

fn lost(ended: Option<Ended>) -> NoLonger {
    match ended {
        Some(Ended::Taken { by }) => NoLonger::Taken { by },
        // A release was not asked for, and a panic leaves the Lease to whoever comes.
        Some(Ended::Gone | Ended::Released) | None => NoLonger::Gone,
    }
}
