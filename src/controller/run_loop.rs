//! The loop: takes what is due, reconciles many at once, and survives a panic in any of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    task::{Id, JoinError, JoinSet},
};
use tracing::Instrument;

use super::{
    Context,
    queue::Queue,
    recall::Recall,
    reconcile::{Next, reconcile},
};
use crate::{
    api::{Moment, Span},
    clock::{self, Instant},
    cluster::ObjectKey,
    health::Liveness,
    metrics::ReconcileResult,
    random_id::random_id,
};

/// Reconciles at once. Each holds a slot for its API calls and one token request, never while it waits.
const AT_ONCE: usize = 64;

/// After a panic, the credential is looked at again after this time.
const AFTER_PANIC: Duration = Duration::from_mins(1);

/// The loop shows that it turns at least this often.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where watches put what must be looked at. Clones share one queue.
#[derive(Clone, Debug, Default)]
pub struct Wakeups(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Notify,
}

impl Wakeups {
    /// A credential must be looked at.
    pub fn wake(&self, key: ObjectKey) {
        self.with(|queue| queue.wake(key));
        self.0.changed.notify_one();
    }

    fn with<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        // The queue's methods leave it whole also where they panic: they only insert and remove.
        act(&mut self.0.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Finished = (ObjectKey, Next, f64);

/// Whose look a task is, and how its lines in the log are named.
type Looks = HashMap<Id, (ObjectKey, String)>;

/// Runs until the context says that it is stopping, then lets what has begun come to its end, for `patience` at most.
pub async fn run_loop(context: Arc<Context>, wakeups: Wakeups, liveness: Liveness, patience: Duration) {
    let mut tasks: JoinSet<Finished> = JoinSet::new();
    let mut looks = Looks::new();
    let mut clocks = Clocks::read(&context);
    let mut recall = Recall::new(&context);
    let mut leading = true;
    loop {
        liveness.beat();
        let led = std::mem::replace(&mut leading, context.claim.is_current());
        if leading && !led {
            // Another may have acted meanwhile, or time has passed.
            for credential in context.stores.credentials() {
                wakeups.with(|queue| queue.wake(credential.key.clone()));
            }
        }
        if clocks.jumped(&context) {
            tracing::info!("the clock was set, or the machine slept: looking at every credential again");
            wakeups.with(Queue::wake_all);
        }
        for key in context.gate.to_wake() {
            wakeups.with(|queue| queue.wake(key));
        }
        recall.go_on(&context);
        while leading
            && recall.has_begun()
            && tasks.len() < AT_ONCE
            && let Some(key) = wakeups.with(|queue| queue.take(clock::monotonic()))
        {
            if !recall.covers(&key.namespace, &context) {
                wakeups.with(|queue| queue.finished(&key, None, None));
                continue;
            }
            let look = random_id();
            let task = tasks.spawn(one(Arc::clone(&context), key.clone(), look.clone()));
            looks.insert(task.id(), (key, look));
        }
        context.metrics.queue_depth(wakeups.with(|queue| queue.depth()));
        context.metrics.workers(tasks.len(), AT_ONCE);
        let next = wakeups.with(|queue| queue.next_at());
        let sleep = sleep_until(next, leading && tasks.len() < AT_ONCE);
        tokio::select! {
            // Not in random order, so that a simulation goes the same way twice. None can keep another from its turn: the
            // others only wake the loop, which looks at everything above.
            biased;
            () = context.stopping.cancelled() => break,
            Some(done) = tasks.join_next_with_id() => settle(&context, &wakeups, &mut looks, done),
            () = wakeups.0.changed.notified() => {}
            () = context.gate.changed() => {}
            () = context.claim.until_current(), if !leading => {}
            () = tokio::time::sleep_until(sleep) => {}
        }
    }
    // Those whose tokens are granted and not stored, and who were waiting for their next try.
    for key in context.memories.holding() {
        tasks.spawn(one(Arc::clone(&context), key, random_id()));
    }
    drain(tasks, patience).await;
}

/// Timers follow a clock that never jumps; what they are set for follows one that does.
struct Clocks {
    wall: Moment,
    monotonic: Instant,
}

impl Clocks {
    fn read(context: &Context) -> Self {
        Self {
            wall: context.clock.now(),
            monotonic: clock::monotonic(),
        }
    }

    /// Whether the two have gone apart since they were last read, by more than a clock is corrected by as it runs.
    fn jumped(&mut self, context: &Context) -> bool {
        let now = Self::read(context);
        let passed = now.monotonic.duration_since(self.monotonic);
        let expected = self.wall + Span::millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        *self = now;
        let apart = (self.wall - expected).max(expected - self.wall);
        apart > Span::seconds(5)
    }
}

fn sleep_until(next: Option<Instant>, free: bool) -> Instant {
    let heartbeat = clock::monotonic() + HEARTBEAT;
    match next {
        Some(next) if free => next.min(heartbeat),
        _ => heartbeat,
    }
}

async fn one(context: Arc<Context>, key: ObjectKey, look: String) -> Finished {
    let began = clock::monotonic();
    // One id in each line that this look writes, so that the lines of many at once can be told apart.
    let span = tracing::info_span!(
        "reconcile",
        namespace = key.namespace,
        name = key.name,
        reconcile_id = look
    );
    let next = reconcile(&context, &key).instrument(span).await;
    (key, next, clock::monotonic().duration_since(began).as_secs_f64())
}

fn settle(context: &Context, wakeups: &Wakeups, looks: &mut Looks, done: Result<(Id, Finished), JoinError>) {
    match done {
        Ok((id, (key, next, seconds))) => {
            looks.remove(&id);
            let (result, at, order) = match next {
                Next::At(at, order) => (ReconcileResult::RequeueAfter, Some(at), Some(order)),
                Next::Nothing => (ReconcileResult::Success, None, None),
            };
            context.metrics.reconcile_finished(result, seconds);
            let at = at.map(|at| in_monotonic(at, context.clock.now()));
            wakeups.with(|queue| queue.finished(&key, at, order));
        }
        Err(error) => {
            let Some((key, look)) = looks.remove(&error.id()) else {
                return;
            };
            context.metrics.reconcile_finished(ReconcileResult::Error, 0.0);
            tracing::error!(
                namespace = key.namespace,
                name = key.name,
                reconcile_id = look,
                "a reconcile ended in a panic, which is a bug; the others go on, and this one is tried again in a minute"
            );
            let at = clock::monotonic() + AFTER_PANIC;
            context.gate.leave(&key);
            wakeups.with(|queue| queue.finished(&key, Some(at), None));
        }
    }
}

/// The wall clock may jump; a sleep does not.
fn in_monotonic(at: Moment, now: Moment) -> Instant {
    let wait = (at - now).max(Span::ZERO).min(Span::hours(24));
    clock::monotonic() + wait.to_std()
}

async fn drain(mut tasks: JoinSet<Finished>, patience: Duration) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(patience, all).await.is_err() {
        tracing::warn!("stopped before all reconciles had ended");
        tasks.abort_all();
    }
}
