//! What somebody may do to token Secrets.

use crate::{
    api_server::{CREDENTIALS, SecretObject},
    moves::{Move, Next, push},
    rules::{Hands, Rules},
    world::World,
};

pub fn hands(next: &mut Vec<Next>, world: &World, rules: &Rules) {
    for of in (0..CREDENTIALS).filter(|of| rules.has(*of)) {
        if !world.api.is_strangers(of) {
            push(next, world, Move::StrangersSecret(of), true, |to| {
                let secret = SecretObject {
                    version: 0,
                    ours: false,
                    issue: None,
                    tried: None,
                };
                to.meddle(of, Some(secret));
            });
        }
        // Within the moment in which it is written, no backup is put back.
        let known = world.api.credentials[of].status.token_secret == Some(world.api.slots[of].version);
        if let Some(before) = world.backups[of].as_deref().filter(|_| known) {
            push(next, world, Move::PutBack(of), true, |to| {
                to.meddle(of, Some(before.clone()));
            });
        }
        let secret = world.api.slots[of].secret.as_deref();
        let marked = secret.filter(|secret| secret.tried.is_some() && rules.hands == Hands::Meddle);
        if let Some(secret) = marked {
            push(next, world, Move::MarkTakenOff(of), true, |to| {
                let secret = SecretObject {
                    tried: None,
                    ..secret.clone()
                };
                to.meddle(of, Some(secret));
            });
        }
    }
}
