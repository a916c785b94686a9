//! What a Prometheus would have stored of operators that it scrapes once a minute, in the notation of promtool's tests.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tracktik_operator::api::Moment;

/// The labels that a Prometheus gives all series of a target, where the series has none of that name (`honorLabels`).
const JOB: &str = "tracktik-operator";
pub const NAMESPACE: &str = "tracktik-system";

/// Scrapes, one a minute.
pub struct Recording {
    /// promtool's time begins at zero.
    began: Moment,
    scrapes: usize,
    series: BTreeMap<String, BTreeMap<usize, String>>,
}

impl Recording {
    pub fn since(began: Moment) -> Self {
        Self {
            began,
            scrapes: 0,
            series: BTreeMap::new(),
        }
    }

    /// How many there are, which is the minute of the next.
    pub fn scrapes(&self) -> usize {
        self.scrapes
    }

    /// A minute's scrape: what each pod answered; of one that did not answer, nothing.
    pub fn scrape(&mut self, answers: &[(&str, &str)]) {
        for (pod, answer) in answers {
            for line in answer.lines().filter(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let value = self.on_promtool_s_clock(series, value);
                let samples = self.series.entry(as_stored(series, pod)).or_default();
                samples.insert(self.scrapes, value);
            }
        }
        self.scrapes += 1;
    }

    fn on_promtool_s_clock(&self, series: &str, value: &str) -> String {
        let name = series.split('{').next().unwrap();
        if name.ends_with("_timestamp_seconds") || name == "process_start_time_seconds" {
            let time: f64 = value.parse().unwrap();
            #[expect(clippy::cast_precision_loss, reason = "exact for times")]
            return (time - self.began.as_seconds() as f64).to_string();
        }
        value.to_owned()
    }

    /// As if the metric had another name.
    pub fn renamed(mut self, metric: &str, to: &str) -> Self {
        let renamed = |series: String| match series.strip_prefix(metric) {
            Some(labels) if labels.starts_with('{') => format!("{to}{labels}"),
            _ => series,
        };
        let series = std::mem::take(&mut self.series);
        self.series = series
            .into_iter()
            .map(|(name, samples)| (renamed(name), samples))
            .collect();
        self
    }

    /// The series as `input_series`. One that was there and is not has ended, which Prometheus notes at once.
    pub fn input_series(&self) -> Vec<Value> {
        let one = |(series, samples): (&String, &BTreeMap<usize, String>)| {
            let values: Vec<&str> = (0..self.scrapes)
                .map(|at| match samples.get(&at) {
                    Some(value) => value.as_str(),
                    None if at > 0 && samples.contains_key(&(at - 1)) => "stale",
                    None => "_",
                })
                .collect();
            json!({ "series": series, "values": values.join(" ") })
        };
        self.series.iter().map(one).collect()
    }
}

fn as_stored(series: &str, pod: &str) -> String {
    let (name, own) = series.split_once('{').unwrap_or((series, "}"));
    let own = own.strip_suffix('}').unwrap();
    let mut labels = vec![
        format!("job=\"{JOB}\""),
        format!("pod=\"{pod}\""),
        format!("instance=\"{pod}:8080\""),
    ];
    if !own.starts_with("namespace=") && !own.contains(",namespace=") {
        labels.push(format!("namespace=\"{NAMESPACE}\""));
    }
    if !own.is_empty() {
        labels.push(own.to_owned());
    }
    format!("{name}{{{}}}", labels.join(","))
}
