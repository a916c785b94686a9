//! Gathers an observation from the stores and from memory. No I/O: on the path of a fresh credential nothing is asked.

use std::sync::Arc;

use super::{
    Context,
    memory::{Memory, is_later},
    observe_target::{old_targets, remember_facts, target},
    others,
    turn::{Asked, Turn, handled_rotate, latest_status},
};
use crate::{
    api::{Moment, Reason, recheck},
    cluster::{CredentialView, Sync},
    rotation::{
        Observation,
        cause::GRANT_WINDOW,
        merging::Surroundings,
        observation::{Held, Problem, Sources, Trouble},
    },
    secrets::{source::SourcePlan, token_secret::Desired},
};

/// Looks at a credential.
#[must_use]
pub fn observe<'a>(context: &'a Context, credential: Arc<CredentialView>, memory: &'a mut Memory) -> Turn<'a> {
    let now = context.clock.now();
    let mark = Turn::mark(&credential);
    let steady = context.clock.steady();
    let anothers = others::notice(&credential, memory, steady);
    forget_what_the_cache_has(context, &credential, memory);
    memory.repair = memory.repair.take().filter(|repair| repair.0 == credential.generation);
    let asked = credential.spec.as_ref().map(|spec| Asked {
        plan: SourcePlan::of(spec),
        desired: Desired::of(spec, mark.clone()),
        domain: spec.domain.clone(),
    });
    let mut seen = Observation {
        uid: credential.uid.clone(),
        deleting: credential.deleting,
        spec_problem: spec_problem(&credential).or_else(|| recheck::broken_rule(credential.spec.as_ref()?)),
        view_problem: view_problem(context, &credential.key.namespace),
        rotate: credential.rotate.clone(),
        waiting: memory.waiting.as_deref().copied(),
        repair_not_before: memory.repair.as_ref().and_then(|repair| repair.1.until),
        latest_issued: memory
            .requests
            .last_granted
            .or(latest_status(&credential, memory).issued_time),
        ..Observation::default()
    };
    let mut token_secret = None;
    if let (Some(spec), Some(asked)) = (&credential.spec, &asked) {
        seen.suspended = spec.suspend;
        seen.renewal = spec.renewal.clone();
        seen.identity = asked.plan.identity();
        seen.layout = asked.desired.layout.canonical();
        // It repeats the domain, which may hold a password unless it was found to be a host.
        seen.domain_problem = domain_problem(context, &spec.domain).filter(|_| seen.spec_problem.is_none());
        seen.sources = sources(context, &credential, asked, memory);
        let (target, found) = target(context, &credential, asked, memory);
        remember_facts(&target, found.as_ref(), memory);
        seen.target = target;
        token_secret = found;
        seen.old_targets = old_targets(context, &credential, asked, memory);
    }
    drop_outdated_held(memory, &seen, now);
    seen.held = memory.held.as_ref().map(|held| Held {
        issue: held.issue.clone(),
        not_before: held.not_before,
    });
    let held = memory.held.as_ref().map(|held| &held.issue);
    let in_status = Arc::clone(latest_status(&credential, memory));
    let surroundings = Surroundings {
        anothers,
        failure: in_status.failure.as_deref(),
        handled_rotate: in_status.last_handled_rotate.as_ref(),
        rotate: credential.rotate.as_ref(),
        in_place: held.or(seen.issue()),
        identity: &seen.identity,
        sources: &seen.sources.versions,
    };
    memory.requests.look(&surroundings, now);
    seen.failure = memory
        .requests
        .failure(in_status.failure.as_deref(), seen.issue(), held);
    seen.handled_rotate = handled_rotate(&credential, memory);
    seen.anchors = memory.anchors.look(&seen, now, steady);
    memory.requests.grants.retain(|at| *at + GRANT_WINDOW > now);
    seen.recent_grants.clone_from(&memory.requests.grants);
    let mut turn = Turn {
        context,
        credential,
        memory,
        asked,
        token_secret,
        read_versions: Vec::new(),
        seen,
        now,
    };
    turn.seen.trouble = trouble(&turn);
    turn
}

/// From the moment the cache holds our own write, or a later one, it alone tells what is there: what is remembered beyond
/// that would bring a Secret back that was deleted under another mark.
fn forget_what_the_cache_has(context: &Context, credential: &CredentialView, memory: &mut Memory) {
    let caught_up = memory.token_secret.as_ref().is_some_and(|own| {
        let cached = context.stores.secret(&credential.key.sibling(&own.key.name));
        cached.is_some_and(|cached| !is_later(&own.resource_version, &cached.resource_version))
    });
    if caught_up {
        memory.token_secret = None;
    }
}

fn spec_problem(credential: &CredentialView) -> Option<String> {
    credential.spec.is_none().then(|| {
        "the spec cannot be decoded by this version of the operator: compare the installed CRD with the operator's \
         (`tracktik-operator crd`)"
            .to_owned()
    })
}

/// Without the list of what is allowed: it may name other tenants' domains, and whoever reads this is one of them.
fn domain_problem(context: &Context, domain: &str) -> Option<String> {
    (!context.allowed_domains.allows(domain)).then(|| {
        format!(
            "spec.domain {domain:?} is not allowed by the operator's --allowed-domain: correct it, or have the operator's \
             administrator allow it"
        )
    })
}

fn sources(context: &Context, credential: &CredentialView, asked: &Asked, memory: &Memory) -> Sources {
    let mut versions = Vec::new();
    for name in asked.plan.secrets() {
        match context.stores.secret(&credential.key.sibling(name)) {
            Some(found) => versions.push(found.version()),
            None => {
                return Sources {
                    versions: Vec::new(),
                    problem: Some(asked.plan.missing(name)),
                };
            }
        }
    }
    let known = memory.source_problem.as_ref();
    let known = known.filter(|known| known.versions == versions && known.identity == asked.plan.identity());
    let problem = known.map(|known| known.problem.clone());
    // An edit that a read has shown to leave the values as they were is no change.
    let last_used = memory
        .last_used
        .as_ref()
        .filter(|used| used.same_as.as_ref() == Some(&versions));
    let versions = last_used.map_or(versions, |used| used.versions.clone());
    Sources { versions, problem }
}

/// A held token that is no longer wanted: a later one is in place, or it is past half its life. Where the clock was set
/// back, the token that it replaces claims to be later, and the next login would not help.
fn drop_outdated_held(memory: &mut Memory, seen: &Observation, now: Moment) {
    let Some(held) = &memory.held else { return };
    let overtaken = seen.issue().is_some_and(|issue| {
        let replaced = held.over.as_ref() == Some(&issue.issue_id);
        issue.issue_id == held.issue.issue_id
            || (!replaced && issue.issued_at > held.issue.issued_at && issue.identity == seen.identity)
    });
    if overtaken || now > held.issue.issued_at + held.issue.lifetime().divided_by(2) {
        memory.held = None;
    }
}

/// Without a view of the namespace's Secrets nothing can be said of source or target.
fn view_problem(context: &Context, namespace: &str) -> Option<Problem> {
    let (_, Sync::Refused(why)) = context.stores.sync_of(namespace) else {
        return None;
    };
    let message = format!(
        "the operator may not watch Secrets in namespace {namespace:?}: {why}; it is tried again every half minute"
    );
    Some(Problem {
        reason: Reason::AccessDenied,
        message,
    })
}

fn trouble(turn: &Turn<'_>) -> Option<Trouble> {
    let fingerprint = turn.fingerprint();
    turn.memory
        .trouble
        .as_ref()
        .filter(|trouble| trouble.0 == fingerprint)
        .map(|trouble| trouble.1.clone())
}
