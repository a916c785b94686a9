//! An operator as a task, the API server and the TrackTik around it, and a wall clock that can be set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    api::{Moment, Span},
    clock::Clock,
    cluster::{Claim, events::Events, watches::Wake},
    controller::{
        Context, Parts, figures,
        run_loop::{Wakeups, run_loop},
    },
    health::{Liveness, Readiness},
    metrics::Metrics,
    oauth::{AllowedDomains, TokenEndpoint},
    rotation::gate::Limits,
};

use crate::{api_server::ApiServer, eyes::Eyes, tracktik::TrackTik};

pub const START: Moment = Moment::from_seconds(1_795_000_000);

/// How long the operator lets what has begun come to its end.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub struct World<E = TrackTik> {
    pub api: ApiServer,
    pub tracktik: Arc<E>,
    clock: Clock,
    set_by: Arc<AtomicI64>,
    eyes: Eyes,
    ids: Option<Ids>,
    operator: Operator,
}

/// Where the names of grants come from in a world that must go the same way twice.
type Ids = Arc<dyn Fn() -> String + Send + Sync>;

/// An operator that runs.
struct Operator {
    liveness: Liveness,
    readiness: Readiness,
    stop: CancellationToken,
    reconciling: JoinHandle<()>,
    telling: AbortHandle,
    metrics: Arc<Metrics>,
}

impl Operator {
    fn start(api: &ApiServer, tracktik: Arc<dyn TokenEndpoint>, clock: &Clock, eyes: Eyes, ids: Option<&Ids>) -> Self {
        let wakeups = Wakeups::default();
        let queue = wakeups.clone();
        let wake: Wake = Arc::new(move |key| queue.wake(key));
        let claim = Claim::without_election();
        let stop = CancellationToken::new();
        let readiness = Readiness::default();
        let (client, stores) = eyes.open(api, wake, &claim, &readiness, &stop);
        let (events, sending) = Events::new(client.clone());
        let telling = tokio::spawn(sending).abort_handle();
        let metrics = Arc::new(Metrics::default());
        metrics.elected_by("tracktik-operator");
        let mut context = Context::new(Parts {
            client,
            claim,
            stores,
            endpoint: tracktik,
            allowed_domains: AllowedDomains::default(),
            events,
            metrics: Arc::clone(&metrics),
            clock: clock.clone(),
            stopping: stop.clone(),
            limits: Limits::default(),
            readiness: readiness.clone(),
        })
        .unwrap();
        if let Some(ids) = ids {
            context.new_id = Arc::clone(ids);
        }
        let liveness = Liveness::new(Duration::from_mins(1));
        let context = Arc::new(context);
        figures::report(&context);
        let turning = run_loop(context, wakeups, liveness.clone(), PATIENCE);
        let reconciling = tokio::spawn(turning);
        Self {
            liveness,
            readiness,
            stop,
            reconciling,
            telling,
            metrics,
        }
    }
}

impl World {
    /// An operator that has just started, and credentials of these names.
    pub fn with(credentials: &[&str]) -> Self {
        Self::renewing_by("Password", credentials)
    }

    /// As [`Self::with`], with credentials that are renewed by this grant.
    pub fn renewing_by(grant: &str, credentials: &[&str]) -> Self {
        Self::seen_by(Eyes::Told, grant, credentials)
    }

    /// As [`Self::renewing_by`], with an operator that watches for itself.
    pub fn watched(grant: &str, credentials: &[&str]) -> Self {
        Self::seen_by(Eyes::Watches(&[""]), grant, credentials)
    }

    /// An operator that watches these namespaces for itself.
    pub fn watching(namespaces: &'static [&'static str]) -> Self {
        Self::seen_by(Eyes::Watches(namespaces), "Password", &[])
    }

    fn seen_by(eyes: Eyes, grant: &str, credentials: &[&str]) -> Self {
        let world = Self::before(TrackTik::new, eyes, None, |_, _| ());
        for name in credentials {
            world.api.add_credential(name, grant);
        }
        world
    }
}

impl<E: TokenEndpoint> World<E> {
    /// An operator that has just started in front of this TrackTik, with what was settled before. With a seed, the
    /// operator does the same at the same times whenever the same happens to it.
    pub fn around(tracktik: impl FnOnce(Clock) -> E, seed: Option<u64>, settle: impl FnOnce(&ApiServer, &E)) -> Self {
        Self::before(tracktik, Eyes::Told, seed, settle)
    }

    fn before(
        tracktik: impl FnOnce(Clock) -> E,
        eyes: Eyes,
        seed: Option<u64>,
        settle: impl FnOnce(&ApiServer, &E),
    ) -> Self {
        let set_by = Arc::new(AtomicI64::new(0));
        let clock = Clock::following_tokio(START, Arc::clone(&set_by));
        let api = ApiServer::new(clock.clone());
        let tracktik = Arc::new(tracktik(clock.clone()));
        settle(&api, &tracktik);
        let ids = seed.map(ids);
        let operator = Operator::start(&api, Arc::<E>::clone(&tracktik), &clock, eyes, ids.as_ref());
        Self {
            api,
            tracktik,
            clock,
            set_by,
            eyes,
            ids,
            operator,
        }
    }

    /// What `/livez` and `/readyz` would say: whether the loop turns, and what is missing.
    pub fn probes(&self) -> (bool, Vec<String>) {
        let turns = self.operator.liveness.stuck_for().is_none();
        (turns, self.operator.readiness.missing())
    }

    /// What `/metrics` would say.
    pub fn scrape(&self) -> String {
        self.operator.metrics.render()
    }

    /// Sets the wall clock forward by this, or back. The time that passes is the same as before.
    pub fn set_clock_by(&self, step: Span) {
        self.set_by.fetch_add(step.as_millis(), Ordering::Relaxed);
    }

    /// Asks the operator to end, and does not wait for it.
    pub fn stop(&self) {
        self.operator.stop.cancel();
    }

    /// Whether the operator has ended once nothing is left to be done but to wait for time to pass.
    pub async fn has_ended_by_now(&self) -> bool {
        // Not a time-out: to whoever spins, no time passes on a paused clock.
        for _ in 0..1_000 {
            if self.operator.reconciling.is_finished() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }

    /// Asks the operator to end, and waits until it has.
    pub async fn end(mut self) {
        self.end_operator().await;
    }

    /// As [`Self::end`], where another is to be started.
    pub async fn end_operator(&mut self) {
        self.stop();
        (&mut self.operator.reconciling).await.unwrap();
    }

    /// Kills the operator as a lost node does: nothing that it was about to do is done, and nothing that it knew is left.
    pub async fn kill(&mut self) {
        self.operator.reconciling.abort();
        self.operator.telling.abort();
        let ended = (&mut self.operator.reconciling).await;
        assert!(
            ended.is_err_and(|error| error.is_cancelled()),
            "it ran until it was killed"
        );
    }

    /// Starts another operator after the one before has ended or was killed.
    pub fn start(&mut self) {
        let tracktik = Arc::<E>::clone(&self.tracktik);
        // It shows the same time, and begins to count its own anew, as that of a new process does.
        let set_by = Span::millis(self.set_by.load(Ordering::Relaxed));
        let clock = Clock::following_tokio(self.clock.now() - set_by, Arc::clone(&self.set_by));
        self.operator = Operator::start(&self.api, tracktik, &clock, self.eyes, self.ids.as_ref());
    }
}

fn ids(seed: u64) -> Ids {
    let given = AtomicU64::new(0);
    Arc::new(move || format!("{seed:016x}{:016x}", given.fetch_add(1, Ordering::Relaxed)))
}
