//! One credential in one line: from its status to the cells of `status`. Pure.

use serde::Serialize;
use tracktik_operator::{
    api::{Moment, Span},
    cluster::CredentialView,
};

use super::{
    how_long::{from_now, how_long},
    table::Cell,
    terminal::Shade,
};

/// A renewal may take this long after its time, with the wait for a place at the gate, before it looks overdue.
const OVERDUE: Span = Span::minutes(2);

/// What `status` tells of a credential.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverviewRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `True`, `False` or `Unknown`.
    pub ready: String,
    /// The reason of Ready; none until the operator has looked.
    pub reason: Option<String>,
    /// The message of Ready.
    pub message: Option<String>,
    /// The reason of Renewed, where that is False.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_renewed: Option<String>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// The status is of an earlier spec than the one that stands.
    pub outdated: bool,
    /// When the token in the token Secret expires.
    pub expiration_time: Option<Moment>,
    /// When the next token is requested.
    pub renewal_time: Option<Moment>,
    /// The latest failure, while it stands.
    pub last_failure: Option<LastFailure>,
}

/// The failure record, as far as people want to know it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// In one word.
    pub reason: String,
    /// For a person.
    pub message: Option<String>,
    /// How many of this class in a row.
    pub count: i32,
    /// When the latest ended.
    pub time: Option<Moment>,
    /// No request is made before.
    pub next_attempt_time: Option<Moment>,
}

/// The headings; the namespace is a column only where there may be several.
pub fn headings(all_namespaces: bool) -> Vec<&'static str> {
    let common = ["NAME", "READY", "WHY", "EXPIRES", "NEXT RENEWAL", "LAST FAILURE"];
    let namespace = all_namespaces.then_some("NAMESPACE");
    namespace.into_iter().chain(common).collect()
}

impl OverviewRow {
    /// From a credential as it stands.
    pub fn of(credential: &CredentialView) -> Self {
        let status = &credential.status;
        let condition = |of: &str| status.conditions.iter().find(|condition| condition.type_ == of);
        let ready = condition("Ready");
        let failure = status.failure.as_ref();
        Self {
            namespace: credential.key.namespace.clone(),
            name: credential.key.name.clone(),
            ready: ready.map_or_else(|| "Unknown".to_owned(), |ready| ready.status.to_string()),
            reason: ready.map(|ready| ready.reason.to_string()),
            message: ready.map(|ready| ready.message.to_string()),
            not_renewed: condition("Renewed")
                .filter(|renewed| renewed.status == "False")
                .map(|renewed| renewed.reason.to_string()),
            suspended: credential.spec.as_ref().is_some_and(|spec| spec.suspend),
            outdated: status
                .observed_generation
                .is_some_and(|seen| seen >= 0 && seen < credential.generation),
            expiration_time: status.expiration_time,
            renewal_time: status.renewal_time,
            last_failure: failure.and_then(|failure| {
                Some(LastFailure {
                    reason: failure.reason?.as_str().to_owned(),
                    message: failure.message.clone(),
                    count: failure.count,
                    time: failure.last_time,
                    next_attempt_time: failure.next_attempt_time,
                })
            }),
        }
    }

    /// Whether its token can be used.
    pub fn is_ready(&self) -> bool {
        self.ready == "True"
    }

    /// Its cells below [`headings`].
    pub fn cells(&self, all_namespaces: bool, now: Moment) -> Vec<Cell> {
        let namespace = all_namespaces.then(|| Cell::plain(&self.namespace));
        let common = [
            Cell::plain(&self.name),
            Cell::shaded(&self.ready, self.shade()),
            Cell::plain(self.why()),
            self.expires(now),
            self.renews(now),
            Cell::plain(self.failed(now)),
        ];
        namespace.into_iter().chain(common).collect()
    }

    /// Of the word in READY.
    pub fn shade(&self) -> Shade {
        match (self.ready.as_str(), &self.not_renewed) {
            ("True", None) => Shade::Good,
            ("True", Some(_)) | ("Unknown", _) => Shade::Doubtful,
            _ => Shade::Bad,
        }
    }

    fn why(&self) -> String {
        let Some(reason) = &self.reason else {
            return "nothing said yet".to_owned();
        };
        let renewed = self.not_renewed.as_ref().filter(|other| *other != reason);
        let renewed = renewed.map(|other| format!(", renewal: {other}")).unwrap_or_default();
        let outdated = if self.outdated {
            " (before the latest change)"
        } else {
            ""
        };
        format!("{reason}{renewed}{outdated}")
    }

    fn expires(&self, now: Moment) -> Cell {
        match self.expiration_time {
            Some(at) if at <= now => Cell::shaded(from_now(at, now), Shade::Bad),
            Some(at) => Cell::plain(from_now(at, now)),
            None => Cell::plain(""),
        }
    }

    fn renews(&self, now: Moment) -> Cell {
        match self.renewal_time {
            _ if self.suspended => Cell::shaded("suspended", Shade::Doubtful),
            Some(at) if at + OVERDUE < now => Cell::shaded(format!("overdue for {}", how_long(now - at)), Shade::Bad),
            Some(at) if at <= now => Cell::plain("now"),
            Some(at) => Cell::plain(from_now(at, now)),
            None => Cell::plain(""),
        }
    }

    fn failed(&self, now: Moment) -> String {
        let Some(failure) = &self.last_failure else {
            return String::new();
        };
        let when = failure
            .time
            .map(|at| format!(", {}", from_now(at, now)))
            .unwrap_or_default();
        let again = if failure.count > 1 {
            format!(", {} in a row", failure.count)
        } else {
            String::new()
        };
        format!("{}{when}{again}", failure.reason)
    }
}
