//! The figures of a run, for whoever reads them.

use std::{fmt::Write, time::Duration};

use crate::{
    crew::Blow,
    judge::{Judgement, Verdict},
    landing::Landing,
    servers::Backend,
    subject::Grant,
    work::Work,
};

#[derive(Default)]
pub struct Tally {
    pub rounds: usize,
    verdicts: Vec<Verdict>,
    /// Refresh tokens that came twice.
    pub repeated_to_simulators: u64,
    pub repeated_to_servers: u64,
    pub foreign_writes: Vec<String>,
    pub leaks: Vec<String>,
    finished_late: u64,
    pub violations: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, judgement: Judgement) {
        self.verdicts.extend(judgement.verdicts);
        self.foreign_writes.extend(judgement.foreign_writes);
        self.finished_late += judgement.finished_late;
        self.violations.extend(judgement.violations);
    }

    /// How many blows fell in a request whose tokens may be lost.
    pub fn in_flight(&self) -> usize {
        self.verdicts
            .iter()
            .filter(|verdict| verdict.landing.is_in_flight())
            .count()
    }

    pub fn repeated(&self) -> u64 {
        self.repeated_to_simulators + self.repeated_to_servers
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "{} rounds, {} credentials under work\n",
            self.rounds,
            self.verdicts.len()
        );
        self.landings(&mut text);
        for grant in Grant::ALL {
            self.recoveries(&mut text, grant);
        }
        for backend in Backend::ALL {
            let of = || self.verdicts.iter().filter(|verdict| verdict.backend == backend);
            let logins: u64 = of().map(|verdict| verdict.logins).sum();
            let refreshes: u64 = of().map(|verdict| verdict.refreshes).sum();
            let _ = writeln!(text, "{}: {logins} logins, {refreshes} refreshes", backend.name());
        }
        let extra: u64 = self.verdicts.iter().map(|verdict| verdict.extra_logins).sum();
        let _ = writeln!(
            text,
            "extra logins: {extra}, for {} requests under way",
            self.in_flight()
        );
        let granted_late: u64 = self.verdicts.iter().map(|verdict| verdict.granted_late).sum();
        let _ = writeln!(
            text,
            "begun before a leader stood still and finished after that: {} writes, {granted_late} grants",
            self.finished_late
        );
        let _ = writeln!(text, "refresh tokens that came twice: {}", self.repeated());
        let _ = writeln!(text, "foreign writes: {}", self.foreign_writes.len());
        let _ = writeln!(text, "leaks: {}", self.leaks.len());
        let _ = writeln!(text, "other violations: {}", self.violations.len());
        for violation in &self.violations {
            let _ = writeln!(text, "  {violation}");
        }
        text
    }

    /// Where the blows fell, by what the operator was at.
    fn landings(&self, text: &mut String) {
        let _ = write!(text, "{:34}", "");
        for landing in Landing::ALL {
            let _ = write!(text, "{:>24}", landing.name());
        }
        text.push('\n');
        for (blow, work, grant) in kinds() {
            let of_kind = |verdict: &&Verdict| (verdict.blow, verdict.work, verdict.grant) == (blow, work, grant);
            let of_kind: Vec<_> = self.verdicts.iter().filter(of_kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let _ = write!(text, "{:34}", format!("{blow:?}, {work:?}, {grant:?}"));
            for landing in Landing::ALL {
                let here = of_kind.iter().filter(|verdict| verdict.landing == landing).count();
                let _ = write!(text, "{here:>24}");
            }
            text.push('\n');
        }
    }

    fn recoveries(&self, text: &mut String, grant: Grant) {
        for in_flight in [false, true] {
            let here = |verdict: &&Verdict| verdict.grant == grant && verdict.landing.is_in_flight() == in_flight;
            let mut times: Vec<_> = self
                .verdicts
                .iter()
                .filter(here)
                .filter_map(|verdict| verdict.recovery)
                .collect();
            times.sort_unstable();
            let at = |share: usize| {
                let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
                times.get(index).map_or(0.0, Duration::as_secs_f64)
            };
            let when = if in_flight { "under way" } else { "else" };
            let _ = writeln!(
                text,
                "recovery, {grant:?}, {when}: p50 {:.1} s, p95 {:.1} s, longest {:.1} s",
                at(50),
                at(95),
                at(100),
            );
        }
    }
}

fn kinds() -> impl Iterator<Item = (Blow, Work, Grant)> {
    let works = |blow| Work::ALL.map(move |work| (blow, work)).into_iter();
    let grants = |(blow, work)| Grant::ALL.map(move |grant| (blow, work, grant)).into_iter();
    Blow::ALL.into_iter().flat_map(works).flat_map(grants)
}
