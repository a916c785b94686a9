//! What stands between a credential and its next token, in the words of status.

use super::{
    backoff::pause_end,
    cause::GRANTS_IN_WINDOW,
    decide::{self, Because, Decision, Step},
    failure_record, failure_wait,
    gate::{Wait, WaitsFor},
    next_request::next_request,
    observation::{Observation, Target},
    patience::QUIET_WAIT,
};
use crate::api::{Moment, Reason, Span, status::LONGEST_MESSAGE};

/// Something that stands between the credential and its next token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// In one word.
    pub reason: Reason,
    /// For a person.
    pub message: String,
    /// Only a person can end it.
    pub stalls: bool,
    /// It makes Ready False even over a live token.
    pub outweighs_a_token: bool,
    /// It makes Renewed False: a failed attempt, or something that forbids one.
    pub forbids: bool,
}

impl Obstacle {
    /// Nothing to be ended by anybody: it passes by itself.
    fn passing(reason: Reason, message: String) -> Self {
        Self {
            reason,
            message,
            stalls: false,
            outweighs_a_token: false,
            forbids: false,
        }
    }

    /// Only a person can end it.
    fn permanent(reason: Reason, message: &str) -> Self {
        Self {
            stalls: true,
            forbids: true,
            ..Self::passing(reason, message.to_owned())
        }
    }
}

/// Everything that stands in the way, the gravest first: in the order of the rows of [`decide::decide`]. `live` is whether
/// a live token is in place.
#[must_use]
pub fn obstacles(seen: &Observation, decision: &Decision, live: bool, now: Moment) -> Vec<Obstacle> {
    let spec = seen.spec_problem.as_deref().map(|problem| Obstacle {
        outweighs_a_token: true,
        ..Obstacle::permanent(Reason::SpecInvalid, problem)
    });
    let view = seen.view_problem.as_ref().map(|problem| Obstacle {
        forbids: true,
        ..Obstacle::passing(problem.reason, problem.message.clone())
    });
    let taken = match &seen.target {
        Target::Taken(by) => Some(Obstacle {
            outweighs_a_token: true,
            ..Obstacle::permanent(Reason::TargetConflict, by)
        }),
        Target::Absent | Target::Ours(_) => None,
    };
    let suspended = seen.suspended.then(|| Obstacle {
        forbids: false,
        ..Obstacle::permanent(
            Reason::Suspended,
            "spec.suspend is true: no token is requested; set it to false to go on",
        )
    });
    let domain = seen.domain_problem.as_deref();
    let domain = domain.map(|problem| Obstacle::permanent(Reason::DomainNotAllowed, problem));
    let sources = seen.sources.problem.as_ref();
    let sources = sources.map(|problem| Obstacle::permanent(problem.reason, &problem.message));
    [
        spec,
        view,
        taken,
        suspended,
        trouble(seen, decision, now),
        domain,
        sources,
        failure(seen, decision, live, now),
        waiting(seen, decision, now),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A refusal by the API server. One whose time has come without anything left to do is over.
fn trouble(seen: &Observation, decision: &Decision, now: Moment) -> Option<Obstacle> {
    let trouble = seen.trouble.as_ref()?;
    let stands = pause_end(Some(trouble.next), now).is_some() || decision.step != Step::Wait;
    let next = format!(". Next attempt at {}, or when the object changes", trouble.next);
    stands.then(|| Obstacle {
        stalls: trouble.permanent,
        ..Obstacle::permanent(trouble.problem.reason, &joined(&trouble.problem.message, &next))
    })
}

/// The latest attempt, if it failed and was made with what stands now.
fn failure(seen: &Observation, decision: &Decision, live: bool, now: Moment) -> Option<Obstacle> {
    let stands = decide::now_stands(seen);
    // An announcement is unresolved where a login is not what is done now: then it is not this process's own.
    let record = match decision.step {
        Step::Login | Step::Refresh => seen.failure.clone(),
        _ => failure_record::folded(&seen.failure),
    };
    let reason = record.reason.filter(|_| failure_wait::concerns(&record, &stands))?;
    // Other values are being tried: over a live token that moves nothing, and without one they deserve a new chance.
    if failure_record::is_of_other_values(&record) && !live {
        let lost = failure_record::counts_unresolved(&record);
        let message = joined(failure_record::OUTCOME_LOST, &next_attempt(seen, now));
        return lost.then(|| Obstacle::passing(Reason::Issuing, message));
    }
    let rejected = matches!(reason, Reason::CredentialsRejected | Reason::ClientRejected);
    let changed = seen.issue().is_some_and(|issue| {
        issue.identity != seen.identity || (issue.sources != seen.sources.versions && !stands.sources.is_empty())
    });
    let what = record.message.as_deref().filter(|message| !message.is_empty());
    let next = match decision.because {
        Because::BackingOff | Because::Fresh | Because::TooManyGrants => next_attempt(seen, now),
        _ => String::new(),
    };
    Some(Obstacle {
        reason,
        message: joined(
            what.unwrap_or("the latest token request failed; another, with other values, was begun"),
            &next,
        ),
        stalls: rejected,
        // New values were put in place and refused: that the old ones still have a live token hides a mistake.
        outweighs_a_token: rejected && changed,
        // An attempt whose outcome a crash has lost moves nothing while a live token is in place.
        forbids: reason != Reason::Issuing,
    })
}

fn next_attempt(seen: &Observation, now: Moment) -> String {
    let Some(at) = next_request(seen, now) else {
        return String::new();
    };
    if seen.failure.reason == Some(Reason::EndpointThrottled) {
        // All who ask this host wait for the end of its pause, whatever changes.
        return format!(". Next attempt at {at}, not before the host's pause is over");
    }
    format!(
        ". Next attempt at {at}; sooner when a source Secret or spec changes, or the annotation \
         tracktik-operator.io/rotate gets a new value"
    )
}

fn waiting(seen: &Observation, decision: &Decision, now: Moment) -> Option<Obstacle> {
    if decision.because == Because::TooManyGrants {
        let at = next_request(seen, now)?;
        let message = format!(
            "{GRANTS_IN_WINDOW} tokens were requested in the last ten minutes, each for a change of a source Secret, \
             spec, the token Secret or the annotation tracktik-operator.io/rotate; the next is requested at {at}"
        );
        return Some(Obstacle::passing(Reason::Waiting, message));
    }
    at_the_gate(seen, QUIET_WAIT, now).map(|message| Obstacle::passing(Reason::Waiting, message))
}

/// What the next request has waited for at the gate, where that is for longer than `quiet`.
#[must_use]
pub fn at_the_gate(seen: &Observation, quiet: Span, now: Moment) -> Option<String> {
    let waiting = seen.waiting.filter(|waiting| waiting.since + quiet <= now)?;
    let what = waits_for(waiting.wait);
    Some(format!("the next token request waits since {}: {what}", waiting.since))
}

/// A time only where it is the end of a pause: that of a place depends on others, and would be written anew all the time.
fn waits_for(wait: Wait) -> String {
    let until = wait.until.map(|at| format!(" until {at}")).unwrap_or_default();
    match wait.what {
        WaitsFor::Budget => {
            "all places for token requests are taken, which keep failed logins below TrackTik's limit of 40 \
             in two minutes"
                .to_owned()
        }
        WaitsFor::UnprovenBudget => {
            "the places for credentials that are not known to work (new, changed, or failed since) are taken, which are half of all".to_owned()
        }
        WaitsFor::HostBusy => "other requests to this host are under way".to_owned(),
        WaitsFor::HostUntried => {
            "it is not known whether this host answers, and one request that finds out is under way".to_owned()
        }
        WaitsFor::HostSilent => {
            let next = wait.until.map_or_else(
                || "which is under way".to_owned(),
                |at| format!("the next at {at}"),
            );
            format!("the host gave no usable answer several times in a row, and is tried by one request at a time, {next}")
        }
        WaitsFor::HostThrottled => format!("the host asked for a pause{until}"),
        WaitsFor::HostFirewall => format!("the firewall in front of the host refused a request; none is sent{until}"),
        WaitsFor::Account => "another request with this account is under way".to_owned(),
    }
}

/// Nothing stands in the way, and yet there is no live token: one is on its way.
#[must_use]
pub fn not_yet(seen: &Observation, decision: &Decision, now: Moment) -> Obstacle {
    let expired = decide::times(seen, now).filter(|times| times.expires <= now);
    let current = seen.issue().is_some_and(|issue| issue.identity == seen.identity);
    let doing = match (decision.because, &decision.step) {
        (Because::Held, _) => "a token was granted and is being stored".to_owned(),
        (_, Step::Repair | Step::Verify | Step::MarkTried) | (Because::Fresh, _) => {
            "the token Secret is being brought into the state that is asked for".to_owned()
        }
        (Because::BackingOff, _) => match next_request(seen, now) {
            Some(at) => format!("the next token is requested at {at}"),
            None => "a token is being requested".to_owned(),
        },
        _ => "a token is being requested".to_owned(),
    };
    match expired {
        Some(times) if current => {
            let message = format!("the token in the token Secret expired at {}; {doing}", times.expires);
            Obstacle::passing(Reason::TokenExpired, message)
        }
        _ => Obstacle::passing(Reason::Issuing, doing),
    }
}

/// Both parts; where they are too long for status, the first loses its end.
fn joined(what: &str, next: &str) -> String {
    let room = LONGEST_MESSAGE.saturating_sub(next.chars().count());
    let what: String = what.chars().take(room).collect();
    what + next
}
