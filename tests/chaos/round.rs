//! One round: credentials at work, a kill at a random instant, another operator, and what comes of it without a hand.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::future::join_all;
use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    crew::{self, BEFORE_THE_THAW, Blow, Crew},
    dice::Dice,
    fate::{Fate, Played},
    leaks,
    scene::{PATIENCE, Scene, eventually, plane},
    servers::{Endpoints, Servers},
    sight::{Sights, look},
    subject::{Grant, Subject},
    thawed::Count,
    work::{ASKED, ASKED_AGAIN, Work},
};

/// The namespaces of rounds begin so.
pub const SCENE: &str = "killed-at-work";

/// A user's Secret, whose name one credential would like to have for its tokens.
const THEIRS: &str = "theirs";
const ENVIOUS: &str = "envious";

struct Round<'a> {
    at: Endpoints<'a>,
    work: Work,
    blow: Blow,
    subjects: Vec<Subject>,
    violations: Vec<String>,
    /// Given back where there is only waiting ahead.
    busy: Option<SemaphorePermit<'a>>,
}

/// Plays a round. Of those that are played at once, only some may be `busy` at a time.
pub async fn play(
    servers: &Servers,
    mut dice: Dice,
    round: usize,
    (work, blow): (Work, Blow),
    busy: &Semaphore,
) -> Played {
    let busy = busy.acquire().await.unwrap();
    let life = work.token_life();
    let scene = Scene::signed_by(servers.authority.clone(), plane().await, SCENE, life).await;
    let at = Endpoints {
        servers,
        scene: &scene,
        life,
    };
    let mut this = Round {
        at,
        work,
        blow,
        subjects: Subject::all(&scene.namespace),
        violations: Vec::new(),
        busy: Some(busy),
    };
    this.create().await;
    let theirs = scene.secrets().get(THEIRS).await.unwrap();
    let crew = Crew::start(at, blow).await;
    let before = this.begin(&mut dice).await;
    // The random point; nothing is waited for.
    tokio::time::sleep(dice.up_to(work.longest())).await;
    crew.strike().await;
    let fell = Instant::now();
    let looks = Timestamp::now();
    let found = look(&scene).await;
    this.no_gap(&found).await;
    if blow != Blow::Kill {
        // The lease has to run out.
        this.busy = None;
    }
    let looked = (looks, Timestamp::now());
    let (struck, works) = crew.replaced().await;
    this.busy = None;
    let (mut counted, mut thaw) = (None, None);
    if blow == Blow::FreezeLeader {
        // The random point; nothing is waited for.
        tokio::time::sleep(dice.up_to(BEFORE_THE_THAW)).await;
        counted = Some(Count::now(&at, &this.subjects).await);
        thaw = Some(Timestamp::now());
        crew::goes_on(&struck).await;
    }
    let (recoveries, last) = this.await_recovery(fell, ASKED, before.as_ref()).await;
    this.no_gap(&last).await;
    if work == Work::Asked && this.violations.is_empty() {
        // A refresh token that was sent and not marked would be sent again now.
        this.ask(ASKED_AGAIN).await;
        this.await_recovery(Instant::now(), ASKED_AGAIN, Some(&last)).await;
    }
    // Where all was done before it came, it may not have looked at anything yet; what it finds must be no reason for more.
    works.log_line(&scene.namespace, PATIENCE).await.unwrap();
    if this.violations.is_empty() {
        join_all(this.subjects.iter().map(|subject| scene.looked_at_again(&subject.name))).await;
    }
    let metrics = works.metrics().await.unwrap();
    // Ended properly, so that nothing is under way when it is counted.
    assert_eq!(works.terminate().await.unwrap().code(), Some(0));
    if scene.secrets().get(THEIRS).await.unwrap() != theirs {
        this.violations.push("a foreign Secret was changed".to_owned());
    }
    let traces = leaks::traces(&scene, [&struck, &works], metrics).await;
    let leaks = leaks::find(leaks::values(&at, &this.subjects).await, traces).await;
    let mut before = before.unwrap_or_default();
    let mut found = found;
    let mut fates = Vec::new();
    for subject in this.subjects {
        let name = &subject.name;
        fates.push(Fate {
            before: before.remove(name),
            found: found.remove(name).unwrap(),
            recovery: recoveries.get(name).copied(),
            granted: subject.granted(&at).await,
            granted_to_thawed: match &counted {
                Some(counted) => counted.granted_to_others(&at, &subject, &works).await,
                None => 0,
            },
            subject,
        });
    }
    Played {
        round,
        namespace: scene.namespace.clone(),
        work,
        blow,
        looked,
        thaw,
        subjects: fates,
        repeated_refresh_tokens: scene.simulator.counts().repeated_refresh_tokens,
        violations: this.violations,
        leaks,
    }
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

    /// Brings the operator to the begin of the work; what stood before it, if anything did.
    async fn begin(&mut self, dice: &mut Dice) -> Option<Sights> {
        let started = tokio::time::Instant::now();
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
        tokio::time::sleep_until(started + self.work.age()).await;
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
            self.ask(ASKED).await;
        } else {
            let aimed_at = dice.one_of(&self.subjects);
            let ahead = before[&aimed_at.name].renews().duration_since(Timestamp::now());
            tokio::time::sleep(ahead.try_into().unwrap_or(Duration::ZERO)).await;
        }
        Some(before)
    }

    async fn ask(&self, value: &str) {
        let ask = |subject| self.at.scene.annotate(subject, "tracktik-operator.io/rotate", value);
        join_all(self.subjects.iter().map(|subject| ask(&subject.name))).await;
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
        asked: &str,
        before: Option<&Sights>,
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
                let settled = self.work.is_done(asked, was, &now[name]);
                if settled && subject.has_live_token(&self.at, &now[name]).await {
                    recovered.insert(name.clone(), took);
                } else {
                    late.push(format!("{name} has not recovered: {}", now[name].status.0));
                }
            }
            if late.is_empty() || took > self.blow.recovery() {
                self.violations.extend(late);
                return (recovered, now);
            }
        }
    }
}
