//! The API server: two credentials, their token Secrets and the Secret with the account, and the conditions under which a
//! write is let through. A cache of a watch is a copy of the same, which may be old.

use std::rc::Rc;

use tracktik_operator::{
    api::{Failure, Moment},
    rotation::observation::Issue,
};

/// Credentials in the world.
pub const CREDENTIALS: usize = 2;

/// What stands in the cluster, or in a cache of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objects {
    pub credentials: [Rc<CredentialObject>; CREDENTIALS],
    pub slots: [Slot; CREDENTIALS],
    /// The version of the Secret that both credentials take the account from.
    pub account: u64,
}

/// A `TrackTikCredential`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CredentialObject {
    pub version: u64,
    /// The annotation by which somebody asks for another token.
    pub rotate: Option<String>,
    pub status: Status,
}

/// Of status, what the operator itself reads again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status {
    pub failure: Option<Failure>,
    pub token_secret: Option<u64>,
    pub issued: Option<Moment>,
    pub handled_rotate: Option<String>,
}

/// The name of a token Secret: what is there, and the version of the latest change, a deletion included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    pub version: u64,
    pub secret: Option<Rc<SecretObject>>,
}

/// A Secret under the name of a token Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretObject {
    pub version: u64,
    /// It bears the mark of the credential.
    pub ours: bool,
    pub issue: Option<Issue>,
    /// The annotation that names the issue whose refresh token was sent, or may have been.
    pub tried: Option<String>,
}

/// What the Secret must be for a write to be let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precondition {
    MustNotExist,
    Exactly(u64),
}

/// 409.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

impl Objects {
    /// What a write of the token Secret would meet, without one.
    pub fn dry_run(&self, of: usize, on: Precondition) -> Result<(), Conflict> {
        let stands = self.slots[of].secret.as_ref().map(|secret| secret.version);
        let meets = match on {
            Precondition::MustNotExist => stands.is_none(),
            Precondition::Exactly(version) => stands == Some(version),
        };
        if meets { Ok(()) } else { Err(Conflict) }
    }

    /// Server-side apply of the tokens with their facts. The annotation of the other field manager stays.
    pub fn apply(&mut self, of: usize, issue: Issue) -> Rc<SecretObject> {
        let slot = &mut self.slots[of];
        slot.version += 1;
        let tried = slot.secret.as_ref().and_then(|before| before.tried.clone());
        let secret = Rc::new(SecretObject {
            version: slot.version,
            ours: true,
            issue: Some(issue),
            tried,
        });
        slot.secret = Some(Rc::clone(&secret));
        secret
    }

    /// A merge patch of the one annotation.
    pub fn mark_tried(&mut self, of: usize, issue_id: &str) -> Option<Rc<SecretObject>> {
        let slot = &mut self.slots[of];
        let before = slot.secret.as_deref()?;
        slot.version += 1;
        let secret = Rc::new(SecretObject {
            version: slot.version,
            tried: Some(issue_id.to_owned()),
            ..before.clone()
        });
        slot.secret = Some(Rc::clone(&secret));
        Some(secret)
    }

    /// A JSON patch that tests the uid alone: the latest writer wins.
    pub fn write_status(&mut self, of: usize, status: Status) -> u64 {
        let credential = Rc::make_mut(&mut self.credentials[of]);
        credential.version += 1;
        credential.status = status;
        credential.version
    }

    /// Somebody asks for another token.
    pub fn ask_for_rotation(&mut self, of: usize) {
        let credential = Rc::make_mut(&mut self.credentials[of]);
        credential.version += 1;
        credential.rotate = Some("now".to_owned());
    }

    /// Somebody deletes what is there, and may put a Secret of their own in its place.
    pub fn replace(&mut self, of: usize, secret: Option<SecretObject>) {
        let slot = &mut self.slots[of];
        slot.version += 1;
        let version = slot.version;
        slot.secret = secret.map(|secret| Rc::new(SecretObject { version, ..secret }));
    }

    /// Whether somebody else's Secret has the name.
    pub fn is_strangers(&self, of: usize) -> bool {
        self.slots[of].secret.as_ref().is_some_and(|secret| !secret.ours)
    }

    /// The facts in place, of a Secret of ours.
    pub fn issue(&self, of: usize) -> Option<&Issue> {
        let secret = self.slots[of].secret.as_ref().filter(|secret| secret.ours);
        secret.and_then(|secret| secret.issue.as_ref())
    }
}
