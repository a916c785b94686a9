//! One round: credentials at work, a kill at a random instant, another operator, and what comes of it without a hand.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::future::join_all;
use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use testbed::operator::Operator;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    dice::Dice,
    leaks,
    scene::{PATIENCE, Scene, eventually, plane},
    servers::{Endpoints, Granted, Servers},
    sight::{Sight, Sights, look},
    subject::{Grant, Subject},
    work::{ASKED, Work},
};

/// What a request without an outcome is waited for before the next, and what a busy machine may take for the rest.
pub const RECOVERY: Duration = Duration::from_mins(1).saturating_add(PATIENCE);

/// A user's Secret, whose name one credential would like to have for its tokens.
const THEIRS: &str = "theirs";
const ENVIOUS: &str = "envious";

/// What came of a round, to be judged with the API server's record.
pub struct Played {
    pub round: usize,
    pub namespace: String,
    pub work: Work,
    pub subjects: Vec<Fate>,
    pub repeated_refresh_tokens: u64,
    /// What must not have been, in words.
    pub violations: Vec<String>,
    pub leaks: Vec<String>,
}

/// What came of one credential.
pub struct Fate {
    pub subject: Subject,
    pub before: Option<Sight>,
    pub found: Sight,
    /// From the kill until nothing was left to do; nothing where that never was.
    pub recovery: Option<Duration>,
    pub granted: Granted,
}

struct Round<'a> {
    at: Endpoints<'a>,
    work: Work,
    subjects: Vec<Subject>,
    dice: Dice,
    violations: Vec<String>,
    /// Given back where there is only waiting ahead.
    busy: Option<SemaphorePermit<'a>>,
}

/// Plays a round. Of those that are played at once, only some may be `busy` at a time.
pub async fn play(servers: &Servers, seed: u64, round: usize, work: Work, busy: &Semaphore) -> Played {
    let busy = busy.acquire().await.unwrap();
    let life = work.token_life();
    let scene = Scene::signed_by(servers.authority.clone(), plane().await, "killed-at-work", life).await;
    let at = Endpoints {
        servers,
        scene: &scene,
        life,
    };
    let mut this = Round {
        at,
        work,
        subjects: Subject::all(&scene.namespace),
        dice: Dice::of_round(seed, round),
        violations: Vec::new(),
        busy: Some(busy),
    };
    this.create().await;
    let theirs = scene.secrets().get(THEIRS).await.unwrap();
    let (killed, before) = this.run_until_killed().await;
    let fell = Instant::now();
    let found = look(&scene).await;
    this.no_gap(&found).await;
    let next = this.start().await;
    this.busy = None;
    let (recoveries, last) = this.await_recovery(fell, before.as_ref(), &found).await;
    this.no_gap(&last).await;
    let metrics = next.metrics().await.unwrap();
    // Ended properly, so that nothing is under way when it is counted.
    assert_eq!(next.terminate().await.unwrap().code(), Some(0));
    if scene.secrets().get(THEIRS).await.unwrap() != theirs {
        this.violations.push("a foreign Secret was changed".to_owned());
    }
    let traces = leaks::traces(&scene, [&killed, &next], metrics).await;
    let sights = before.iter().chain([&found, &last]);
    let leaks = leaks::find(leaks::values(&scene, &this.subjects, sights), traces).await;
    this.ended(round, before, found, &recoveries, leaks).await
}

impl Round<'_> {
    async fn create(&self) {
        let scene = self.at.scene;
        join_all(self.subjects.iter().map(|subject| subject.create(&self.at))).await;
        scene.secret(THEIRS, &[("access_token", "theirs")]).await;
        scene.account(ENVIOUS).await;
        let spec = json!({ "tokenSecret": { "name": THEIRS } });
        scene.credential(ENVIOUS, spec).await;
    }

    async fn start(&self) -> Operator {
        let [django, node] = self.at.servers.of(self.at.life);
        let operator = self.at.scene.operator();
        let operator = operator.args(["--allowed-domain", &django.domain(), "--allowed-domain", &node.domain()]);
        operator.start(self.at.scene.plane).await.unwrap()
    }

    /// Starts an operator, and kills it at its work; what stood before that work, if anything did.
    async fn run_until_killed(&mut self) -> (Operator, Option<Sights>) {
        let operator = self.start().await;
        let before = self.begin(Instant::now()).await;
        // The random point; nothing is waited for.
        tokio::time::sleep(self.dice.up_to(self.work.longest())).await;
        operator.kill().await.unwrap();
        (operator, before)
    }

    /// Brings the operator to the begin of the work.
    async fn begin(&mut self, started: Instant) -> Option<Sights> {
        if self.work == Work::First {
            return None;
        }
        let scene = self.at.scene;
        for subject in &self.subjects {
            scene.ready(&subject.name).await;
        }
        if matches!(self.work, Work::Due | Work::DueLater) {
            self.busy = None;
        }
        let old_enough = tokio::time::Instant::from_std(started + self.work.age());
        tokio::time::sleep_until(old_enough).await;
        let before = eventually(PATIENCE, || async {
            let all = look(scene).await;
            let told = self.subjects.iter().all(|subject| all[&subject.name].is_told());
            if told {
                Ok(all)
            } else {
                Err("a status is behind".to_owned())
            }
        })
        .await;
        if self.work == Work::Asked {
            let ask = |subject| scene.annotate(subject, "tracktik-operator.io/rotate", ASKED);
            join_all(self.subjects.iter().map(|subject| ask(&subject.name))).await;
        } else {
            let aimed_at = self.dice.one_of(&self.subjects);
            let ahead = before[&aimed_at.name].renews().duration_since(Timestamp::now());
            tokio::time::sleep(ahead.try_into().unwrap_or(Duration::ZERO)).await;
        }
        Some(before)
    }

    /// A login ends no token: whoever chose it never stands without one.
    async fn no_gap(&mut self, seen: &Sights) {
        if self.work != Work::Asked {
            return;
        }
        for subject in self.subjects.iter().filter(|subject| subject.grant == Grant::Password) {
            if !subject.has_live_token(&self.at, &seen[&subject.name]).await {
                self.violations
                    .push(format!("{} has no token that works", subject.name));
            }
        }
    }

    /// How long each took, as far as it did not take too long, and what stands then.
    async fn await_recovery(
        &mut self,
        fell: Instant,
        before: Option<&Sights>,
        found: &Sights,
    ) -> (BTreeMap<String, Duration>, Sights) {
        let mut recovered = BTreeMap::new();
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        loop {
            ticks.tick().await;
            let now = look(self.at.scene).await;
            let took = fell.elapsed();
            let mut late = Vec::new();
            for subject in &self.subjects {
                let name = &subject.name;
                if recovered.contains_key(name) {
                    continue;
                }
                let was = before.map(|before| &before[name]);
                let settled = self.work.is_done(was, &found[name], &now[name]);
                if settled && subject.has_live_token(&self.at, &now[name]).await {
                    recovered.insert(name.clone(), took);
                } else {
                    late.push(format!("{name} has not recovered: {}", now[name].status.0));
                }
            }
            if late.is_empty() || took > RECOVERY {
                self.violations.extend(late);
                return (recovered, now);
            }
        }
    }

    async fn ended(
        self,
        round: usize,
        before: Option<Sights>,
        mut found: Sights,
        recoveries: &BTreeMap<String, Duration>,
        leaks: Vec<String>,
    ) -> Played {
        let scene = self.at.scene;
        let mut before = before.unwrap_or_default();
        let mut fates = Vec::new();
        for subject in self.subjects {
            let name = &subject.name;
            fates.push(Fate {
                before: before.remove(name),
                found: found.remove(name).unwrap(),
                recovery: recoveries.get(name).copied(),
                granted: subject.granted(&self.at).await,
                subject,
            });
        }
        Played {
            round,
            namespace: scene.namespace.clone(),
            work: self.work,
            subjects: fates,
            repeated_refresh_tokens: scene.simulator.counts().repeated_refresh_tokens,
            violations: self.violations,
            leaks,
        }
    }
}
