//! What was done before this process led, as statuses tell it: the requests of the failure records are brought to the gate
//! before anything is done, and how long others were at work is noted.
//!
//! The records of a namespace are known once all of its credentials were listed. Until then none of them is looked at;
//! and where others begin before that, the gate assumes the worst of what is not known.

use std::collections::HashSet;

use super::Context;
use crate::{
    api::{Moment, Span},
    rotation::patience::last_act,
};

/// A list that is not answered holds up those of other namespaces for so long.
const PATIENCE: Span = Span::seconds(30);

/// Which records the gate has been told of.
#[derive(Debug)]
pub struct Recall {
    /// Namespaces, or all under `""`.
    done: HashSet<String>,
    begun: bool,
    /// Of all.
    complete: bool,
    patient_until: Moment,
}

impl Recall {
    /// Of none.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            done: HashSet::new(),
            begun: false,
            complete: false,
            patient_until: context.clock.steady() + PATIENCE,
        }
    }

    /// Brings to the gate what was listed since the last time.
    pub fn go_on(&mut self, context: &Context) {
        // Asked at each turn of the loop.
        if self.complete {
            return;
        }
        let lists = context.stores.credential_lists();
        let listed = lists.synced.iter().filter(|scope| !self.done.contains(*scope));
        let listed: HashSet<String> = listed.cloned().collect();
        if !listed.is_empty() {
            recall(context, |namespace| listed.contains(namespace) || listed.contains(""));
            self.done.extend(listed);
        }
        self.complete = lists.asked > 0 && self.done.len() == lists.asked;
        let waits = lists.unanswered && context.clock.steady() < self.patient_until;
        // As long as nothing was listed, nobody can begin.
        if self.begun || waits || self.done.is_empty() {
            return;
        }
        self.begun = true;
        if !self.complete {
            tracing::warn!(
                "the credentials of some namespaces cannot be listed, nor what was requested for them lately: for 200 s, \
                 few tokens are requested at a time"
            );
            context.gate.assume_the_worst();
        }
    }

    /// Whether anything may be done.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether credentials of this namespace may be looked at. Where they may not, the watch wakes them once the list that
    /// they are in has come to its end.
    pub fn covers(&mut self, namespace: &str, context: &Context) -> bool {
        let covers = |done: &HashSet<String>| done.contains(namespace) || done.contains("");
        if !covers(&self.done) {
            // It may have come to its end, and woken them, since the loop began its turn.
            self.go_on(context);
        }
        covers(&self.done)
    }
}

/// What the statuses of these namespaces tell, of which this process has looked at none yet.
fn recall(context: &Context, is_of_these: impl Fn(&str) -> bool) {
    let mut credentials = context.stores.credentials();
    credentials.retain(|credential| is_of_these(&credential.key.namespace));
    let statuses = || credentials.iter().map(|credential| &*credential.status);
    context
        .gate
        .recall(statuses().filter_map(|status| status.failure.as_deref()));
    if let Some(last) = statuses().filter_map(last_act).max() {
        // Later is a clock that differs.
        context.note_that_others_worked_until(last.min(context.clock.now()));
    }
}
