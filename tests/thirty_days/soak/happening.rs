//! How each incident begins and ends.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    incidents::{Incident, Planned},
    ledger::Whom,
    residents::{domain, secret},
    simulation::{Action, Simulation},
    weather::Weather,
};
use crate::api_server::Calls;

const ROTATE: &str = "tracktik-operator.io/rotate";

impl Simulation {
    pub(super) async fn act(&mut self, action: Action) {
        match action {
            Action::Look => {}
            Action::Begin(lane, planned) => {
                for whom in self.whom(planned.incident) {
                    self.town
                        .ledger
                        .disturb(whom, monotonic() + planned.lasting + planned.recovery);
                }
                self.begin(planned).await;
                self.put(planned.lasting, Action::End(lane, planned));
            }
            Action::End(lane, planned) => {
                self.end(planned.incident);
                self.plan(lane);
            }
            Action::Typo(number) => {
                let mut typed = self.town.residents[number].account.clone();
                typed.password.push('x');
                self.town
                    .world
                    .api
                    .write_source(&self.town.residents[number].name, &typed);
            }
            Action::Crash(every, until) => self.crash(every, until).await,
        }
    }

    /// Who need not be well for that. Slow answers, labels and people who ask for a new token are no excuse.
    fn whom(&self, incident: Incident) -> Vec<Whom> {
        match incident {
            Incident::Host(_, Weather::Slow(_)) | Incident::Label(_) | Incident::Rotate(_) => Vec::new(),
            Incident::Host(host, _) => vec![Whom::Host(host)],
            Incident::Password(number, _) | Incident::Locked(number) => {
                let users = self.town.ledger.users(&self.town.residents[number].account.username);
                users.into_iter().map(Whom::One).collect()
            }
            Incident::TokenSecretDeleted(number) | Incident::SourceGone(number) => vec![Whom::One(number)],
            _ => vec![Whom::All],
        }
    }

    async fn begin(&mut self, planned: Planned) {
        let (now, tag) = (monotonic(), self.town.tag());
        let world = &mut self.town.world;
        match planned.incident {
            Incident::Host(host, weather) => world.tracktik.weather(&domain(host), weather),
            Incident::Calls(calls) => {
                world.api.calls(calls);
                if matches!(calls, Calls::Refused(_) | Calls::Unheard) {
                    world.api.lag();
                }
            }
            Incident::Lag => world.api.lag(),
            Incident::Restart => {
                world.end_operator().await;
                self.town.start();
            }
            Incident::Down => world.kill().await,
            Incident::CrashLoop(every) => self.put(Duration::ZERO, Action::Crash(every, now + planned.lasting)),
            Incident::ClockSet(step) => world.set_clock_by(step),
            Incident::Password(number, typo) => {
                self.change_password(number);
                if typo {
                    self.put(planned.lasting / 2, Action::Typo(number));
                }
            }
            Incident::Locked(number) => {
                let mut locked = self.town.residents[number].account.clone();
                locked.password.push_str(" until it is unlocked");
                world.tracktik.admit(&locked);
            }
            Incident::Ban => world.tracktik.ban(),
            Incident::Rotate(number) => {
                world.api.annotate(&self.town.residents[number].name, ROTATE, &tag);
            }
            Incident::Label(number) => {
                let name = &self.town.residents[number].name;
                if world.api.secret(name).is_some() {
                    world.api.label_secret(name, "team", &tag);
                }
            }
            Incident::TokenSecretDeleted(number) => {
                let name = format!("{}-token", self.town.residents[number].name);
                if world.api.secret(&name).is_some() {
                    world.api.delete_secret(&name);
                }
            }
            Incident::SourceGone(number) => {
                if world.api.secret(&self.town.residents[number].name).is_some() {
                    world.api.delete_secret(&self.town.residents[number].name);
                }
            }
        }
    }

    fn end(&mut self, incident: Incident) {
        let tag = self.town.tag();
        let world = &mut self.town.world;
        match incident {
            Incident::Host(host, _) => world.tracktik.weather(&domain(host), Weather::Fair),
            Incident::Calls(_) => {
                world.api.calls(Calls::Prompt);
                world.api.catch_up();
            }
            Incident::Lag => world.api.catch_up(),
            Incident::Down => self.town.start(),
            Incident::Password(number, _) => self.write_sources(number),
            Incident::Locked(number) => {
                world.tracktik.admit(&self.town.residents[number].account);
                for user in self.town.ledger.users(&self.town.residents[number].account.username) {
                    self.town
                        .world
                        .api
                        .annotate(&self.town.residents[user].name, ROTATE, &tag);
                }
            }
            Incident::SourceGone(number) => {
                let resident = &self.town.residents[number];
                world.api.write_source(&resident.name, &resident.account);
            }
            _ => {}
        }
    }

    /// In TrackTik; the source Secrets of all who use it follow later.
    fn change_password(&mut self, number: usize) {
        let mut account = self.town.residents[number].account.clone();
        account.password = secret(&format!("password {}", self.town.tag()));
        self.town.world.tracktik.admit(&account);
        for user in self.town.ledger.users(&account.username) {
            self.town.residents[user].account = account.clone();
        }
    }

    fn write_sources(&self, number: usize) {
        for user in self.town.ledger.users(&self.town.residents[number].account.username) {
            let resident = &self.town.residents[user];
            self.town.world.api.write_source(&resident.name, &resident.account);
        }
    }

    async fn crash(&mut self, every: Duration, until: Instant) {
        self.town.restart().await;
        if monotonic() + every < until {
            self.put(every, Action::Crash(every, until));
        }
    }
}
