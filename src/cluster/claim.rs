//! The claim to be the leader: what everyone who acts asks right before acting.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    api::{Moment, Span},
    clock::{self, Clock, Instant},
};

/// Another process may be the leader by now, so nothing may be written or requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this process is not the leader")]
pub struct NotLeader;

/// Whether this process may act as the leader. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Claim(Option<Elected>);

#[derive(Clone, Debug)]
struct Elected {
    renewed: watch::Receiver<Option<Renewed>>,
    deadline: Duration,
    clock: Clock,
}

/// When a renewal was started, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewed {
    pub(super) monotonic: Instant,
    pub(super) wall: Moment,
}

impl Renewed {
    pub(super) fn now(clock: &Clock) -> Self {
        Self {
            monotonic: clock::monotonic(),
            wall: clock.now(),
        }
    }
}

impl Claim {
    /// Of a process that has no others beside it.
    #[must_use]
    pub fn without_election() -> Self {
        Self(None)
    }

    /// Whether less than the renew deadline has passed since the start of the latest renewal, by the monotonic clock
    /// and by the wall clock, and nobody has given the leadership up since.
    ///
    /// It may end the very next moment: asked right before each call, and not again by what the call takes.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let Some(elected) = &self.0 else { return true };
        // The sender goes with whoever renews: then there is nobody who would notice that the Lease is lost.
        if elected.renewed.has_changed().is_err() {
            return false;
        }
        let Some(renewed) = *elected.renewed.borrow() else {
            return false;
        };
        let monotonic = clock::monotonic().saturating_duration_since(renewed.monotonic);
        holds(monotonic, elected.clock.now() - renewed.wall, elected.deadline)
    }

    /// Returns once it is current: at once, or with the next renewal that succeeds. Never where nobody renews any more.
    pub async fn until_current(&self) {
        let Some(elected) = &self.0 else { return };
        let mut renewed = elected.renewed.clone();
        loop {
            // Before it is asked, lest a renewal in between be missed.
            renewed.mark_unchanged();
            if self.is_current() {
                return;
            }
            if renewed.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Returns once it is not current any more, within a second where only the wall clock says so: that of a machine that
    /// was suspended jumps. A renewal meanwhile puts it off. Never without an election.
    pub async fn until_over(&self) {
        let Some(elected) = &self.0 else {
            return std::future::pending().await;
        };
        let mut renewed = elected.renewed.clone();
        while self.is_current() {
            let began = renewed.borrow_and_update().map(|renewed| renewed.monotonic);
            let ends = began.map_or_else(clock::monotonic, |began| began + elected.deadline);
            tokio::select! {
                _ = renewed.changed() => {}
                () = tokio::time::sleep_until(ends.min(clock::monotonic() + Duration::from_secs(1))) => {}
            }
        }
    }

    /// As [`Claim::is_current`], for `?`.
    ///
    /// # Errors
    /// [`NotLeader`] where it is not.
    pub fn check(&self) -> Result<(), NotLeader> {
        if self.is_current() { Ok(()) } else { Err(NotLeader) }
    }
}

/// Whether a claim stands, so long after its renewal was started.
///
/// Two clocks, since each fails in a way of its own: the monotonic one stands still while a machine is suspended, and
/// the wall clock may be set back, by which a claim would last for ever.
#[must_use]
pub fn holds(monotonic: Duration, wall: Span, deadline: Duration) -> bool {
    monotonic < deadline && wall.to_std() < deadline
}

/// The end of a claim that renews it and withdraws it.
#[derive(Debug)]
pub(super) struct Grip(watch::Sender<Option<Renewed>>);

impl Grip {
    /// With the claim that stands from this renewal.
    pub(super) fn new(renewed: Renewed, deadline: Duration, clock: Clock) -> (Self, Claim) {
        let (sender, receiver) = watch::channel(Some(renewed));
        let claim = Claim(Some(Elected {
            renewed: receiver,
            deadline,
            clock,
        }));
        (Self(sender), claim)
    }

    pub(super) fn renew(&self, renewed: Renewed) {
        self.0.send_replace(Some(renewed));
    }

    pub(super) fn withdraw(&self) {
        self.0.send_replace(None);
    }

    /// When the latest renewal was started.
    pub(super) fn began(&self) -> Option<Instant> {
        self.0.borrow().map(|renewed| renewed.monotonic)
    }
}
