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

/// Of some rounds, by all that the API server's record tells.
pub struct Judgement {
    pub verdicts: Vec<Verdict>,
    pub foreign_writes: Vec<String>,
    pub violations: Vec<String>,
}

/// Judges rounds that were played together, of which the earlier ones' writes may still be in the record.
#[derive(Default)]
pub struct Judge {
    operators: BTreeSet<String>,
    token_secrets: BTreeSet<(String, String)>,
    lease_namespaces: BTreeSet<String>,
}

impl Judge {
    pub fn judge(&mut self, rounds: &[Played], audit: &[AuditEvent]) -> Judgement {
        self.operators.insert(OPERATOR.to_owned());
        for round in rounds {
            let namespace = &round.namespace;
            self.operators.extend([FIRST, OTHER].map(|of| user(namespace, of)));
            self.lease_namespaces.insert(lease_namespace(namespace));
            let secrets = round.subjects.iter().map(|fate| fate.subject.token_secret());
            self.token_secrets
                .extend(secrets.map(|secret| (namespace.clone(), secret)));
        }
        let ours = |event: &&AuditEvent| self.operators.contains(&event.user) && event.is_write();
        let writes: Vec<_> = audit.iter().filter(ours).collect();
        let foreign = writes.iter().filter(|event| self.is_foreign(event));
        let foreign_writes = foreign.map(|event| format!("{event:?}")).collect();
        let (verdicts, violations) = verdicts(rounds, audit, &writes);
        Judgement {
            verdicts,
            foreign_writes,
            violations,
        }
    }

    /// Whether it is none to the token Secrets, the statuses and the Leases of the rounds, and no event.
    fn is_foreign(&self, event: &AuditEvent) -> bool {
        match (event.resource.as_str(), event.subresource.as_str()) {
            ("secrets", "") => !self
                .token_secrets
                .contains(&(event.namespace.clone(), event.name.clone())),
            ("leases", "") => !self.lease_namespaces.contains(&event.namespace),
            ("tracktikcredentials", "status") | ("events", "") => false,
            _ => true,
        }
    }
}

fn verdicts(rounds: &[Played], audit: &[AuditEvent], writes: &[&AuditEvent]) -> (Vec<Verdict>, Vec<String>) {
    let (mut verdicts, mut violations) = (Vec::new(), Vec::new());
    let mut stored: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for event in writes.iter().filter(|event| stores_tokens(event)) {
        *stored.entry((&event.namespace, &event.name)).or_default() += 1;
    }
    for round in rounds {
        let told = |what: &str| format!("round {}, {:?} at {:?}: {what}", round.round, round.blow, round.work);
        violations.extend(round.violations.iter().map(|what| told(what)));
        violations.extend(written_after_thaw(round, audit).map(|what| told(&what)));
        for fate in &round.subjects {
            let secret = fate.subject.token_secret();
            let stored = stored.get(&(round.namespace.as_str(), secret.as_str())).copied();
            let (verdict, wrong) = verdict(round, fate, stored.unwrap_or_default());
            let of = |what: String| told(&format!("{}: {what}", fate.subject.name));
            violations.extend(wrong.into_iter().map(of));
            verdicts.push(verdict);
        }
    }
    (verdicts, violations)
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
