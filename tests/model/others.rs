//! As `controller/others.rs`, of the status that stands in this world. What comes of a status that somebody else has
//! written, and how long words are kept back, is the operator's own code.

use tracktik_operator::{api::Moment, rotation::merging::tells_more};

use crate::{
    api_server::{CredentialObject, Status},
    process::Memory,
};

/// `others::notice`.
pub fn notice(credential: &CredentialObject, memory: &mut Memory, now: Moment) -> bool {
    let Some((version, ours)) = &memory.status else {
        return false;
    };
    let stands = &credential.status;
    if stands == ours || credential.version <= *version {
        return false;
    }
    let anothers = memory.unanswered.as_ref() != Some(stands);
    if anothers {
        memory.overwritten.tried(now);
    }
    memory.status = Some((credential.version, stands.clone()));
    anothers
}

/// `others::not_to_be_lost`.
pub fn not_to_be_lost(ours: &Status, stands: &Status, now: Moment) -> Option<Status> {
    tells_more(ours.failure.as_ref(), stands.failure.as_ref(), now).then(|| Status {
        failure: ours.failure.clone(),
        handled_rotate: ours.handled_rotate.clone(),
        ..stands.clone()
    })
}
