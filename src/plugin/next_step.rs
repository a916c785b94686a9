//! What happens next to a credential, when and why. Status tells most of it; where it does not, the operator's own rules
//! are asked. Pure.

use serde::Serialize;
use tracktik_operator::{
    api::{Grant, Moment, Reason, Span, recheck},
    cluster::CredentialView,
    rotation::{
        Because, Observation, Step, decide,
        observation::{Content, OurTarget, Sources, Target},
        session::RefreshToken,
    },
    secrets::{source::SourcePlan, token_secret::Desired},
};

use super::{
    how_long::{at, how_long},
    token_facts::{Standing, TokenSeen, mark},
};

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextStep {
    /// In a sentence.
    pub what: String,
    /// When, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Moment>,
    /// Why, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A working operator has written status by then.
const SOON: Span = Span::minutes(2);

/// What was seen beside the credential; nothing of what could not be read.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The Secrets that hold the account.
    pub sources: Option<&'a Sources>,
    /// The token Secret.
    pub token: &'a TokenSeen,
}

/// Tells it.
pub fn next_step(credential: &CredentialView, seen: Seen<'_>, now: Moment) -> NextStep {
    let status = &credential.status;
    let nothing = |why: String| NextStep {
        what: "nothing".to_owned(),
        time: None,
        why: Some(why),
    };
    if credential.deleting {
        return nothing("the credential is being deleted".to_owned());
    }
    let condition = |of: &str| status.conditions.iter().find(|condition| condition.type_ == of);
    if status
        .observed_generation
        .is_none_or(|observed| observed < credential.generation)
    {
        let latest = if condition("Ready").is_some() {
            "the latest change"
        } else {
            "it"
        };
        return NextStep {
            what: format!("the operator looks at {latest}, which it has not done yet"),
            time: None,
            why: Some("within a second, if an operator runs that looks after this namespace".to_owned()),
        };
    }
    if credential.spec.as_ref().is_some_and(|spec| spec.suspend) {
        let name = &credential.key.name;
        return nothing(format!(
            "spec.suspend is true: `kubectl tracktik resume {name}` ends that"
        ));
    }
    if let Some(stalled) = condition("Stalled").filter(|stalled| stalled.status == "True") {
        let why = format!("somebody has to act: {}", stalled.message);
        return match status.renewal_time.filter(|at| *at > now) {
            Some(next) => request(credential, next, now, Some(why)),
            None => nothing(why),
        };
    }
    match status.renewal_time {
        Some(next) if next > now => request(credential, next, now, plan(credential, next)),
        Some(next) if now - next > SOON => NextStep {
            what: format!("a new token is requested: overdue for {}", how_long(now - next)),
            time: Some(next),
            why: Some("the operator is not running, or waits: see its log, and the condition Ready".to_owned()),
        },
        // Over a live token what forbids the next request shows there alone.
        None => match condition("Renewed").filter(|renewed| renewed.status == "False") {
            Some(renewed) => nothing(renewed.message.to_string()),
            None => decided(credential, seen, now),
        },
        Some(_) => decided(credential, seen, now),
    }
}

/// A token request at a time that status tells.
fn request(credential: &CredentialView, next: Moment, now: Moment, why: Option<String>) -> NextStep {
    let grant = credential
        .spec
        .as_ref()
        .map_or("a new token is requested", |spec| match spec.renewal.grant {
            Grant::Password => "a new token is requested by a login",
            Grant::Refresh => "a new token is requested by the refresh token, or by a login",
        });
    NextStep {
        what: format!("{grant}, {}", at(next, now)),
        time: Some(next),
        why,
    }
}

/// Why at that time.
fn plan(credential: &CredentialView, next: Moment) -> Option<String> {
    let status = &credential.status;
    if let Some(failure) = status.failure.as_ref().filter(|failure| failure.reason.is_some()) {
        let reason = failure.reason?.as_str();
        return Some(format!(
            "the latest request failed ({reason}, {} in a row)",
            failure.count.max(1)
        ));
    }
    let expires = status.expiration_time?;
    (expires > next).then(|| format!("by schedule, {} before the token expires", how_long(expires - next)))
}

/// As the operator decides, from what this person may see of it.
fn decided(credential: &CredentialView, seen: Seen<'_>, now: Moment) -> NextStep {
    let ready = credential
        .status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    let stands = ready.map(|ready| ready.message.to_string());
    // Of the wait for a place only the operator knows.
    let waits = ready.is_some_and(|ready| ready.reason == Reason::Waiting.as_str());
    let (Some(observation), Some(_)) = (observation(credential, seen), seen.sources) else {
        return NextStep {
            what: "not to be told without a look at the Secrets".to_owned(),
            time: None,
            why: stands,
        };
    };
    let decision = decide(&observation, now);
    NextStep {
        what: words(&decision.step).to_owned(),
        time: None,
        why: because(decision.because)
            .filter(|_| !waits)
            .map(str::to_owned)
            .or(stands),
    }
}

fn observation(credential: &CredentialView, seen: Seen<'_>) -> Option<Observation> {
    let spec = credential.spec.as_ref()?;
    let desired = Desired::of(spec, mark(credential));
    let target = match seen.token {
        TokenSeen::Unseen => return None,
        TokenSeen::Absent => Target::Absent,
        TokenSeen::There(facts) => match &facts.standing {
            Standing::Foreign(why) => Target::Taken(why.clone()),
            standing => Target::Ours(Box::new(OurTarget {
                issue: facts.issue.clone(),
                content: if *standing == Standing::Intact {
                    Content::Good
                } else {
                    Content::Damaged
                },
                drift: facts
                    .issue
                    .as_deref()
                    .and_then(|issue| desired.drift(&facts.meta, issue)),
                refresh_token: RefreshToken::Absent,
            })),
        },
    };
    Some(Observation {
        uid: credential.uid.clone(),
        deleting: credential.deleting,
        spec_problem: recheck::broken_rule(spec),
        suspended: spec.suspend,
        rotate: credential.rotate.clone(),
        handled_rotate: credential.status.last_handled_rotate.clone(),
        identity: SourcePlan::of(spec).identity(),
        layout: desired.layout.canonical(),
        renewal: spec.renewal.clone(),
        sources: seen.sources.cloned().unwrap_or_default(),
        target,
        failure: credential.status.failure.as_deref().cloned().unwrap_or_default(),
        latest_issued: credential.status.issued_time,
        ..Observation::default()
    })
}

fn words(step: &Step) -> &'static str {
    match step {
        Step::Wait => "nothing for now",
        Step::Verify | Step::MarkTried => "the token Secret is looked at",
        Step::Repair => "the token Secret is put right, without a login",
        Step::StoreHeld => "the token Secret is written",
        Step::DeleteOldTarget(_) => "an old token Secret is deleted",
        Step::Refresh => "a new token is requested by the refresh token",
        Step::Login => "a new token is requested by a login",
    }
}

/// Nothing where status says it better.
fn because(because: Because) -> Option<&'static str> {
    match because {
        Because::NoToken => Some("there is no token yet"),
        Because::Damaged => Some("somebody has changed the data of the token Secret"),
        Because::TooLittle => Some("the token Secret lacks what the new layout asks for"),
        Because::IdentityChanged => Some("the domain, or where the account comes from, was changed"),
        Because::SourcesChanged => Some("a source Secret was changed"),
        Because::RotateAsked => Some("a rotation was asked for"),
        Because::RefreshTried => Some("the refresh token in place was used, and no token came of it"),
        Because::AgeUnknown => Some("the age of the token in place cannot be told"),
        Because::PutBack => Some("somebody has put an older token back"),
        Because::Due => Some("the renewal is due"),
        Because::Drift => Some("the labels, annotations, owner or layout of the token Secret are not as asked for"),
        Because::Fresh => Some("a fresh token is in place"),
        _ => None,
    }
}
