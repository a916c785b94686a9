//! What a process costs, as Linux counts it.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::Outcome;

/// In seconds: what Linux tells programs the time in, on every machine.
const TICK: f64 = 0.01;

/// A process that still runs.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// User and system time so far, in seconds, in steps of 10 ms.
    pub fn cpu(self) -> Outcome<f64> {
        let ticks: u64 = self.stat(11, 2)?.iter().sum();
        Ok(ticks as f64 * TICK)
    }

    /// When it was started.
    pub fn began(self) -> Outcome<Instant> {
        let since_boot = fs::read_to_string("/proc/uptime")?;
        let now: f64 = since_boot.split(' ').next().unwrap_or_default().parse()?;
        let ticks = self.stat(19, 1)?.first().copied().unwrap_or_default();
        let age = (now - ticks as f64 * TICK).max(0.0);
        let began = Instant::now().checked_sub(Duration::from_secs_f64(age));
        Ok(began.ok_or("older than the machine")?)
    }

    /// Resident memory in KiB.
    pub fn resident(self) -> Outcome<f64> {
        self.memory("VmRSS:")
    }

    /// The most that was ever resident, in KiB.
    pub fn peak(self) -> Outcome<f64> {
        self.memory("VmHWM:")
    }

    /// When it last did more than a hundredth of a core: returns once it has not for two seconds.
    pub async fn quiet(self) -> Outcome<Instant> {
        let (mut since, mut then) = (Instant::now(), self.cpu()?);
        while since.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.cpu()?;
            if now - then > 2.5 * TICK {
                (since, then) = (Instant::now(), now);
            }
        }
        Ok(since)
    }

    /// Fields of `/proc/PID/stat` behind the name, which may hold anything.
    fn stat(self, first: usize, count: usize) -> Outcome<Vec<u64>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let fields = behind.split_whitespace().skip(first).take(count).map(str::parse);
        Ok(fields.collect::<Result<_, _>>()?)
    }

    fn memory(self, line: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let found = status.lines().find_map(|text| text.strip_prefix(line));
        let kib = found.and_then(|text| text.split_whitespace().next());
        Ok(kib.ok_or("no such line in /proc")?.parse()?)
    }
}
