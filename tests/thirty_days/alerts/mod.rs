//! The alerts that ship, judged by promtool over what an operator exports in the states that they are for: each fires
//! when it should, tells what it is about, and no other does.

mod judgement;
mod of_credentials;
mod of_the_operator;
mod recording;
mod runbooks;

use std::time::Duration;

use self::{
    judgement::{Firing, judge},
    recording::{NAMESPACE, Recording},
};
use crate::world::{START, World};

const MINUTE: Duration = Duration::from_mins(1);

/// A world that is scraped once a minute.
struct Watched {
    world: World,
    recording: Recording,
    runs: bool,
}

impl Watched {
    fn of(world: World) -> Self {
        Self {
            world,
            recording: Recording::since(START),
            runs: true,
        }
    }

    /// Goes on until this minute's scrape is due, and not done yet.
    async fn until(&mut self, minute: usize) {
        while self.recording.scrapes() < minute {
            let answer = self.world.scrape();
            let answers = [("tracktik-operator-0", answer.as_str())];
            self.recording.scrape(if self.runs { &answers } else { &[] });
            tokio::time::sleep(MINUTE).await;
        }
    }

    /// Goes on until the last minute that is asked about, and has promtool judge.
    async fn fires(&mut self, checks: &[(usize, Vec<Firing>)]) {
        self.fires_only(&[], checks).await;
    }

    /// As [`Self::fires`], of these alerts.
    async fn fires_only(&mut self, alerts: &[&str], checks: &[(usize, Vec<Firing>)]) {
        let last = checks.iter().map(|(minute, _)| *minute).max().unwrap();
        self.until(last + 1).await;
        if let Err(said) = judge(&self.recording, checks, alerts) {
            panic!("{said}");
        }
    }
}

/// About a credential.
fn of(name: &'static str, alert: &'static str) -> Firing {
    Firing {
        alert,
        about: vec![("namespace", "team"), ("name", name)],
    }
}

/// About a credential, with a reason.
fn because(reason: &'static str, name: &'static str, alert: &'static str) -> Firing {
    let mut firing = of(name, alert);
    firing.about.push(("reason", reason));
    firing
}

/// About the operator.
fn operator(alert: &'static str, more: &[(&'static str, &'static str)]) -> Firing {
    let mut about = vec![("namespace", NAMESPACE), ("job", "tracktik-operator")];
    about.extend(more);
    Firing { alert, about }
}
