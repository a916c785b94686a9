//! Who works in a round, what happens to it, and who goes on in its place.

use std::time::Duration;

use testbed::operator::Operator;

use crate::{
    replicas::{FIRST, OTHER, Replicas},
    scene::{PATIENCE, eventually},
    servers::Endpoints,
};

/// The exit code of an operator that has lost the leadership.
const LOST: i32 = 1;

/// What a request without an outcome is waited for before the next, and what a busy machine may take for the rest.
const RECOVERY: Duration = Duration::from_mins(1).saturating_add(PATIENCE);

/// For so long nobody takes over from a leader that is not heard of.
const LEASE: Duration = Duration::from_secs(15);

/// A leader that stood still is woken at any time up to this after the next has begun to lead.
pub const BEFORE_THE_THAW: Duration = Duration::from_secs(2);

/// What happens to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// The only one is killed, and started again.
    Kill,
    /// Of two the one that leads is killed.
    KillLeader,
    /// Of two the one that leads stands still for longer than its lease, as on a starved node, and then goes on.
    FreezeLeader,
}

impl Blow {
    pub const ALL: [Self; 3] = [Self::Kill, Self::KillLeader, Self::FreezeLeader];

    /// Within which time all must be well again.
    pub fn recovery(self) -> Duration {
        match self {
            Self::Kill => RECOVERY,
            Self::KillLeader => RECOVERY + LEASE,
            Self::FreezeLeader => RECOVERY + LEASE + BEFORE_THE_THAW,
        }
    }
}

/// An operator; where a leader is elected it is the leader, and another waits for its turn.
pub struct Crew<'a> {
    at: Endpoints<'a>,
    blow: Blow,
    works: Operator,
    replicas: Option<(Replicas<'a>, Operator)>,
}

impl<'a> Crew<'a> {
    pub async fn start(at: Endpoints<'a>, blow: Blow) -> Self {
        let scene = at.scene;
        if blow == Blow::Kill {
            return Self {
                at,
                blow,
                works: at.start(scene.operator()).await,
                replicas: None,
            };
        }
        let replicas = Replicas::new(scene).await;
        let works = at.start(replicas.builder(FIRST)).await;
        leads(&works).await;
        let other = at.start(replicas.builder(OTHER)).await;
        other.log_line(r#""message":"following""#, PATIENCE).await.unwrap();
        other.ready(PATIENCE).await.unwrap();
        Self {
            at,
            blow,
            works,
            replicas: Some((replicas, other)),
        }
    }

    pub async fn strike(&self) {
        match self.blow {
            Blow::Kill | Blow::KillLeader => drop(self.works.kill().await.unwrap()),
            Blow::FreezeLeader => self.works.signal("STOP").await.unwrap(),
        }
    }

    /// Who was struck, and who works in its place from now on.
    pub async fn replaced(self) -> (Operator, Operator) {
        match self.replicas {
            None => {
                let next = self.at.start(self.at.scene.operator()).await;
                (self.works, next)
            }
            Some((_, other)) => {
                leads(&other).await;
                (self.works, other)
            }
        }
    }
}

/// Wakes a leader that has stood still, and waits until it has found out and ended.
pub async fn goes_on(frozen: &Operator) {
    frozen.signal("CONT").await.unwrap();
    assert_eq!(frozen.wait().await.code(), Some(LOST), "{:#?}", frozen.logs());
}

/// Waits until it leads.
async fn leads(operator: &Operator) {
    eventually(LEASE + PATIENCE, || async {
        let metrics = operator.metrics().await.unwrap();
        if metrics.contains("\nleader_election_master_status{name=\"tracktik-operator\"} 1\n") {
            Ok(())
        } else {
            Err(format!("it does not lead: {:#?}", operator.logs()))
        }
    })
    .await;
}
