//! For how long status says nothing of a wait at the gate, so that many who wait at once are not many writes at once.

use super::{
    gate::{Wait, WaitsFor},
    observation::Observation,
    schedule::{part_of, spread},
};
use crate::api::{Moment, Span, TrackTikCredentialStatus};

/// A credential that waits for a place longer than this says so in status, …
pub const QUIET_WAIT: Span = Span::seconds(10);

/// … and a renewal by plan, which has many minutes, or a new credential that only waits for its turn, not before this
/// time: of a thousand that are due at once and take turns, none is to write a status of its own for that.
pub const PATIENT_WAIT: Span = Span::minutes(2);

/// Those who still wait then do not say so in the same second, which would keep the tokens that are due waiting for
/// thousands of writes: each is patient for a part of this longer.
pub const LONGEST_EXTRA: Span = Span::seconds(30);

/// How long this credential is patient: two minutes to two and a half, and the same at each look.
#[must_use]
pub fn patient_wait(uid: &str) -> Span {
    PATIENT_WAIT + Span::millis(part_of(spread(&[uid]), LONGEST_EXTRA.as_millis()))
}

/// Whether nothing was told of a credential yet. With any other status than this, or none, those who wait by kstatus would
/// take it for done.
#[must_use]
pub fn is_untold(status: &TrackTikCredentialStatus) -> bool {
    status.conditions.is_empty() && status.observed_generation == Some(-1)
}

/// Whether a credential that no status tells of yet has nothing to say either: it only waits for its turn. Its first words
/// are the announcement of its request; of many that come at once, each would else be written twice. It is silent for as
/// long as it is patient, and for ten seconds where nobody knows whether the host answers.
#[must_use]
pub fn waits_its_turn(seen: &Observation, now: Moment) -> bool {
    let quiet = |wait: Wait| {
        if wait.is_for_its_turn() {
            patient_wait(&seen.uid)
        } else if wait.what == WaitsFor::HostUntried {
            QUIET_WAIT
        } else {
            Span::ZERO
        }
    };
    let waits = seen
        .waiting
        .is_some_and(|waiting| waiting.since + quiet(waiting.wait) > now);
    // Of a live token workloads must be told, whatever became of the status that did.
    waits && seen.failure.is_empty() && seen.issue().is_none()
}

/// Whether an earlier process was still at work when a credential that is untold had been there for two minutes: then two
/// minutes of its patience are over when this process begins. Each begins it anew, and in a crash loop none may live to the
/// end of it.
///
/// The age of the credential alone would not do: of thousands that were applied while no operator ran, each would be
/// written twice. Nor would the time at which this process began, which comes again and again. That somebody was at work
/// is what statuses tell, of whatever credential: who waits for its turn waits behind requests that were announced there.
#[must_use]
pub fn was_passed_over(created: Moment, others_worked_until: Moment) -> bool {
    created + PATIENT_WAIT <= others_worked_until
}

/// When an operator did something for a credential last, as far as its status tells.
#[must_use]
pub fn last_act(status: &TrackTikCredentialStatus) -> Option<Moment> {
    let told = status.conditions.iter();
    let told = told.map(|condition| condition.last_transition_time);
    let announced = status
        .failure
        .iter()
        .filter_map(|failure| Some(failure.pending.as_ref()?.time));
    let ended = status.failure.iter().filter_map(|failure| failure.last_time);
    told.chain(announced).chain(ended).chain(status.issued_time).max()
}
