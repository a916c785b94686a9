//! The metrics of each credential, computed at every scrape from what stands then: a deleted one is gone at once.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};

use crate::api::{Moment, Reason, conditions::Truth};

/// What one credential looks like at a scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialFigures {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// When the access token in its token Secret expires; no series without one.
    pub expiration: Option<Moment>,
    /// When it will next be renewed of the operator's own accord; no series without one.
    pub renewal: Option<Moment>,
    /// Its condition `Ready`.
    pub ready: Truth,
    /// Its condition `Renewed`: where it is False while `Ready` is True, there is time left to mend what is wrong.
    pub renewed: Truth,
    /// Why not, where `Renewed` is False, or else where `Ready` is; no series where neither is.
    pub failure: Option<Reason>,
    /// `spec.suspend`; no series where it is false.
    pub suspended: bool,
}

impl CredentialFigures {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [("namespace", &self.namespace), ("name", &self.name)]
    }
}

/// Where the credentials come from, asked once per scrape. Whoever may not act gives none.
pub type CredentialSource = Arc<dyn Fn() -> Vec<CredentialFigures> + Send + Sync>;

/// The collector; without a source there are no credentials.
#[derive(Clone, Default)]
pub(crate) struct CredentialCollector {
    pub(crate) source: Arc<OnceLock<CredentialSource>>,
}

impl fmt::Debug for CredentialCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCollector").finish_non_exhaustive()
    }
}

impl Collector for CredentialCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let credentials = self.source.get().map(|source| source()).unwrap_or_default();
        if credentials.is_empty() {
            return Ok(());
        }
        times(
            &mut encoder,
            "tracktik_credential_expiration_timestamp_seconds",
            "When the access token in the token Secret expires, in Unix time.",
            credentials
                .iter()
                .filter_map(|figures| Some((figures, figures.expiration?))),
        )?;
        times(
            &mut encoder,
            "tracktik_credential_renewal_timestamp_seconds",
            "When the operator will next renew the token of its own accord, in Unix time.",
            credentials
                .iter()
                .filter_map(|figures| Some((figures, figures.renewal?))),
        )?;

        truths(
            &mut encoder,
            "tracktik_credential_ready",
            "The condition Ready: 1 for what it is, 0 for what it is not.",
            credentials.iter().map(|figures| (figures, figures.ready)),
        )?;
        truths(
            &mut encoder,
            "tracktik_credential_renewed",
            "The condition Renewed: 1 for what it is, 0 for what it is not.",
            credentials.iter().map(|figures| (figures, figures.renewed)),
        )?;
        let failing = credentials
            .iter()
            .filter_map(|figures| Some((figures, Some(figures.failure?.as_str()))));
        marks(
            &mut encoder,
            "tracktik_credential_failure",
            "1, with the reason, for each credential whose condition Renewed or Ready is False.",
            failing,
        )?;
        let suspended = credentials.iter().filter(|figures| figures.suspended);
        marks(
            &mut encoder,
            "tracktik_credential_suspended",
            "1 for each credential that spec.suspend keeps from being renewed.",
            suspended.map(|figures| (figures, None)),
        )
    }
}

/// A series for those only that it is true of: a fleet in which all is well has none.
fn marks<'f>(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &str,
    help: &str,
    marked: impl Iterator<Item = (&'f CredentialFigures, Option<&'static str>)>,
) -> fmt::Result {
    let mut marked = marked.peekable();
    if marked.peek().is_none() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(metric, help, None, MetricType::Gauge)?;
    for (figures, reason) in marked {
        let [namespace, name] = figures.labels();
        let series = match reason {
            Some(reason) => family
                .encode_family(&[namespace, name, ("reason", reason)])?
                .encode_gauge(&1_i64),
            None => family.encode_family(&[namespace, name])?.encode_gauge(&1_i64),
        };
        series?;
    }
    Ok(())
}

/// One series for each truth, as kube-state-metrics has conditions: an alert on `condition="False"` needs no absent series.
fn truths<'f>(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &str,
    help: &str,
    conditions: impl Iterator<Item = (&'f CredentialFigures, Truth)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(metric, help, None, MetricType::Gauge)?;
    for (figures, is) in conditions {
        for truth in [Truth::True, Truth::False, Truth::Unknown] {
            let [namespace, name] = figures.labels();
            family
                .encode_family(&[namespace, name, ("condition", truth.as_str())])?
                .encode_gauge(&i64::from(truth == is))?;
        }
    }
    Ok(())
}

fn times<'f>(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &str,
    help: &str,
    times: impl Iterator<Item = (&'f CredentialFigures, Moment)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(metric, help, None, MetricType::Gauge)?;
    for (figures, time) in times {
        family
            .encode_family(&figures.labels())?
            .encode_gauge(&time.as_seconds())?;
    }
    Ok(())
}
