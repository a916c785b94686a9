//! Whose a Secret is. Nothing is written or deleted that this room does not call ours.
//!
//! The mark is an annotation that names the credential and its uid. It is not the owner reference, which users and
//! tools rewrite; and not a name, which a re-created credential has as well.

use std::fmt;

use crate::api::annotations;

/// A credential, by name and uid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Namespace of the credential; the Secret's own must be the same.
    pub namespace: String,
    /// Name of the credential.
    pub name: String,
    /// Its uid: tells it from one of the same name that was deleted.
    pub uid: String,
}

impl Mark {
    /// Reads `namespace/name@uid`; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, rest) = text.split_once('/')?;
        let (name, uid) = rest.split_once('@')?;
        let plain = |part: &str| !part.is_empty() && !part.contains(['/', '@']);
        (plain(namespace) && plain(name) && plain(uid)).then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.namespace, self.name, self.uid)
    }
}

/// What ownership is told by: a Secret's metadata.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Namespace of the Secret.
    pub namespace: &'a str,
    /// The mark on it, as it stands; none on a copy under another name.
    pub mark: Option<&'a str>,
    /// Whether it has an owner beside the credential of the mark.
    pub others: bool,
}

/// Whose a Secret is, seen from one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It carries this credential's mark.
    Ours,
    /// It carries the mark of a deleted credential of the same name, and has no owner but that one.
    Orphan,
    /// It carries the mark of another credential of this namespace.
    OtherCredential(Mark),
    /// It is somebody else's.
    Foreign,
}

/// Tells whose a Secret is.
///
/// A Secret that was copied from another namespace carries a mark that names that namespace, and is foreign: writing to
/// it would give the copy's reader tokens of ours.
#[must_use]
pub fn ownership(claim: Claim<'_>, me: &Mark) -> Ownership {
    let Some(mark) = claim.mark.and_then(Mark::parse) else {
        return Ownership::Foreign;
    };
    if mark.namespace != claim.namespace || mark.namespace != me.namespace {
        return Ownership::Foreign;
    }
    if mark == *me {
        return Ownership::Ours;
    }
    if mark.name != me.name {
        return Ownership::OtherCredential(mark);
    }
    if claim.others {
        Ownership::Foreign
    } else {
        Ownership::Orphan
    }
}

/// Why a Secret that is not ours keeps the credential from having a token, and what to do.
#[must_use]
pub fn conflict_message(secret: &str, whose: &Ownership) -> String {
    match whose {
        Ownership::OtherCredential(mark) => format!(
            "Secret {secret:?} (spec.tokenSecret.name) belongs to TrackTikCredential {:?}: give one of the two another \
             spec.tokenSecret.name",
            mark.name
        ),
        _ => format!(
            "Secret {secret:?} (spec.tokenSecret.name) exists and was not made by this credential (annotation {}): \
             delete it, or set another spec.tokenSecret.name",
            annotations::CREDENTIAL
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Mark {
        Mark {
            namespace: "team".into(),
            name: "acme".into(),
            uid: "u2".into(),
        }
    }

    fn whose(mark: Option<&str>, others: bool) -> Ownership {
        let claim = Claim {
            namespace: "team",
            mark,
            others,
        };
        ownership(claim, &me())
    }

    #[test]
    fn only_the_own_mark_makes_a_secret_ours() {
        assert_eq!(whose(Some("team/acme@u2"), false), Ownership::Ours);
        assert_eq!(whose(Some("team/acme@u2"), true), Ownership::Ours);
        assert_eq!(whose(None, false), Ownership::Foreign);
        assert_eq!(whose(Some(""), false), Ownership::Foreign);
        assert_eq!(whose(Some("team/acme@u2/x"), false), Ownership::Foreign);
        assert_eq!(whose(Some("team/acme@u2@u2"), false), Ownership::Foreign);
    }

    #[test]
    fn a_copy_from_another_namespace_is_foreign() {
        assert_eq!(whose(Some("elsewhere/acme@u2"), false), Ownership::Foreign);
    }

    #[test]
    fn an_orphan_has_no_owner_but_the_deleted_credential() {
        assert_eq!(whose(Some("team/acme@u1"), false), Ownership::Orphan);
        assert_eq!(whose(Some("team/acme@u1"), true), Ownership::Foreign);
    }

    #[test]
    fn another_credentials_secret_names_it() {
        let other = whose(Some("team/other@u9"), false);
        assert!(conflict_message("acme-token", &other).contains("\"other\""));
    }
}
