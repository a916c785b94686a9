//! The gate in the metrics: computed at each scrape, since places become free by the passing of time.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
};

/// What the gate holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateFigures {
    /// Places for token requests that are free.
    pub places_left: usize,
    /// Requests that are under way.
    pub in_flight: usize,
    /// Places that are held for a while after a failed request.
    pub held: usize,
    /// Credentials that wait.
    pub waiting: usize,
}

/// Tells the figures; nothing while this process may not act, and its gate stands for nothing.
pub type GateSource = Arc<dyn Fn() -> Option<GateFigures> + Send + Sync>;

/// Reads the source at each scrape; nothing before there is one.
#[derive(Clone, Default)]
pub struct GateCollector {
    pub(crate) source: Arc<OnceLock<GateSource>>,
}

impl fmt::Debug for GateCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateCollector")
    }
}

impl Collector for GateCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(figures) = self.source.get().and_then(|source| source()) else {
            return Ok(());
        };
        for (name, help, value) in [
            (
                "tracktik_failure_budget_available",
                "Token requests that may still be begun, and may fail, before the others have to wait; of --login-budget",
                figures.places_left,
            ),
            (
                "tracktik_failure_budget_in_flight",
                "Places of --login-budget that are taken by token requests under way",
                figures.in_flight,
            ),
            (
                "tracktik_failure_budget_held",
                "Places of --login-budget that stay taken for a while after a token request that failed",
                figures.held,
            ),
            (
                "tracktik_credentials_waiting",
                "Credentials whose token request waits for a place, a host or another request of their account",
                figures.waiting,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
