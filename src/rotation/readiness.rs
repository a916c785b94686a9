//! What status says: from the same observation that a step is decided from, to conditions and times.
//!
//! The rules of kstatus, which Flux, Argo CD and Helm 4 wait by: a state that only a person can end is Ready=False and
//! Stalled; one that time may end is Ready=False and Reconciling; a live token is Ready=True whatever else is wrong,
//! and `Renewed` tells the rest. A scheduled renewal moves neither.

use super::{
    cause::GRANTS_IN_WINDOW,
    decide::{self, Because, Decision},
    next_request::next_request,
    observation::{Content, Issue, Observation},
    obstacle::{Obstacle, at_the_gate, not_yet, obstacles},
    patience::{QUIET_WAIT, patient_wait},
    schedule::{SHORT_LIVED, Timetable},
    session::RefreshToken,
};
use crate::api::{
    ConditionType, Moment, Reason,
    conditions::{Statement, Truth},
};

/// What status says of a credential, before it meets what stands in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The conditions, in the order in which they are written.
    pub statements: Vec<Statement>,
    /// Whether a live token for the current identity is in place, intact and in the current layout.
    pub live: bool,
    /// When the token in place was issued.
    pub issued: Option<Moment>,
    /// When the token in place expires.
    pub expires: Option<Moment>,
    /// When the next request is made, if none is forbidden.
    pub renews: Option<Moment>,
}

/// Derives what status says. `decision` is the one that stands after everything that could be done was done.
#[must_use]
pub fn readiness(seen: &Observation, decision: &Decision, now: Moment) -> Readiness {
    let times = decide::times(seen, now);
    let renews = renews(seen, decision, now);
    let live = live(seen, times, now);
    let obstacles = obstacles(seen, decision, live.is_some(), now);
    let worst = obstacles.iter().find(|found| found.outweighs_a_token).or_else(|| {
        let gravest = obstacles.first();
        gravest.filter(|_| live.is_none())
    });
    let mut statements = Vec::with_capacity(3);
    match (live, worst) {
        (Some(live), None) => {
            let praise = praise(seen, decision, live, renews, now);
            statements.push(say(ConditionType::Ready, Truth::True, Reason::TokenValid, praise));
            statements.push(renewed(seen, &obstacles));
        }
        (_, worst) => {
            let worst = worst.cloned().unwrap_or_else(|| not_yet(seen, decision, now));
            let of = if worst.stalls {
                ConditionType::Stalled
            } else {
                ConditionType::Reconciling
            };
            statements.push(say(
                ConditionType::Ready,
                Truth::False,
                worst.reason,
                worst.message.clone(),
            ));
            statements.push(renewed(seen, &obstacles));
            statements.push(say(of, Truth::True, worst.reason, worst.message));
        }
    }
    Readiness {
        statements,
        live: live.is_some(),
        issued: issued(seen),
        expires: times.map(|times| times.expires).filter(|at| *at > Moment::default()),
        renews,
    }
}

fn say(of: ConditionType, truth: Truth, reason: Reason, message: String) -> Statement {
    Statement {
        of,
        truth,
        reason,
        message,
    }
}

/// The times of a live token for the current identity, intact and in the current layout.
fn live(seen: &Observation, times: Option<Timetable>, now: Moment) -> Option<Timetable> {
    let issue = seen.issue()?;
    let intact = matches!(seen.content(), Some(Content::Good | Content::Unverified));
    let current = issue.identity == seen.identity && issue.layout == seen.layout;
    times.filter(|times| intact && current && times.expires > now)
}

/// Waiting and suspension change nothing here: behind them, what forbids or failed still shows.
fn renewed(seen: &Observation, obstacles: &[Obstacle]) -> Statement {
    let of = ConditionType::Renewed;
    if let Some(found) = obstacles.iter().find(|found| found.forbids) {
        return say(of, Truth::False, found.reason, found.message.clone());
    }
    if seen.issue().is_none() {
        let message = "there is no token in the token Secret".to_owned();
        return say(of, Truth::Unknown, Reason::Issuing, message);
    }
    let message = if seen.suspended {
        "renewals can go on once spec.suspend is false"
    } else {
        "renewals can go on"
    };
    say(of, Truth::True, Reason::TokenValid, message.to_owned())
}

/// When the next request is made of the operator's own accord. It does not depend on what is done at this moment, so
/// that a renewal that waits for a place, or for the write of its token, writes no status of its own.
fn renews(seen: &Observation, decision: &Decision, now: Moment) -> Option<Moment> {
    match decision.because {
        Because::Deleting
        | Because::SpecInvalid
        | Because::TargetTaken
        | Because::Suspended
        | Because::Trouble
        | Because::DomainProblem
        | Because::SourceProblem => None,
        _ => next_request(seen, now),
    }
}

/// When the token in place was issued. One that was put back counts as the later one until that is marked on it: a
/// process that knows only status must see that its refresh token may have been used.
#[must_use]
pub fn issued(seen: &Observation) -> Option<Moment> {
    let issue = seen.issue()?;
    let unmarked = seen.is_put_back() && seen.refresh_token() == RefreshToken::Unused;
    let later = seen.latest_issued.filter(|_| unmarked);
    Some(later.unwrap_or(issue.issued_at).whole_second())
}

/// The message of Ready=True. A request that is held back because of too many, or at the gate, is told here, since over a
/// live token it moves no condition, and whoever asked for it or changed something would see nothing.
fn praise(seen: &Observation, decision: &Decision, live: Timetable, renews: Option<Moment>, now: Moment) -> String {
    let quiet = if decision.because == Because::Due {
        patient_wait(&seen.uid)
    } else {
        QUIET_WAIT
    };
    let waits = at_the_gate(seen, quiet, now).filter(|_| decision.step.grant().is_some());
    let next = match (waits, renews) {
        _ if seen.suspended => "; spec.suspend is true, so it will not be renewed".to_owned(),
        (Some(waits), _) => format!("; {waits}"),
        (None, Some(at)) if decision.because == Because::TooManyGrants => {
            format!("; {GRANTS_IN_WINDOW} tokens were requested in the last ten minutes, the next is requested at {at}")
        }
        (None, Some(at)) => format!("; it will be renewed at {at}"),
        (None, None) => String::new(),
    };
    let lifetime = seen.issue().map(Issue::lifetime);
    let short = lifetime.filter(|lifetime| *lifetime < SHORT_LIVED).map(|lifetime| {
        let seconds = lifetime.as_seconds();
        format!("; tokens of this server live {seconds} s, too short to have two minutes left at any moment")
    });
    format!(
        "the token is valid until {}{next}{}",
        live.expires,
        short.unwrap_or_default()
    )
}
