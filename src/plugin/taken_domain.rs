//! What a credential's status tells of its domain: whether the operator that looks after it takes it, or refuses it.

use tracktik_operator::{
    api::{ConditionType, Reason},
    cluster::CredentialView,
};

/// How the operator stands to the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It does not connect there; its words.
    Refused(String),
    /// The token in place, live or expired, is of this domain.
    LoggedIn,
    /// It has looked at this spec, and the domain is not what is in the way.
    Takes,
    /// It has not looked yet, or something graver hides what it thinks.
    Untold,
}

/// Of the spec as it stands: what was said of an earlier generation may be of another domain.
pub fn stance(credential: &CredentialView) -> Stance {
    let status = &credential.status;
    if status.observed_generation != Some(credential.generation) {
        return Stance::Untold;
    }
    let refused = Reason::DomainNotAllowed.as_str();
    if let Some(condition) = status.conditions.iter().find(|condition| condition.reason == refused) {
        return Stance::Refused(condition.message.to_string());
    }
    let reason_of = |of: ConditionType| {
        let found = status.conditions.iter().find(|found| found.type_ == of.as_str());
        found.and_then(|found| Reason::ALL.into_iter().find(|reason| reason.as_str() == found.reason))
    };
    match (reason_of(ConditionType::Ready), reason_of(ConditionType::Renewed)) {
        // The operator says so of a token of the current identity alone, and the domain is a part of that.
        (Some(Reason::TokenValid | Reason::TokenExpired), _) => Stance::LoggedIn,
        // The gravest obstacle stands there, and the domain would be a graver one than these.
        (
            _,
            Some(
                Reason::TokenValid
                | Reason::Issuing
                | Reason::SourceNotFound
                | Reason::SourceInvalid
                | Reason::CredentialsRejected
                | Reason::ClientRejected
                | Reason::EndpointUnavailable
                | Reason::EndpointThrottled
                | Reason::EndpointMisbehaved,
            ),
        ) => Stance::Takes,
        _ => Stance::Untold,
    }
}
