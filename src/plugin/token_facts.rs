//! What a token Secret says of itself: whose it is, of which grant, and whether its data is as the operator wrote it.

use std::sync::Arc;

use serde::Serialize;
use tracktik_operator::{
    api::annotations,
    cluster::CredentialView,
    rotation::observation::Issue,
    secrets::{
        content::SecretContent,
        layout::Layout,
        metadata::SecretMeta,
        ownership::{Mark, Ownership, conflict_message, ownership},
    },
};

/// How a token Secret stands to its credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Its data is what the operator wrote.
    Intact,
    /// Somebody has changed the data since.
    Changed,
    /// The annotation with the facts of the grant is missing or cannot be read.
    NoFacts,
    /// It is not this credential's; the text says whose.
    #[serde(untagged)]
    Foreign(String),
}

impl Standing {
    /// For a person.
    pub fn words(&self, secret: &str) -> String {
        match self {
            Self::Intact => "its data matches the recorded hash".to_owned(),
            Self::Changed => {
                format!("the data of Secret {secret:?} does not match the recorded hash: somebody has changed it")
            }
            Self::NoFacts => format!(
                "the annotation {} of Secret {secret:?} is missing or cannot be read",
                annotations::ISSUE
            ),
            Self::Foreign(why) => why.clone(),
        }
    }
}

/// What is known of a token Secret.
pub struct TokenFacts {
    /// How it stands to the credential.
    pub standing: Standing,
    /// The facts of its grant.
    pub issue: Option<Arc<Issue>>,
    /// How its data is laid out.
    pub layout: Option<Layout>,
    /// Its metadata, as the operator sees it.
    pub meta: SecretMeta,
}

/// A token Secret, as far as whoever asks may see it.
pub enum TokenSeen {
    /// It may not be seen.
    Unseen,
    /// There is none.
    Absent,
    /// It is there.
    There(Box<TokenFacts>),
}

impl TokenSeen {
    /// What it says of itself.
    pub fn facts(&self) -> Option<&TokenFacts> {
        match self {
            Self::There(facts) => Some(facts),
            Self::Unseen | Self::Absent => None,
        }
    }
}

/// A credential as Secrets are marked with it.
pub fn mark(credential: &CredentialView) -> Mark {
    Mark {
        namespace: credential.key.namespace.clone(),
        name: credential.key.name.clone(),
        uid: credential.uid.clone(),
    }
}

/// Whose a Secret is, seen from a credential.
pub fn whose(content: &SecretContent, me: &Mark) -> (SecretMeta, Ownership) {
    let meta = SecretMeta::from_object_meta(content.metadata.clone());
    let whose = ownership(meta.claim(), me);
    (meta, whose)
}

impl TokenFacts {
    /// By the rules of the operator itself.
    pub fn of(credential: &CredentialView, content: &SecretContent) -> Self {
        let (meta, whose) = whose(content, &mark(credential));
        let issue = meta.facts.clone();
        let standing = match (&whose, &issue) {
            (Ownership::OtherCredential(_) | Ownership::Foreign, _) => {
                Standing::Foreign(conflict_message(&meta.key.name, &whose))
            }
            (_, None) => Standing::NoFacts,
            (_, Some(issue)) if content.is_intact(issue) => Standing::Intact,
            (_, Some(_)) => Standing::Changed,
        };
        let layout = issue.as_deref().and_then(|issue| Layout::parse(&issue.layout));
        Self {
            standing,
            issue,
            layout,
            meta,
        }
    }
}
