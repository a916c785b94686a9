//! What the records of the servers and of the API server say of rounds that have ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use testbed::audit_log::AuditEvent;

use crate::{
    crew::Blow,
    fate::{Fate, Played},
    figures::OPERATOR,
    landing::Landing,
    reckoning::Counted,
    replicas::{FIRST, OTHER, lease_namespace, user},
    round::SCENE,
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
    /// Granted to a leader that had stood still, after it went on.
    pub granted_late: u64,
    /// Logins that would not have been without the kill.
    pub extra_logins: u64,
}

/// Of some rounds, by all that the API server's record tells.
pub struct Judgement {
    pub verdicts: Vec<Verdict>,
    /// In these and in all rounds before.
    pub foreign_writes: Vec<String>,
    /// Writes that a leader which had stood still finished when it went on.
    pub finished_late: u64,
    /// Announcements that were carried out after the blow, when it had been looked at what it left, or may have been.
    pub announced_late: u64,
    pub violations: Vec<String>,
}

/// What accounts asked to change, by when it arrived, who asked and for what.
type Record = BTreeMap<(Timestamp, String, String), AuditEvent>;

/// Judges rounds as they end, while others are played: the API server's record of both is kept for as long as it may be needed.
#[derive(Default)]
pub struct Judge {
    record: Record,
    operators: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    token_secrets: BTreeSet<(String, String)>,
    lease_namespaces: BTreeSet<String>,
}

impl Judge {
    pub fn judge(&mut self, rounds: &[Played], audit: &[AuditEvent]) -> Judgement {
        self.operators.insert(OPERATOR.to_owned());
        for round in rounds {
            let namespace = &round.namespace;
            self.operators.extend([FIRST, OTHER].map(|of| user(namespace, of)));
            self.namespaces.insert(namespace.clone());
            self.lease_namespaces.insert(lease_namespace(namespace));
            let secrets = round.subjects.iter().map(|fate| fate.subject.token_secret());
            self.token_secrets
                .extend(secrets.map(|secret| (namespace.clone(), secret)));
        }
        let changes = audit.iter().filter(|event| event.asks_for_a_change());
        for event in changes.filter(|event| event.user.starts_with("system:serviceaccount:")) {
            let key = (event.received, event.user.clone(), event.request_uri.clone());
            self.record.entry(key).or_insert_with(|| event.clone());
        }
        let ours = |event: &&AuditEvent| self.operators.contains(&event.user) && event.may_have_written();
        let written: Vec<_> = self.record.values().filter(ours).collect();
        let foreign = written
            .iter()
            .filter(|event| !self.is_still_played(event) && self.is_foreign(event));
        let foreign_writes = foreign.map(|event| format!("{event:?}")).collect();
        let mut judgement = Judgement {
            verdicts: Vec::new(),
            foreign_writes,
            finished_late: 0,
            announced_late: 0,
            violations: Vec::new(),
        };
        let stored = stored(&written);
        for round in rounds {
            judgement.add(round, &self.record, &stored);
        }
        judgement
    }

    /// Whether it is in a namespace of a round that is not judged yet.
    fn is_still_played(&self, event: &AuditEvent) -> bool {
        let namespace = &event.namespace;
        let known = self.namespaces.contains(namespace) || self.lease_namespaces.contains(namespace);
        namespace.starts_with(SCENE) && !known
    }

    /// Whether it is none to the token Secrets, the statuses, the events and the Leases of the rounds.
    fn is_foreign(&self, event: &AuditEvent) -> bool {
        match (event.resource.as_str(), event.subresource.as_str()) {
            ("secrets", "") => !self
                .token_secrets
                .contains(&(event.namespace.clone(), event.name.clone())),
            ("leases", "") => !self.lease_namespaces.contains(&event.namespace),
            ("tracktikcredentials", "status") | ("events", "") => !self.namespaces.contains(&event.namespace),
            _ => true,
        }
    }
}

impl Judgement {
    fn add(&mut self, round: &Played, record: &Record, stored: &BTreeMap<(&str, &str), u64>) {
        let told = |what: &str| format!("round {}, {:?} at {:?}: {what}", round.round, round.blow, round.work);
        let late = written_after_thaw(round, record);
        self.finished_late += late.len() as u64;
        self.violations.extend(more_than_begun(&late).map(|what| told(&what)));
        self.violations.extend(round.violations.iter().map(|what| told(what)));
        for fate in &round.subjects {
            let secret = fate.subject.token_secret();
            let stored = stored.get(&(round.namespace.as_str(), secret.as_str())).copied();
            let seen = Landing::seen(fate.before.as_ref(), &fate.found);
            let announced_late = seen == Landing::Before && wrote_status_late(round, fate, record);
            self.announced_late += u64::from(announced_late);
            let (verdict, wrong) = verdict(round, fate, (seen, announced_late), stored.unwrap_or_default());
            let of = |what: String| told(&format!("{}: {what}", fate.subject.name));
            self.violations.extend(wrong.into_iter().map(of));
            self.verdicts.push(verdict);
        }
    }
}

/// How often tokens were stored, by namespace and name of the Secret.
fn stored<'a>(writes: &[&'a AuditEvent]) -> BTreeMap<(&'a str, &'a str), u64> {
    let mut stored = BTreeMap::new();
    for event in writes.iter().filter(|event| stores_tokens(event)) {
        *stored
            .entry((event.namespace.as_str(), event.name.as_str()))
            .or_default() += 1;
    }
    stored
}

/// Tokens are applied by the operator's own manager; the mark of a refresh token has another.
fn stores_tokens(event: &AuditEvent) -> bool {
    event.is_write() && event.resource == "secrets" && event.field_manager() == Some("tracktik-operator")
}

fn verdict(
    round: &Played,
    fate: &Fate,
    (seen, announced_late): (Landing, bool),
    stored: u64,
) -> (Verdict, Vec<String>) {
    let (subject, granted) = (&fate.subject, &fate.granted);
    let counted = Counted {
        grant: subject.grant,
        work: round.work,
        seen,
        announced_late,
        granted,
        stored,
    };
    let mut reckoning = counted.reckon();
    if fate.granted_to_thawed > 1 {
        let late = fate.granted_to_thawed;
        reckoning
            .wrong
            .push(format!("{late} grants to a leader that had stood still"));
    }
    let verdict = Verdict {
        work: round.work,
        blow: round.blow,
        backend: subject.backend,
        grant: subject.grant,
        landing: reckoning.landing,
        recovery: fate.recovery,
        logins: granted.logins,
        refreshes: granted.refreshes,
        granted_late: fate.granted_to_thawed,
        extra_logins: reckoning.extra_logins,
    };
    (verdict, reckoning.wrong)
}

/// Whether a write of the status was on its way at the blow, and carried out when it had been looked at what the blow left:
/// nobody else was at work by then. Where nothing of a request was found, it is the announcement. Of one that the blow cut
/// off, which the API server answers with 504, nobody knows whether or when it was carried out.
fn wrote_status_late(round: &Played, fate: &Fate, record: &Record) -> bool {
    let (looks, others) = round.looked;
    record.values().any(|event| {
        (&event.namespace, &event.name) == (&round.namespace, &fate.subject.name)
            && event.subresource == "status"
            && event.may_have_written()
            && (event.answered > looks || !event.is_write())
            && event.received < others
    })
}

/// What a leader that had stood still had written when it went on, whatever the answer was. It tries the Lease as well.
fn written_after_thaw<'a>(round: &Played, record: &'a Record) -> Vec<&'a AuditEvent> {
    let Some(thaw) = round.thaw else {
        return Vec::new();
    };
    let of = user(&round.namespace, FIRST);
    let theirs = record
        .values()
        .filter(|event| event.user == of && event.received > thaw);
    theirs.filter(|event| event.resource != "leases").collect()
}

/// The claim is asked right before a request; one that was on its way to the wire by then is finished after the thaw, as
/// after any delay in the network, and its precondition tells whether it still fits. Nothing may follow it.
fn more_than_begun(late: &[&AuditEvent]) -> impl Iterator<Item = String> {
    let mut of_each: BTreeMap<_, Vec<&AuditEvent>> = BTreeMap::new();
    for event in late {
        let credential = event.name.trim_end_matches("-token");
        of_each.entry(credential.to_owned()).or_default().push(event);
    }
    of_each
        .into_values()
        .filter(|events| events.len() > 1)
        .map(|events| format!("{events:#?}"))
}
