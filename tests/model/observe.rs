//! As `controller/observe.rs` and `controller/observe_target.rs`: an observation from a cache and from memory.

use std::rc::Rc;

use tracktik_operator::{
    api::{Moment, Renewal},
    rotation::{
        Observation,
        cause::GRANT_WINDOW,
        merging::Surroundings,
        observation::{Content, Held, Issue, OurTarget, Sources, Target},
        session::RefreshToken,
    },
};

use crate::{
    api_server::{Objects, SecretObject, Slot, Status},
    others::notice,
    process::{Memory, Office},
    rules::{Rules, Safeguard},
};

/// The layout that both ask for, and have.
pub const LAYOUT: &str = "plain";

/// What was seen, from which Secret.
pub struct Seen {
    pub observation: Observation,
    pub token_secret: Option<Rc<SecretObject>>,
}

/// Identity of both: one account.
pub fn identity() -> String {
    "acme".to_owned()
}

/// The sources, at this version.
pub fn sources(version: u64) -> Vec<String> {
    vec![format!("account@1/{version}")]
}

/// The uid of a credential, by which its jitter is spread.
pub fn uid(of: usize) -> String {
    ["a", "b"][of].to_owned()
}

/// `observe::observe`.
pub fn observe(office: &mut Office, of: usize, now: Moment, rules: &Rules) -> Seen {
    let cache = office.cache.clone();
    let memory = &mut Rc::make_mut(&mut office.desks[of]).memory;
    let slot = &cache.slots[of];
    let anothers = notice(&cache.credentials[of], memory, now);
    forget_what_the_cache_has(slot, memory);
    let latest_status = latest_status(&cache, of, memory).clone();
    let token_secret = best_known(slot, memory);
    let in_status = latest_status.issued.filter(|_| !rules.lacks(Safeguard::IssuedTime));
    let mut seen = Observation {
        uid: uid(of),
        renewal: Renewal {
            grant: rules.grants[of],
            ..Renewal::default()
        },
        identity: identity(),
        layout: LAYOUT.to_owned(),
        sources: Sources {
            versions: sources(cache.account),
            problem: None,
        },
        target: target(token_secret.as_deref(), &latest_status, memory, rules),
        rotate: cache.credentials[of].rotate.clone(),
        waiting: memory.waiting,
        latest_issued: memory.requests.last_granted.or(in_status),
        ..Observation::default()
    };
    drop_outdated_held(memory, &seen, now);
    seen.held = memory.held.as_ref().map(|held| Held {
        issue: held.issue.clone(),
        not_before: held.not_before,
    });
    let held = memory.held.as_ref().map(|held| &held.issue);
    let recorded = latest_status.failure.as_ref();
    let recorded = recorded.filter(|_| !rules.lacks(Safeguard::FailureRecord));
    let rotate = cache.credentials[of].rotate.as_ref();
    if !rules.lacks(Safeguard::HeedingOthers) {
        let surroundings = Surroundings {
            anothers,
            failure: recorded,
            handled_rotate: latest_status.handled_rotate.as_ref(),
            rotate,
            in_place: held.or(seen.issue()),
            identity: &seen.identity,
            sources: &seen.sources.versions,
        };
        memory.requests.look(&surroundings, now);
    }
    seen.failure = memory.requests.failure(recorded, seen.issue(), held);
    seen.handled_rotate = memory
        .requests
        .handled_rotate(latest_status.handled_rotate.as_ref(), rotate);
    seen.anchors = memory.anchors.look(&seen, now, now);
    memory.requests.grants.retain(|at| *at + GRANT_WINDOW > now);
    seen.recent_grants.clone_from(&memory.requests.grants);
    let fingerprint = fingerprint(token_secret.as_deref(), &cache);
    let trouble = memory.trouble.as_ref().filter(|(of, _)| *of == fingerprint);
    seen.trouble = trouble.map(|(_, trouble)| trouble.clone());
    Seen {
        observation: seen,
        token_secret,
    }
}

fn forget_what_the_cache_has(slot: &Slot, memory: &mut Memory) {
    let cached = slot.secret.as_ref();
    let caught_up = memory
        .token_secret
        .as_ref()
        .is_some_and(|own| cached.is_some_and(|cached| own.version <= cached.version));
    if caught_up {
        memory.token_secret = None;
    }
}

/// `turn::latest_status`.
pub fn latest_status<'a>(cache: &'a Objects, of: usize, memory: &'a Memory) -> &'a Status {
    match &memory.status {
        Some((version, status)) if *version > cache.credentials[of].version => status,
        _ => &cache.credentials[of].status,
    }
}

fn best_known(slot: &Slot, memory: &Memory) -> Option<Rc<SecretObject>> {
    let own = memory.token_secret.clone();
    match (slot.secret.clone(), own) {
        (Some(cached), Some(own)) if own.version > cached.version => Some(own),
        (Some(cached), _) => Some(cached),
        (None, Some(own)) => (slot.version <= own.version).then_some(own),
        (None, None) => None,
    }
}

fn target(found: Option<&SecretObject>, status: &Status, memory: &Memory, rules: &Rules) -> Target {
    let Some(found) = found else { return Target::Absent };
    if !found.ours {
        return Target::Taken("somebody else".to_owned());
    }
    let refresh_token = found.issue.as_ref().map_or(RefreshToken::Absent, |issue| {
        refresh_token(found, issue, status, memory, rules)
    });
    Target::Ours(Box::new(OurTarget {
        issue: found.issue.clone().map(std::sync::Arc::new),
        content: known_of(found, status, memory),
        drift: None,
        refresh_token,
    }))
}

fn known_of(found: &SecretObject, status: &Status, memory: &Memory) -> Content {
    match memory.verified {
        Some((version, content)) if version == found.version => content,
        _ if is_our_write(found, status, memory) => Content::Good,
        _ => Content::Unverified,
    }
}

fn is_our_write(found: &SecretObject, status: &Status, memory: &Memory) -> bool {
    memory.wrote == Some(found.version) || status.token_secret == Some(found.version)
}

fn refresh_token(found: &SecretObject, issue: &Issue, status: &Status, memory: &Memory, rules: &Rules) -> RefreshToken {
    let on_it = found.tried.as_ref().filter(|_| !rules.lacks(Safeguard::HeedingTheMark));
    let marked = [on_it, memory.refresh_tried.as_ref()].contains(&Some(&issue.issue_id));
    if !issue.refreshable {
        RefreshToken::Absent
    } else if marked {
        RefreshToken::Tried
    } else if !is_our_write(found, status, memory) && !rules.lacks(Safeguard::Doubt) {
        RefreshToken::Doubtful
    } else {
        RefreshToken::Unused
    }
}

fn drop_outdated_held(memory: &mut Memory, seen: &Observation, now: Moment) {
    let Some(held) = &memory.held else { return };
    let overtaken = seen.issue().is_some_and(|issue| {
        let replaced = held.over.as_ref() == Some(&issue.issue_id);
        issue.issue_id == held.issue.issue_id
            || (!replaced && issue.issued_at > held.issue.issued_at && issue.identity == seen.identity)
    });
    let past_half = now > held.issue.issued_at + held.issue.lifetime().divided_by(2);
    if overtaken || past_half {
        memory.held = None;
    }
}

/// `turn::Turn::fingerprint`.
pub fn fingerprint(found: Option<&SecretObject>, cache: &Objects) -> String {
    format!("{:?} {}", found.map(|found| found.version), cache.account)
}
