//! What was measured: a line as soon as it is known, a table at the end, and the same as JSON.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{Outcome, plan::Plan};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench/scale.json");

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// It is for reading only.
    None,
    /// So much at most.
    AtMost(f64),
    /// So much at least.
    AtLeast(f64),
    /// Exactly so much.
    Exactly(f64),
}

impl Target {
    fn held(self, value: f64) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(wanted) => (value - wanted).abs() < 1e-9,
        }
    }

    fn words(self) -> String {
        match self {
            Self::None => String::new(),
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::Exactly(wanted) => format!("= {wanted}"),
        }
    }
}

struct Row {
    credentials: usize,
    scenario: &'static str,
    figure: String,
    value: f64,
    unit: &'static str,
    target: Target,
}

/// All figures of a run.
pub struct Report {
    rows: Vec<Row>,
    details: Vec<Value>,
    operator: String,
}

impl Report {
    /// An empty one.
    pub fn new(plan: &Plan) -> Self {
        Self {
            rows: Vec::new(),
            details: Vec::new(),
            operator: plan
                .operator
                .clone()
                .unwrap_or_else(|| "as built with the bench".to_owned()),
        }
    }

    /// Adds figures of a scenario.
    pub fn of(&mut self, credentials: usize, scenario: &'static str) -> Figures<'_> {
        Figures {
            report: self,
            credentials,
            scenario,
        }
    }

    /// A figure that was measured before, for a ratio.
    pub fn figure(&self, credentials: usize, scenario: &str, figure: &str) -> Option<f64> {
        let wanted = |row: &&Row| row.credentials == credentials && row.scenario == scenario && row.figure == figure;
        self.rows.iter().find(wanted).map(|row| row.value)
    }

    /// Whether no target was missed.
    pub fn all_held(&self) -> bool {
        self.rows.iter().all(|row| row.target.held(row.value))
    }

    /// The table.
    pub fn print(&self) {
        println!(
            "{:>7}  {:<12}{:<44}{:>12}  {:<10}{:<10}",
            "N", "scenario", "figure", "value", "unit", "target"
        );
        for row in &self.rows {
            let missed = if row.target.held(row.value) { "" } else { "missed" };
            let value = written(row.value);
            println!(
                "{:>7}  {:<12}{:<44}{value:>12}  {:<10}{:<10}{missed}",
                row.credentials,
                row.scenario,
                row.figure,
                row.unit,
                row.target.words()
            );
        }
    }

    /// The file.
    pub fn write(&self) -> Outcome {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "credentials": row.credentials, "scenario": row.scenario, "figure": row.figure, "value": row.value,
                    "unit": row.unit, "target": row.target.words(), "held": row.target.held(row.value),
                })
            })
            .collect();
        let all = json!({ "operator": self.operator, "figures": rows, "details": self.details });
        if let Some((folder, _)) = FILE.rsplit_once('/') {
            fs::create_dir_all(folder)?;
        }
        fs::write(FILE, serde_json::to_vec_pretty(&all)?)?;
        Ok(())
    }
}

/// Takes the figures of one scenario.
pub struct Figures<'a> {
    report: &'a mut Report,
    credentials: usize,
    scenario: &'static str,
}

impl Figures<'_> {
    /// One figure.
    pub fn add(&mut self, figure: &str, value: f64, unit: &'static str, target: Target) -> &mut Self {
        let missed = if target.held(value) { "" } else { "  missed" };
        println!(
            "{}: {figure}: {} {unit} {}{missed}",
            self.scenario,
            written(value),
            target.words()
        );
        self.report.rows.push(Row {
            credentials: self.credentials,
            scenario: self.scenario,
            figure: figure.to_owned(),
            value,
            unit,
            target,
        });
        self
    }

    /// One that is for reading only.
    pub fn note(&mut self, figure: &str, value: f64, unit: &'static str) -> &mut Self {
        self.add(figure, value, unit, Target::None)
    }

    /// Percentiles of times, in milliseconds.
    pub fn times(&mut self, figure: &str, times: &mut [Duration]) -> &mut Self {
        for percent in [50, 90, 99, 100] {
            let time = percentile(times, percent).as_secs_f64() * 1_000.0;
            self.note(&format!("{figure} p{percent}"), time, "ms");
        }
        self
    }

    /// What is no number, for the file.
    pub fn detail(&mut self, what: &str, detail: &impl ToString) -> &mut Self {
        let detail = detail.to_string();
        println!("{}: {what}: {detail}", self.scenario);
        self.report.details.push(json!({
            "credentials": self.credentials, "scenario": self.scenario, "what": what, "detail": detail,
        }));
        self
    }
}

/// The smallest time that at least so many in a hundred do not exceed; zero of none.
pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(index).copied().unwrap_or_default()
}

fn written(value: f64) -> String {
    if value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else if value.abs() < 10.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.1}")
    }
}
