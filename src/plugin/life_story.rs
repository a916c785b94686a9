//! The life of one credential: what `describe` tells, as data for programs and as the source of the text for people.

use k8s_openapi::api::core::v1::Event;
use serde::Serialize;
use tracktik_operator::{
    api::{Moment, Span},
    cluster::CredentialView,
};

use super::{
    next_step::NextStep,
    source_check::SourceFact,
    token_facts::{Standing, TokenFacts},
};

/// Everything that can be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LifeStory {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `spec.domain`, where it is a host.
    pub domain: Option<String>,
    /// Its conditions.
    pub conditions: Vec<Told>,
    /// Where each of the four values comes from, and whether it is there.
    pub sources: Vec<SourceFact>,
    /// The token Secret.
    pub token: TokenStory,
    /// What happens next.
    pub next: NextStep,
    /// What happened; none where that may not be seen.
    pub events: Option<Vec<Happened>>,
    /// What could not be seen, and which right is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Which.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// In one word.
    pub reason: String,
    /// For a person.
    pub message: String,
    /// Since when.
    pub since: Moment,
}

/// The token Secret, without a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenStory {
    /// The name of the Secret.
    pub secret: Option<String>,
    /// How it stands to the credential; none where it is not there, or may not be seen.
    pub standing: Option<Standing>,
    /// The keys that the operator writes.
    pub keys: Vec<String>,
    /// When the token was requested.
    pub issued_time: Option<Moment>,
    /// When it expires.
    pub expiration_time: Option<Moment>,
    /// For how long it is good in all.
    pub lifetime_seconds: Option<i64>,
    /// A source Secret is in another version than the one that the token was requested with.
    pub sources_changed: Option<bool>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    /// When it last happened.
    pub time: Option<Moment>,
    /// `Normal` or `Warning`.
    pub r#type: String,
    /// In one word.
    pub reason: String,
    /// For a person.
    pub note: String,
}

/// The conditions as they stand.
pub fn told(credential: &CredentialView) -> Vec<Told> {
    let conditions = credential.status.conditions.iter();
    conditions
        .map(|condition| Told {
            r#type: condition.type_.to_string(),
            status: condition.status.to_string(),
            reason: condition.reason.to_string(),
            message: condition.message.to_string(),
            since: condition.last_transition_time,
        })
        .collect()
}

/// What is known of the token: from the Secret where it may be read, else from status.
pub fn token_story(
    credential: &CredentialView,
    facts: Option<&TokenFacts>,
    source_versions: Option<&[String]>,
) -> TokenStory {
    let status = &credential.status;
    let issue = facts.and_then(|facts| facts.issue.as_ref());
    let issued = issue.map(|issue| issue.issued_at).or(status.issued_time);
    let expires = issue.map(|issue| issue.expires_at).or(status.expiration_time);
    let layout = facts.and_then(|facts| facts.layout.as_ref());
    TokenStory {
        secret: credential.target_name(),
        standing: facts.map(|facts| facts.standing.clone()),
        keys: layout
            .map(|layout| layout.keys().into_iter().collect())
            .unwrap_or_default(),
        issued_time: issued,
        expiration_time: expires,
        lifetime_seconds: issued
            .zip(expires)
            .map(|(issued, expires)| Span::as_seconds(expires - issued)),
        sources_changed: issue
            .zip(source_versions)
            .map(|(issue, versions)| issue.sources != versions),
    }
}

/// Events, the oldest first.
pub fn happened(events: Vec<Event>) -> Vec<Happened> {
    let mut told: Vec<Happened> = events
        .into_iter()
        .map(|event| {
            let micro = event.event_time.as_ref().map(|time| time.0);
            let last = event.last_timestamp.as_ref().map(|time| time.0);
            let time = last.or(micro).map(|time| Moment::from_millis(time.as_millisecond()));
            Happened {
                time,
                r#type: event.type_.unwrap_or_default(),
                reason: event.reason.unwrap_or_default(),
                note: event.message.unwrap_or_default(),
            }
        })
        .collect();
    told.sort_by_key(|event| event.time);
    told
}
