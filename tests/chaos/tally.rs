//! The figures of a run, for whoever reads them.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    crew::Blow,
    fate::Played,
    judge::{Judgement, Verdict},
    landing::Landing,
    servers::Backend,
    subject::Grant,
    work::Work,
};

#[derive(Default)]
pub struct Tally {
    /// By what happened in them.
    rounds: BTreeMap<Blow, usize>,
    verdicts: Vec<Verdict>,
    /// Refresh tokens that came twice.
    repeated_to_simulators: u64,
    pub repeated_to_servers: u64,
    pub foreign_writes: Vec<String>,
    pub leaks: Vec<String>,
    finished_late: u64,
    announced_late: u64,
    pub violations: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, judgement: Judgement) {
        self.verdicts.extend(judgement.verdicts);
        self.foreign_writes = judgement.foreign_writes;
        self.finished_late += judgement.finished_late;
        self.announced_late += judgement.announced_late;
        self.violations.extend(judgement.violations);
    }

    /// Rounds that have been judged.
    pub fn play(&mut self, played: Vec<Played>) {
        for round in played {
            *self.rounds.entry(round.blow).or_default() += 1;
            self.repeated_to_simulators += round.repeated_refresh_tokens;
            self.leaks.extend(round.leaks);
        }
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
        let of = |blow| self.rounds.get(&blow).copied().unwrap_or_default();
        let mut text = format!(
            "{} rounds: {} kills, {} kills of a leader, {} freezes of a leader; {} credentials under work\n",
            self.rounds.values().sum::<usize>(),
            of(Blow::Kill),
            of(Blow::KillLeader),
            of(Blow::FreezeLeader),
            self.verdicts.len()
        );
        self.landings(&mut text);
        self.recoveries(&mut text);
        for backend in Backend::ALL {
            let of = || self.verdicts.iter().filter(|verdict| verdict.backend == backend);
            let logins: u64 = of().map(|verdict| verdict.logins).sum();
            let refreshes: u64 = of().map(|verdict| verdict.refreshes).sum();
            let _ = writeln!(text, "{}: {logins} logins, {refreshes} refreshes", backend.name());
        }
        for grant in Grant::ALL {
            let of = || self.verdicts.iter().filter(|verdict| verdict.grant == grant);
            let extra = of().map(|verdict| verdict.extra_logins);
            let _ = writeln!(
                text,
                "extra logins with {grant:?}: {}, at most {} of one credential, for {} requests under way",
                extra.clone().sum::<u64>(),
                extra.max().unwrap_or_default(),
                of().filter(|verdict| verdict.landing.is_in_flight()).count()
            );
        }
        let granted_late: u64 = self.verdicts.iter().map(|verdict| verdict.granted_late).sum();
        let _ = writeln!(
            text,
            "begun before a leader stood still and finished after that: {} writes, {granted_late} grants",
            self.finished_late
        );
        let _ = writeln!(
            text,
            "sent before the blow, and carried out after it or cut off by it: {} announcements",
            self.announced_late
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

    /// How long it took until all was well, by what had happened, how it is renewed, and whether tokens may have been lost.
    fn recoveries(&self, text: &mut String) {
        let kinds = Blow::ALL
            .into_iter()
            .flat_map(|blow| Grant::ALL.map(|grant| (blow, grant)));
        for ((blow, grant), in_flight) in kinds.flat_map(|kind| [false, true].map(|in_flight| (kind, in_flight))) {
            let here = |verdict: &&Verdict| {
                (verdict.blow, verdict.grant, verdict.landing.is_in_flight()) == (blow, grant, in_flight)
            };
            let of_kind = self.verdicts.iter().filter(here);
            let mut times: Vec<_> = of_kind.clone().filter_map(|verdict| verdict.recovery).collect();
            times.sort_unstable();
            let Some(longest) = times.last() else { continue };
            let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64();
            let _ = writeln!(
                text,
                "recovery, {blow:?}, {grant:?}, {}: {} of {}, p50 {:.1} s, p95 {:.1} s, longest {:.1} s",
                if in_flight { "under way" } else { "else" },
                times.len(),
                of_kind.count(),
                at(50),
                at(95),
                longest.as_secs_f64(),
            );
        }
    }
}

fn kinds() -> impl Iterator<Item = (Blow, Work, Grant)> {
    let works = |blow| Work::ALL.map(move |work| (blow, work)).into_iter();
    let grants = |(blow, work)| Grant::ALL.map(move |grant| (blow, work, grant)).into_iter();
    Blow::ALL.into_iter().flat_map(works).flat_map(grants)
}
