//! The time passes where nobody has anything to do: up to when somebody has, or an answer comes.

use tracktik_operator::api::Moment;

use crate::{election::waits_until, process::Stage, rules::Rules, world::World};

/// When something is due that nobody is at yet. A follower is of interest only while nobody renews the Lease.
pub fn next_instant(world: &World, rules: &Rules) -> Option<Moment> {
    let holder = world.lease.holder;
    let renewed = rules.overlap
        || world
            .replicas
            .iter()
            .any(|process| process.acts() && process.name == holder);
    let (mut instants, mut answers) = (Vec::new(), Vec::new());
    for (replica, process) in world.replicas.iter().enumerate() {
        match &process.office {
            None if renewed => {}
            None => instants.extend(waits_until(world, replica)),
            Some(office) if process.acts() => {
                instants.extend(office.gate.next_change(world.now));
                instants.extend(office.desks.iter().filter_map(|desk| match desk.stage {
                    Stage::Asleep { until } => Some(until),
                    _ => None,
                }));
                answers.extend(office.desks.iter().filter_map(|desk| match desk.stage {
                    Stage::Awaiting(at, ..) => Some(at),
                    _ => None,
                }));
            }
            Some(_) => {}
        }
    }
    // An answer is not waited for until the next instant at which somebody looks.
    let instants = instants.into_iter().filter(|at| *at > world.now);
    let instants = instants.map(|at| World::rounded(at, rules.grain));
    instants.chain(answers).filter(|at| *at > world.now).min()
}
