//! Which rights the operator was found to lack while it worked, for `/readyz`: it names the namespace, and the rest goes on.
//!
//! Lists and watches tell of theirs themselves. What shows only in a write is told here: where it is the write of status that
//! is refused, the credential itself can say nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{record::Recorded, turn::Turn};
use crate::{
    cluster::ObjectKey,
    health::{Readiness, ReadinessItem},
    rotation::{Decision, Step},
};

/// What was refused, by namespace.
#[derive(Debug)]
pub struct MissingRights {
    readiness: Readiness,
    namespaces: Mutex<BTreeMap<String, Refused>>,
}

/// Why, by the credential that met it; the item goes once there is none.
#[derive(Debug)]
struct Refused {
    item: ReadinessItem,
    by_credential: BTreeMap<String, String>,
}

impl MissingRights {
    /// None so far; told in this list.
    pub fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            namespaces: Mutex::default(),
        }
    }

    /// What a look at a credential has found, or nothing where it is gone or has what it needs.
    pub fn found(&self, credential: &ObjectKey, why: Option<String>) {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = &credential.namespace;
        let Some(why) = why else {
            if let Some(refused) = namespaces.get_mut(namespace)
                && refused.by_credential.remove(&credential.name).is_some()
                && !refused.tell()
            {
                namespaces.remove(namespace);
            }
            return;
        };
        let refused = namespaces.entry(namespace.clone()).or_insert_with(|| Refused {
            item: self.readiness.item(format!("rights in namespace {namespace}")),
            by_credential: BTreeMap::new(),
        });
        refused.by_credential.insert(credential.name.clone(), why);
        refused.tell();
    }
}

impl Refused {
    /// One stands for all: it is the same right, or the next is told once this one is given. Whether there is one.
    fn tell(&self) -> bool {
        let why = self.by_credential.values().next();
        match why {
            Some(why) => self.item.missing(why.as_str()),
            None => self.item.withdraw(),
        }
        why.is_some()
    }
}

/// The right that this credential lacks, as far as a write or a read has shown it. What was refused and is not to be tried again,
/// since nothing is left to do, is not missed.
pub fn missing_right(turn: &Turn<'_>, decision: &Decision, recorded: Recorded) -> Option<String> {
    let unwritten = matches!(recorded, Recorded::Failed | Recorded::Yielded(_));
    // A request that could not be announced is decided on again at each look.
    let status = turn.memory.status_denied.as_deref();
    let status = status.filter(|_| unwritten || decision.step.grant().is_some());
    let status = status.map(|why| format!("{why}: grant the operator patch on tracktikcredentials/status"));
    let secret = turn.seen.trouble.as_ref().filter(|_| turn.memory.access_denied);
    let secret = secret.filter(|trouble| trouble.next > turn.now || decision.step != Step::Wait);
    status.or_else(|| Some(secret?.problem.message.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_named_until_each_of_its_credentials_has_what_it_needs_or_is_gone() {
        let readiness = Readiness::default();
        readiness.item("API server").ready();
        let rights = MissingRights::new(readiness.clone());
        let [acme, other, elsewhere] = [("team", "acme"), ("team", "other"), ("b", "acme")]
            .map(|(namespace, name)| ObjectKey::new(namespace, name));
        rights.found(&acme, None);
        assert_eq!(readiness.missing(), [""; 0], "nothing was ever refused");
        rights.found(&acme, Some("one".to_owned()));
        rights.found(&other, Some("two".to_owned()));
        rights.found(&elsewhere, Some("three".to_owned()));
        assert_eq!(
            readiness.missing(),
            ["rights in namespace b: three", "rights in namespace team: one"]
        );
        rights.found(&acme, None);
        rights.found(&elsewhere, None);
        assert_eq!(readiness.missing(), ["rights in namespace team: two"]);
        rights.found(&other, None);
        assert_eq!(readiness.report(), Ok("ok\n"));
    }
}
