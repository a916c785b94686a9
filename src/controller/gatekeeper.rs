//! The gate as the reconciles share it: [`crate::rotation::gate`] behind a lock, with a clock that never goes back, and
//! places that go back whatever becomes of a request.
//!
//! Nobody waits in here: a credential that has to wait is in the gate's line, its reconcile ends, and the loop wakes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{
    api::{Failure, Moment, Span},
    clock::Clock,
    cluster::ObjectKey,
    metrics::GateFigures,
    rotation::{
        gate::{AccountAnswer, Answer, Gate, Limits, Outcome, Past, PlaceId, Refusal, Request, Sent, Wait},
        standing::Standing,
    },
};

/// The gate of the process. Clones share it.
#[derive(Clone, Debug)]
pub struct Gatekeeper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gate: Mutex<Gate>,
    clock: Clock,
    changed: Notify,
}

impl Gatekeeper {
    /// An open gate.
    #[must_use]
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            gate: Mutex::new(Gate::new(limits)),
            clock,
            changed: Notify::new(),
        }))
    }

    /// A place for a request, or what it has to wait for, by the wall clock; then it is in the line.
    ///
    /// # Errors
    /// What there is to wait for.
    pub fn ask(&self, request: &Request) -> Result<Place, Wait> {
        match self.0.change(|gate, now| gate.ask(request, now)) {
            Answer::Go(id) => Ok(Place {
                shared: Arc::clone(&self.0),
                id: Some(id),
                sending: false,
            }),
            Answer::Wait(wait) => Err(Wait {
                until: wait.until.map(|until| self.0.on_the_wall(until)),
                ..wait
            }),
        }
    }

    /// This credential wants no place any more: its reconcile ended in another way.
    pub fn leave(&self, credential: &ObjectKey) {
        self.0.change(|gate, _| gate.leave(&credential.to_string()));
    }

    /// On start: what the failure records tell of requests that may have failed lately.
    pub fn recall<'a>(&self, records: impl IntoIterator<Item = &'a Failure>) {
        let (now, steady) = (self.0.clock.now(), self.0.clock.steady());
        let past = records.into_iter().flat_map(Past::all_of);
        let past: Vec<Past> = past.map(|one| one.by_clock(|at| steady - (now - at))).collect();
        self.0.change(|gate, now| gate.recall(past, now));
    }

    /// On start: some failure records could not be read. See [`Gate::assume_the_worst`].
    pub fn assume_the_worst(&self) {
        self.0.change(Gate::assume_the_worst);
    }

    /// What the failure record of a credential tells of the values that it tried, if they were refused or their outcome was
    /// lost. See [`Gate::learn`].
    pub fn learn(&self, sent: Sent, standing: Standing) {
        let until = self.0.by_steady(standing.until);
        let now = self.0.clock.steady();
        self.0.gate().learn(sent, Standing { until, ..standing }, now);
    }

    /// What the facts on a token Secret tell of the values that it was granted for. See [`Gate::worked`].
    pub fn worked(&self, sent: Sent, issued_at: Moment) {
        let at = self.0.by_steady(issued_at);
        self.0.gate().worked(sent, at);
    }

    /// Returns once somebody may have to be woken. For one task.
    pub async fn changed(&self) {
        let next = self.0.gate().next_change(self.0.clock.steady());
        let by_itself = async {
            match next {
                Some(next) => tokio::time::sleep((next - self.0.clock.steady()).max(Span::ZERO).to_std()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.0.changed.notified() => {}
            () = by_itself => {}
        }
    }

    /// Who has to be woken now.
    #[must_use]
    pub fn to_wake(&self) -> Vec<ObjectKey> {
        let credentials = self.0.gate().to_wake(self.0.clock.steady());
        let keys = credentials.iter().filter_map(|credential| credential.split_once('/'));
        keys.map(|(namespace, name)| ObjectKey::new(namespace, name)).collect()
    }

    /// For the metrics.
    #[must_use]
    pub fn figures(&self) -> GateFigures {
        let (gate, now) = (self.0.gate(), self.0.clock.steady());
        GateFigures {
            places_left: gate.places_left(now),
            in_flight: gate.in_flight(),
            held: gate.held(now),
            waiting: gate.waiting(),
        }
    }
}

impl Shared {
    fn gate(&self) -> MutexGuard<'_, Gate> {
        // What it guards is plain state, changed by calls that leave it whole.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, act: impl FnOnce(&mut Gate, Moment) -> T) -> T {
        let answer = act(&mut self.gate(), self.clock.steady());
        self.changed.notify_one();
        answer
    }

    fn by_steady(&self, at: Moment) -> Moment {
        self.clock.steady() - (self.clock.now() - at)
    }

    fn on_the_wall(&self, at: Moment) -> Moment {
        self.clock.now() + (at - self.clock.steady())
    }
}

/// A place for a request. Dropped without an outcome, as in a panic, it counts as a request whose outcome is unknown, if
/// one may have been sent.
#[derive(Debug)]
#[must_use = "a place that is dropped is given back"]
pub struct Place {
    shared: Arc<Shared>,
    id: Option<PlaceId>,
    sending: bool,
}

impl Place {
    /// Whether these values may be sent; what is waited for is by the wall clock. See [`Gate::ask_account`].
    pub fn ask_account(&self, sent: Sent, by_request: bool) -> AccountAnswer {
        let Some(id) = &self.id else {
            return AccountAnswer::Busy;
        };
        let ask = |gate: &mut Gate, now| gate.ask_account(id, sent, by_request, now);
        match self.shared.change(ask) {
            AccountAnswer::Rejected(refusal) => AccountAnswer::Rejected(Refusal {
                until: self.shared.on_the_wall(refusal.until),
                ..refusal
            }),
            other => other,
        }
    }

    /// How far the pace of these values has come, by the wall clock. See [`Gate::standing`].
    #[must_use]
    pub fn standing(&self, sent: Sent) -> Option<Standing> {
        let standing = self.shared.gate().standing(self.id.as_ref()?, sent)?;
        Some(Standing {
            until: self.shared.on_the_wall(standing.until),
            ..standing
        })
    }

    /// From here on a byte may have been sent.
    pub fn sending(&mut self) {
        self.sending = true;
    }

    /// Gives the place back: at once, or after a while, as the outcome asks.
    pub fn finish(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(id) = self.id.take() {
            self.shared.change(|gate, now| gate.finish(&id, outcome, now));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.end(if self.sending {
            Outcome::Unknown
        } else {
            Outcome::NotSent
        });
    }
}
