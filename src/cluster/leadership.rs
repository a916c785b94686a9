//! Being the leader: renewing the Lease, and giving it up.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    claim::{Claim, Grip, Renewed},
    error::ClusterError,
    leader_election::LeaderElection,
    lease::{held_by, released},
    lease_calls::{Change, LeaseWatch},
    lease_object::Lease,
};
use crate::clock::{self, Instant};

/// How often a write that came too late is tried anew with what was read: something of ours, or a hand, got in between.
const CONFLICTS: usize = 2;

/// How a leadership ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As asked for; the Lease was handed back, or is about to run out where the API server did not answer.
    Released,
    /// The Lease names another.
    Taken {
        /// Whom.
        by: String,
    },
    /// The claim had ended, and then the Lease was gone or named nobody: another may have had it meanwhile.
    Gone,
}

/// The leadership, for as long as it is kept. Dropped, it ends without a release: the others wait for the lease to run
/// out.
///
/// The claim may end before the leadership does: where the API server cannot be reached, nobody else can take the Lease
/// either. As long as it still says what we wrote last, the next renewal makes the claim current again, and what was
/// granted before is not lost.
#[derive(Debug)]
pub struct Leadership {
    /// What everyone who acts is handed.
    pub claim: Claim,
    election: LeaderElection,
    /// As our latest write left it; `None` once it was found gone.
    lease: Option<Lease>,
    grip: Grip,
}

/// Why a renewal failed.
enum Unrenewed {
    /// Somebody else holds the Lease.
    Taken(String),
    /// It is not known to be ours any more, and the claim is over.
    Gone,
    /// The API server did not do it; it may at the next attempt.
    Failed(ClusterError),
}

impl Leadership {
    pub(super) fn new(election: &LeaderElection, lease: Lease, renewed: Renewed) -> Self {
        let (grip, claim) = Grip::new(renewed, election.timing.renew_deadline, election.clock.clone());
        Self {
            claim,
            election: election.clone(),
            lease: Some(lease),
            grip,
        }
    }

    /// Renews the Lease until `release`, and hands it back then; or until it is lost.
    ///
    /// Whoever acts by the claim has to have finished before `release`.
    pub async fn keep(mut self, release: CancellationToken) -> Ended {
        let timing = self.election.timing;
        let mut watch = LeaseWatch::new(self.election.calls.clone(), timing.retry, timing.call);
        let mut begun = self.began();
        let mut due = begun + timing.renew_every;
        let mut paused = false;
        loop {
            tokio::select! {
                biased;
                () = release.cancelled() => return self.released().await,
                () = tokio::time::sleep_until(due) => {}
                () = disturbed(&mut watch, &self.election.me, self.lease.as_ref()) => {}
            }
            let attempt = clock::monotonic();
            match self.renew().await {
                Ok(()) => {
                    if std::mem::take(&mut paused) {
                        tracing::info!(
                            lease = self.election.name,
                            "leading again: nobody else has had the Lease"
                        );
                    }
                    self.election.item.ready();
                    begun = self.began();
                    due = begun + timing.renew_every;
                }
                Err(Unrenewed::Taken(by)) => {
                    tracing::warn!(lease = self.election.name, holder = by, "leadership lost: taken over");
                    return Ended::Taken { by };
                }
                Err(Unrenewed::Failed(error)) if self.claim.is_current() => {
                    tracing::warn!(lease = self.election.name, %error, "Lease not renewed; it is tried again");
                    due = (attempt + timing.retry).min(begun + timing.renew_deadline);
                }
                Err(Unrenewed::Failed(error)) => {
                    if !std::mem::replace(&mut paused, true) {
                        tracing::error!(
                            lease = self.election.name, %error,
                            "Lease not renewed in time: nothing is done until a renewal shows that nobody else leads"
                        );
                    }
                    self.election
                        .item
                        .missing(format!("the Lease was not renewed in time: {error}"));
                    due = attempt + timing.retry;
                }
                Err(Unrenewed::Gone) => {
                    tracing::warn!(lease = self.election.name, "leadership lost: the Lease was taken away");
                    return Ended::Gone;
                }
            }
        }
    }

    /// The start of the latest renewal that succeeded.
    fn began(&self) -> Instant {
        self.grip.began().unwrap_or_else(clock::monotonic)
    }

    /// Writes our record anew. A conflict has to be looked into: a write of ours that got no answer may have been
    /// carried out, or somebody may have touched labels.
    ///
    /// It may succeed after the claim has ended, where a machine was suspended or the API server was away: the
    /// resourceVersion shows that nobody has taken the Lease meanwhile, and the claim stands again.
    async fn renew(&mut self) -> Result<(), Unrenewed> {
        let mut done = self.write().await;
        for _ in 0..CONFLICTS {
            if !matches!(done, Err(ClusterError::Conflict | ClusterError::NotFound)) {
                break;
            }
            let read = self.election.calls.read(self.limit()).await;
            self.lease = read.map_err(Unrenewed::Failed)?;
            match self.named() {
                Some(named) if named == self.election.me => {}
                Some(other) => return Err(Unrenewed::Taken(other)),
                // Deleted, or emptied by hand: followers wait for our claim to end, and until then the Lease is ours
                // to restore.
                None if self.claim.is_current() => {}
                None => return Err(Unrenewed::Gone),
            }
            done = self.write().await;
        }
        done.map_err(Unrenewed::Failed)
    }

    /// Whom the Lease names.
    fn named(&self) -> Option<String> {
        self.lease.as_ref()?.record.holder().map(str::to_owned)
    }

    async fn write(&mut self) -> Result<(), ClusterError> {
        let Self { election, lease, .. } = &*self;
        let renewed = Renewed::now(&election.clock);
        let before = lease.as_ref().map(|lease| &lease.record);
        let record = held_by(&election.me, before, &election.timing, renewed.wall);
        let written = election.calls.write(lease.as_ref(), record, self.limit()).await?;
        self.lease = Some(written);
        self.grip.renew(renewed);
        Ok(())
    }

    /// What a call may take: no longer than the claim lasts, so that its end is told in time.
    fn limit(&self) -> Duration {
        let left = (self.began() + self.election.timing.renew_deadline).saturating_duration_since(clock::monotonic());
        let call = self.election.timing.call;
        if left.is_zero() { call } else { left.min(call) }
    }

    /// Hands the Lease to whoever comes first. The claim goes before: from the moment of the write another may lead.
    async fn released(mut self) -> Ended {
        self.grip.withdraw();
        let LeaderElection {
            calls,
            name,
            me,
            timing,
            clock,
            item: _,
        } = &self.election;
        for _ in 0..=CONFLICTS {
            let Some(lease) = self.lease.take() else { break };
            if lease.record.holder() != Some(me.as_str()) {
                break;
            }
            match calls
                .write(Some(&lease), released(&lease.record, clock.now()), timing.call)
                .await
            {
                Ok(_) => {
                    tracing::info!(lease = name, "leadership released");
                    break;
                }
                Err(ClusterError::Conflict) => self.lease = calls.read(timing.call).await.ok().flatten(),
                Err(error) => {
                    tracing::warn!(lease = name, %error, "Lease not released: it runs out");
                    break;
                }
            }
        }
        Ended::Released
    }
}

/// Until something has happened to the Lease that we have not done: it is renewed at once then, which shows what it is
/// worth. A Lease that was deleted is so back before anybody who is new could take its absence for a first start.
async fn disturbed(watch: &mut LeaseWatch, me: &str, lease: Option<&Lease>) {
    let version = lease.and_then(|lease| lease.metadata.resource_version.as_deref());
    loop {
        match watch.next(version).await {
            Change::Stands(lease) if lease.record.holder() == Some(me) => {}
            // It is not trusted: the next renewal is soon enough.
            Change::Unknown => {}
            Change::Stands(_) | Change::Gone => return,
        }
    }
}
