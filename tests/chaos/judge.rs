//! What the records of the servers and of the API server say of rounds that have ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use testbed::audit_log::AuditEvent;

use crate::{
    crew::Blow,
    fate::{Fate, Played},
    figures::OPERATOR,
    landing::Landing,
    replicas::{FIRST, OTHER, lease_namespace, user},
    servers::Backend,
    subject::Grant,
    work::Work,
};

/// What the judgement of one credential comes to.
pub struct Verdict {
    pub work: Work,
    pub blow: Blow,
    pub backend: Backend,
    pub grant: Grant,
    pub landing: Landing,
    pub recovery: Option<Duration>,
    pub logins: u64,
    pub refreshes: u64,
    /// Logins that would not have been without the kill.
    pub extra_logins: u64,
}

/// Of all rounds whose namespaces the API server's record tells of.
pub struct Judgement {
    pub verdicts: Vec<Verdict>,
    pub foreign_writes: Vec<String>,
    pub violations: Vec<String>,
}

pub fn judge(rounds: &[Played], audit: &[AuditEvent]) -> Judgement {
    let mut operators = BTreeSet::from([OPERATOR.to_owned()]);
    operators.extend(rounds.iter().flat_map(|round| [FIRST, OTHER].map(|of| user(&round.namespace, of))));
    let writes: Vec<_> = audit
        .iter()
        .filter(|event| operators.contains(&event.user) && event.is_write())
        .collect();
    let mut stored: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for event in writes.iter().filter(|event| stores_tokens(event)) {
        *stored.entry((&event.namespace, &event.name)).or_default() += 1;
    }
    let mut judgement = Judgement {
        verdicts: Vec::new(),
        foreign_writes: foreign(rounds, &writes),
        violations: Vec::new(),
    };
    for round in rounds {
        let told = |what: &str| format!("round {}, {}: {what}", round.round, round.work.name());
        judgement
            .violations
            .extend(round.violations.iter().map(|what| told(what)));
        for fate in &round.subjects {
            let secret = format!("{}-token", fate.subject.name);
            let stored = stored.get(&(round.namespace.as_str(), secret.as_str())).copied();
            let (verdict, violations) = verdict(round, fate, stored.unwrap_or_default());
            let of = |what: String| told(&format!("{}: {what}", fate.subject.name));
            judgement.violations.extend(violations.into_iter().map(of));
            judgement.verdicts.push(verdict);
        }
    }
    judgement
}

/// Tokens are applied by the operator's own manager; the mark of a refresh token has another.
fn stores_tokens(event: &AuditEvent) -> bool {
    event.resource == "secrets" && event.field_manager() == Some("tracktik-operator")
}

fn verdict(round: &Played, fate: &Fate, stored: u64) -> (Verdict, Vec<String>) {
    let (subject, granted) = (&fate.subject, fate.granted);
    let mut violations = Vec::new();
    let grants = granted.logins + granted.refreshes;
    let lost = grants.saturating_sub(stored);
    // One kill with one request under way: at most one grant is in no Secret.
    if lost > 1 || stored > grants || stored == 0 {
        violations.push(format!("{grants} grants, of which {stored} were stored"));
    }
    if granted.refused > 0 {
        violations.push(format!("{} requests were refused", granted.refused));
    }
    if fate.granted_to_thawed > 0 {
        violations.push("a leader that had stood still was granted a token".to_owned());
    }
    let planned = match (subject.grant, round.work) {
        (Grant::Refresh, _) | (Grant::Password, Work::First) => 1,
        (Grant::Password, Work::Asked) => 2,
        (Grant::Password, Work::Due | Work::DueLater) => stored,
    };
    let extra_logins = granted.logins.saturating_sub(planned);
    let landing = Landing::of(fate.before.as_ref(), &fate.found, lost);
    if extra_logins > u64::from(landing.is_in_flight()) {
        violations.push(format!("{extra_logins} logins too many, killed {}", landing.name()));
    }
    let verdict = Verdict {
        work: round.work,
        blow: round.blow,
        backend: subject.backend,
        grant: subject.grant,
        landing,
        recovery: fate.recovery,
        logins: granted.logins,
        refreshes: granted.refreshes,
        extra_logins,
    };
    (verdict, violations)
}

/// What a leader that had stood still asked to have written when it went on, whatever the answer was. It tries the Lease.
fn written_after_thaw(round: &Played, audit: &[AuditEvent]) -> impl Iterator<Item = String> {
    let of = user(&round.namespace, FIRST);
    let after = move |event: &&AuditEvent| {
        round.thaw.is_some_and(|thaw| event.received > thaw)
            && event.user == of
            && event.resource != "leases"
            && event.asks_for_a_change()
    };
    audit.iter().filter(after).map(|event| format!("{event:?}"))
}

/// Every write of the operators' but to the token Secrets, the statuses and the Leases of these rounds, and events.
fn foreign(rounds: &[Played], writes: &[&AuditEvent]) -> Vec<String> {
    let mut ours = BTreeSet::new();
    for round in rounds {
        for fate in &round.subjects {
            ours.insert((round.namespace.as_str(), format!("{}-token", fate.subject.name)));
        }
    }
    let leases: BTreeSet<_> = rounds.iter().map(|round| lease_namespace(&round.namespace)).collect();
    let is_foreign = |event: &&&AuditEvent| match (event.resource.as_str(), event.subresource.as_str()) {
        ("secrets", "") => !ours.contains(&(event.namespace.as_str(), event.name.clone())),
        ("leases", "") => !leases.contains(&event.namespace),
        ("tracktikcredentials", "status") | ("events", "") => false,
        _ => true,
    };
    let foreign = writes.iter().filter(is_foreign);
    foreign.map(|event| format!("{event:?}")).collect()
}
