//! The words that a decision is made of: what to do next, until when that stands, and why.

use crate::api::{Grant, Moment};

/// What to do next, until when it stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What to do.
    pub step: Step,
    /// Decide again at this time at the latest; always later than the time of the decision.
    pub until: Moment,
    /// Why.
    pub because: Because,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Nothing until something changes or `until` has come.
    Wait,
    /// Read the token Secret in full, once, to see whether somebody's write left it intact.
    Verify,
    /// Write the token Secret again from what is in it: no grant.
    Repair,
    /// Write the tokens that are held.
    StoreHeld,
    /// Delete a Secret of ours that is no longer the target.
    DeleteOldTarget(String),
    /// Write on the token Secret that its refresh token counts as tried, because a later one was granted.
    MarkTried,
    /// Request a token with the refresh grant.
    Refresh,
    /// Request a token with the password grant.
    Login,
}

impl Step {
    /// The grant that the step requests a token with, if it does.
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        match self {
            Self::Refresh => Some(Grant::Refresh),
            Self::Login => Some(Grant::Password),
            Self::Wait | Self::Verify | Self::Repair | Self::StoreHeld | Self::DeleteOldTarget(_) | Self::MarkTried => {
                None
            }
        }
    }
}

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// The credential is being deleted.
    Deleting,
    /// The spec cannot be acted on.
    SpecInvalid,
    /// An old target's token has expired.
    OldTargetExpired,
    /// The target's name is taken.
    TargetTaken,
    /// Tokens are held.
    Held,
    /// Somebody wrote to the token Secret.
    Unverified,
    /// `spec.suspend`.
    Suspended,
    /// The token Secret's metadata or layout is not what is asked for.
    Drift,
    /// The API server refuses what the next step needs.
    Trouble,
    /// The domain is not allowed.
    DomainProblem,
    /// A source is missing or unusable.
    SourceProblem,
    /// The failure record asks to wait.
    BackingOff,
    /// Too many grants in a short time.
    TooManyGrants,
    /// There is no token, or none whose facts are known.
    NoToken,
    /// The data of the token Secret is not what was written.
    Damaged,
    /// The data in place is too little for the layout.
    TooLittle,
    /// Domain, references or clear values changed.
    IdentityChanged,
    /// The values of a source may have changed.
    SourcesChanged,
    /// The rotate annotation has a new value.
    RotateAsked,
    /// The refresh token in place was sent, or may have been, and no token came of it: the access token beside it may be
    /// revoked.
    RefreshTried,
    /// The token was issued in the future, so its age is unknown.
    AgeUnknown,
    /// A later token than the one in place was granted: somebody has put the old one back.
    PutBack,
    /// The renewal is due.
    Due,
    /// A fresh token is in place.
    Fresh,
}
