//! What status says: from the same observation that a step is decided from, to conditions and times.
//!
//! The rules of kstatus, which Flux, Argo CD and Helm 4 wait by: a state that only a person can end is Ready=False and
//! Stalled; one that time may end is Ready=False and Reconciling; a live token is Ready=True whatever else is wrong,
//! and `Renewed` tells the rest. A scheduled renewal moves neither.

use super::{
    decide::{self, Because, Decision},
    failure_record,
    observation::{Content, Observation, Target},
    schedule::{SHORT_LIVED, Timetable},
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
    let state = State {
        seen,
        decision,
        now,
        times: decide::times(seen, now),
    };
    let obstacle = state.obstacle();
    let worst = match (&obstacle, state.live()) {
        (Some(found), _) if found.outweighs_a_token => obstacle.clone(),
        (_, Some(_)) => None,
        _ => Some(obstacle.clone().unwrap_or_else(|| state.not_yet())),
    };
    let mut statements = Vec::with_capacity(3);
    match &worst {
        Some(worst) => statements.push(say(ConditionType::Ready, Truth::False, worst.reason, &worst.message)),
        None => statements.push(say(
            ConditionType::Ready,
            Truth::True,
            Reason::TokenValid,
            &state.praise(),
        )),
    }
    statements.push(state.renewed(obstacle.as_ref()));
    if let Some(worst) = &worst {
        let of = if worst.stalls {
            ConditionType::Stalled
        } else {
            ConditionType::Reconciling
        };
        statements.push(say(of, Truth::True, worst.reason, &worst.message));
    }
    let issue = seen.issue();
    Readiness {
        statements,
        issued: issue.map(|issue| issue.issued_at),
        expires: state.times.map(|times| times.expires),
        renews: state.renews(),
    }
}

fn say(of: ConditionType, truth: Truth, reason: Reason, message: &str) -> Statement {
    Statement {
        of,
        truth,
        reason,
        message: message.to_owned(),
    }
}

/// Something that stands between the credential and its next token.
#[derive(Clone, Debug)]
struct Obstacle {
    reason: Reason,
    message: String,
    /// Only a person can end it.
    stalls: bool,
    /// It makes Ready False even over a live token.
    outweighs_a_token: bool,
    /// It makes Renewed False: a failed attempt, or something that forbids one.
    forbids: bool,
}

struct State<'a> {
    seen: &'a Observation,
    decision: &'a Decision,
    now: Moment,
    times: Option<Timetable>,
}

impl State<'_> {
    /// The times of a live token for the current identity, intact and in the current layout.
    fn live(&self) -> Option<Timetable> {
        let issue = self.seen.issue()?;
        let intact = matches!(self.seen.content(), Some(Content::Good | Content::Unverified));
        let current = issue.identity == self.seen.identity && issue.layout == self.seen.layout;
        self.times.filter(|times| intact && current && times.expires > self.now)
    }

    /// The gravest of what stands in the way, in the order of the rows of [`decide::decide`].
    fn obstacle(&self) -> Option<Obstacle> {
        let seen = self.seen;
        let permanent = |reason, message: &str, outweighs_a_token| Obstacle {
            reason,
            message: message.to_owned(),
            stalls: true,
            outweighs_a_token,
            forbids: true,
        };
        if let Some(problem) = &seen.spec_problem {
            return Some(permanent(Reason::SpecInvalid, problem, true));
        }
        if let Target::Taken(by) = &seen.target {
            return Some(permanent(Reason::TargetConflict, by, true));
        }
        if seen.suspended {
            let message = "spec.suspend is true: no token is requested; set it to false to go on";
            return Some(Obstacle {
                forbids: false,
                ..permanent(Reason::Suspended, message, false)
            });
        }
        if let Some(trouble) = &seen.trouble {
            let next = match trouble.next {
                Moment::MAX => String::new(),
                next => format!(". Next attempt at {next}, or when the object changes"),
            };
            let message = format!("{}{next}", trouble.problem.message);
            return Some(Obstacle {
                stalls: trouble.permanent,
                ..permanent(trouble.problem.reason, &message, false)
            });
        }
        if let Some(problem) = &seen.domain_problem {
            return Some(permanent(Reason::DomainNotAllowed, problem, false));
        }
        if let Some(problem) = &seen.sources.problem {
            return Some(permanent(problem.reason, &problem.message, false));
        }
        self.failure().or_else(|| self.waiting())
    }

    /// The latest attempt, if it failed and was made with what stands now.
    fn failure(&self) -> Option<Obstacle> {
        let seen = self.seen;
        let stands = decide::now_stands(seen);
        // An announcement whose outcome a crash has lost is waited for, so it shows; but not over a failure that does,
        // which it neither ends nor changes.
        let lost = self.decision.because == Because::BackingOff && seen.failure.reason.is_none();
        let record = if lost {
            failure_record::folded(&seen.failure)
        } else {
            seen.failure.clone()
        };
        let reason = record.reason?;
        if !failure_record::concerns(&record, &stands) {
            return None;
        }
        let rejected = matches!(reason, Reason::CredentialsRejected | Reason::ClientRejected);
        let changed = seen.issue().is_some_and(|issue| {
            issue.identity != seen.identity || (issue.sources != seen.sources.versions && !stands.sources.is_empty())
        });
        let what = record.message.as_deref().unwrap_or("the latest token request failed");
        let next = match self.decision.because {
            Because::BackingOff | Because::Fresh | Because::TooManyGrants => self.next_attempt(),
            _ => String::new(),
        };
        Some(Obstacle {
            reason,
            message: format!("{what}{next}"),
            stalls: rejected,
            // New values were put in place and refused: that the old ones still have a live token hides a mistake.
            outweighs_a_token: rejected && changed,
            // An attempt whose outcome a crash has lost moves nothing while a live token is in place.
            forbids: reason != Reason::Issuing,
        })
    }

    fn next_attempt(&self) -> String {
        match self.renews() {
            Some(at) => format!(
                ". Next attempt at {at}; sooner when a source Secret or spec changes, or the annotation \
                 tracktik-operator.io/rotate gets a new value"
            ),
            None => String::new(),
        }
    }

    fn waiting(&self) -> Option<Obstacle> {
        let since = self
            .seen
            .waiting_since
            .filter(|since| *since + decide::QUIET_WAIT <= self.now)?;
        Some(Obstacle {
            reason: Reason::Waiting,
            message: format!(
                "the next token request waits for a free place since {since}: other requests to this host are under way"
            ),
            stalls: false,
            outweighs_a_token: false,
            forbids: false,
        })
    }

    /// Nothing stands in the way, and yet there is no live token: one is on its way.
    fn not_yet(&self) -> Obstacle {
        let expired = self.times.filter(|times| times.expires <= self.now);
        let (reason, message) = match expired {
            Some(times) if self.decision.because != Because::IdentityChanged => (
                Reason::TokenExpired,
                format!(
                    "the token in the token Secret expired at {}; a new one is being requested",
                    times.expires
                ),
            ),
            _ => (Reason::Issuing, "a token is being requested".to_owned()),
        };
        Obstacle {
            reason,
            message,
            stalls: false,
            outweighs_a_token: false,
            forbids: false,
        }
    }

    fn renewed(&self, obstacle: Option<&Obstacle>) -> Statement {
        // Waiting and suspension change nothing; behind them the latest failure still shows.
        let failure = self.failure();
        let forbidding = obstacle
            .filter(|found| found.forbids)
            .or(failure.as_ref())
            .filter(|found| found.forbids);
        if let Some(found) = forbidding {
            return say(ConditionType::Renewed, Truth::False, found.reason, &found.message);
        }
        if self.seen.issue().is_none() {
            return say(
                ConditionType::Renewed,
                Truth::Unknown,
                Reason::Issuing,
                "no token has been issued yet",
            );
        }
        say(
            ConditionType::Renewed,
            Truth::True,
            Reason::TokenValid,
            "the latest renewal succeeded",
        )
    }

    /// When the next request is made of the operator's own accord.
    fn renews(&self) -> Option<Moment> {
        match self.decision.because {
            Because::Fresh => self.times.map(|times| times.renews),
            Because::BackingOff => {
                let stands = decide::now_stands(self.seen);
                let anchor = self.seen.anchors.failure;
                failure_record::wait_until(&self.seen.failure, &stands, anchor, self.now)
            }
            _ => None,
        }
    }

    /// The message of Ready=True.
    fn praise(&self) -> String {
        let Some(times) = self.times else { return String::new() };
        let mut message = format!("the token is valid until {}", times.expires);
        match self.renews() {
            _ if self.seen.suspended => {
                message.push_str("; spec.suspend is true, so it will not be renewed");
            }
            Some(at) => message.push_str(&format!("; it will be renewed at {at}")),
            None => {}
        }
        let lifetime = self.seen.issue().map(super::observation::Issue::lifetime);
        if let Some(lifetime) = lifetime.filter(|lifetime| *lifetime < SHORT_LIVED) {
            message.push_str(&format!(
                "; tokens of this server live {} s, too short to have two minutes left at any moment",
                lifetime.as_seconds()
            ));
        }
        message
    }
}
