//! Becoming the leader: of several replicas exactly one acts.
//!
//! A follower watches the Lease and writes nothing while it is renewed. It takes over at once when it sees a release, and
//! else when the record has stood unchanged for too long; a watch that has broken without a word costs nothing but a
//! conflict, since every write carries the resourceVersion of what was seen.

use kube::Client;
use tokio_util::sync::CancellationToken;

use super::{
    claim::Renewed,
    error::ClusterError,
    leadership::Leadership,
    lease::{Decision, Sight, Timing, held_by},
    lease_calls::{Change, LeaseCalls, LeaseWatch},
    lease_object::Record,
};
use crate::{
    clock::{self, Clock, Instant},
    health::ReadinessItem,
    random_id::random_id,
};

/// Where Linux tells the host's name, which in a pod is the pod's.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// A candidate for the leadership.
#[derive(Clone, Debug)]
pub struct LeaderElection {
    pub(super) calls: LeaseCalls,
    pub(super) name: String,
    pub(super) me: String,
    pub(super) timing: Timing,
    pub(super) clock: Clock,
    pub(super) item: ReadinessItem,
}

impl LeaderElection {
    /// For the Lease of this name in the namespace that the replicas run in, under an identity that no other process
    /// has had: the host's name, for people, and a random id. The item is ready while the Lease is as it should be:
    /// renewed by us, or held by another and seen.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, timing: Timing, clock: Clock, item: ReadinessItem) -> Self {
        let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
        let id = random_id();
        // The id is random, and so is any byte of it.
        let share = id.get(..2).and_then(|byte| u8::from_str_radix(byte, 16).ok());
        Self {
            calls: LeaseCalls::new(client, namespace, name),
            name: name.to_owned(),
            me: format!("{}_{id}", host.trim()),
            timing: timing.jittered(share.unwrap_or(0)),
            clock,
            item,
        }
    }

    /// How this candidate is named in the Lease.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.me
    }

    /// Waits until this process is the leader; `None` where `stop` came first.
    ///
    /// The leadership has to be kept from then on, or it ends by itself after the renew deadline.
    pub async fn acquire(&self, stop: &CancellationToken) -> Option<Leadership> {
        let mut candidate = Candidate::new(self);
        loop {
            // A write is not given up half-way: it might make a leader of nobody, for whom the others would wait.
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = candidate.our_turn() => {}
            }
            if let Some(leadership) = candidate.take().await {
                return Some(leadership);
            }
        }
    }
}

/// What a candidate knows so far.
struct Candidate<'a> {
    election: &'a LeaderElection,
    sight: Option<Sight>,
    /// What was seen may be outdated, with nothing on its way that would tell.
    outdated: bool,
    watch: LeaseWatch,
    /// Not before this instant is the API server asked again.
    not_before: Option<Instant>,
    /// The latest write came too late; another one that does waits.
    beaten: bool,
    /// It fails, and that was told.
    failing: bool,
    /// Whom we follow, and said so.
    told: Option<String>,
}

impl<'a> Candidate<'a> {
    fn new(election: &'a LeaderElection) -> Self {
        let Timing { retry, call, .. } = election.timing;
        Self {
            election,
            sight: None,
            outdated: true,
            watch: LeaseWatch::new(election.calls.clone(), retry, call),
            not_before: None,
            beaten: false,
            failing: false,
            told: None,
        }
    }

    /// Until the Lease may be written to. Changes nothing in the cluster, and may be dropped.
    async fn our_turn(&mut self) {
        loop {
            if let Some(at) = self.not_before.take() {
                tokio::time::sleep_until(at).await;
            }
            if self.outdated && !self.read().await {
                continue;
            }
            let Some(sight) = &mut self.sight else { continue };
            let decision = sight.decide(clock::monotonic());
            let Decision::Wait(until) = decision else { return };
            self.beaten = false;
            self.election.item.ready();
            let held_by = sight.record().and_then(Record::holder);
            if self.told.as_deref() != held_by {
                self.told = held_by.map(str::to_owned);
                tracing::info!(lease = self.election.name, holder = held_by, "following");
            }
            let version = sight
                .lease()
                .and_then(|lease| lease.metadata.resource_version.as_deref());
            let change = tokio::select! {
                () = tokio::time::sleep_until(until) => continue,
                change = self.watch.next(version) => change,
            };
            match change {
                Change::Stands(lease) => sight.observe(Some(*lease), clock::monotonic()),
                Change::Gone => sight.observe(None, clock::monotonic()),
                Change::Unknown => self.outdated = true,
            }
        }
    }

    async fn read(&mut self) -> bool {
        match self.election.calls.read(self.election.timing.call).await {
            Ok(lease) => {
                // After the answer, so that the time of the call counts for whoever holds the Lease.
                let at = clock::monotonic();
                match &mut self.sight {
                    Some(sight) => sight.observe(lease, at),
                    None => self.sight = Some(Sight::new(&self.election.me, self.election.timing, lease, at)),
                }
                self.outdated = false;
                self.failing = false;
                self.watch.start_over();
                true
            }
            Err(error) => {
                self.failed("read", &error);
                false
            }
        }
    }

    /// Writes us into the Lease as it was seen.
    async fn take(&mut self) -> Option<Leadership> {
        let election = self.election;
        let sight = self.sight.as_ref()?;
        let renewed = Renewed::now(&election.clock);
        let record = held_by(&election.me, sight.record(), &election.timing, renewed.wall);
        // Whatever comes of it: what was seen is no longer so.
        self.outdated = true;
        match election.calls.write(sight.lease(), record, election.timing.call).await {
            Ok(lease) => {
                tracing::info!(lease = election.name, identity = election.me, "leading");
                election.item.ready();
                return Some(Leadership::new(election, lease, renewed));
            }
            Err(ClusterError::Conflict) if !std::mem::replace(&mut self.beaten, true) => {}
            Err(error) => self.failed("write", &error),
        }
        None
    }

    fn failed(&mut self, to: &str, error: &ClusterError) {
        self.not_before = Some(clock::monotonic() + self.election.timing.retry);
        let name = &self.election.name;
        self.election.item.missing(format!(
            "the Lease {name:?} cannot be {}: {error}",
            if to == "read" { "read" } else { "written" }
        ));
        if std::mem::replace(&mut self.failing, true) {
            tracing::debug!(lease = self.election.name, %error, "still cannot {to} the Lease");
        } else {
            tracing::warn!(lease = self.election.name, %error, "cannot {to} the Lease; it is tried again");
        }
    }
}
