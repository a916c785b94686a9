//! What the process costs, in the metrics, under the names that every client library of Prometheus uses.
//!
//! Read from Linux at each scrape. Elsewhere, or where `/proc` is not there, these series are missing.

use std::fs;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// Of a second: what Linux tells programs the time in, on every machine, whatever its kernel counts in.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc/self` at each scrape.
#[derive(Debug)]
pub(crate) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        if let Some(seconds) = read("stat").as_deref().and_then(cpu_seconds) {
            let counter = ConstCounter::new(seconds);
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                "CPU time that the process has used, in user and in system mode",
                None,
                counter.metric_type(),
            )?;
            counter.encode(metric)?;
        }
        let status = read("status");
        let open = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Memory of the process that is in RAM",
                status.as_deref().and_then(|status| memory_bytes(status, "VmRSS:")),
            ),
            (
                "process_virtual_memory_bytes",
                "Address space of the process",
                status.as_deref().and_then(|status| memory_bytes(status, "VmSize:")),
            ),
            (
                "process_open_fds",
                "Files and connections that are open",
                open.and_then(|count| i64::try_from(count).ok()),
            ),
            (
                "process_max_fds",
                "Files and connections that may be open",
                read("limits").as_deref().and_then(most_files),
            ),
        ] {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/{file}")).ok()
}

/// User and system time are the 14th and 15th field; the second, the program's name, may hold spaces and brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

fn memory_bytes(status: &str, field: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

fn most_files(limits: &str) -> Option<i64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_tables_are_read() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 5 0 100 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("7 (cut"), None);
        let status = "VmPeak:\t 9 kB\nVmSize:\t  2048 kB\nVmRSS:\t     12 kB\n";
        assert_eq!(memory_bytes(status, "VmRSS:"), Some(12_288));
        assert_eq!(memory_bytes(status, "VmSize:"), Some(2_097_152));
        assert_eq!(memory_bytes(status, "VmSwap:"), None);
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024   524288   files\n";
        assert_eq!(most_files(limits), Some(1_024));
        assert_eq!(most_files("Max open files unlimited unlimited files"), None);
    }
}
