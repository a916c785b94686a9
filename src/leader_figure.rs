//! Whether this process leads, in the metrics, under the name that client-go has for it: asked at each scrape, since a
//! claim ends by the passing of time.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
};

/// Tells whether this process leads.
pub type LeaderSource = Arc<dyn Fn() -> bool + Send + Sync>;

/// Reads the source at each scrape; before there is one, this process follows.
#[derive(Clone, Default)]
pub struct LeaderCollector {
    pub(crate) source: Arc<OnceLock<LeaderSource>>,
    /// The name of the Lease; empty without an election.
    pub(crate) lease: Arc<OnceLock<String>>,
}

impl fmt::Debug for LeaderCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaderCollector")
    }
}

impl Collector for LeaderCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let leads = self.source.get().is_some_and(|source| source());
        let lease = self.lease.get().map_or("", String::as_str);
        let gauge = ConstGauge::new(i64::from(leads));
        let mut metric = encoder.encode_descriptor(
            "leader_election_master_status",
            "1 while this process may act, be it as the leader or without an election; 0 while it may not",
            None,
            gauge.metric_type(),
        )?;
        gauge.encode(metric.encode_family(&[("name", lease)])?)
    }
}
