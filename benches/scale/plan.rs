//! What is to be measured, as the environment says, and how long that will take.

use std::{env, time::Duration};

use crate::Outcome;

/// One thing to measure. Its name is the word in `ONLY=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The calls that the design needs, made by bare clients.
    Limit,
    /// From the start of the process until all are Ready.
    Cold,
    /// `/metrics` with all of them.
    Scrape,
    /// Nothing is due.
    Idle,
    /// A new process over fresh tokens.
    Restart,
    /// All due within a minute.
    Storm,
    /// Large Secrets of others beside it.
    Foreign,
    /// Credentials that come, change and go.
    Churn,
    /// One host of a hundred does not answer.
    DeadHost,
    /// A cold start where all are of one host.
    SingleHost,
}

const NAMES: [(&str, Scenario); 10] = [
    ("limit", Scenario::Limit),
    ("cold", Scenario::Cold),
    ("scrape", Scenario::Scrape),
    ("idle", Scenario::Idle),
    ("restart", Scenario::Restart),
    ("storm", Scenario::Storm),
    ("foreign", Scenario::Foreign),
    ("churn", Scenario::Churn),
    ("dead-host", Scenario::DeadHost),
    ("single-host", Scenario::SingleHost),
];

/// What is to be measured.
#[derive(Debug)]
pub struct Plan {
    /// Numbers of credentials, each on a control plane of its own.
    pub credentials: Vec<usize>,
    /// How long to look at an idle operator.
    pub idle: Duration,
    /// How long credentials come and go.
    pub churn: Duration,
    /// Another operator than the one built beside this program.
    pub operator: Option<String>,
    only: Vec<Scenario>,
}

impl Plan {
    /// Reads it.
    pub fn from_environment() -> Outcome<Self> {
        let list = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
        let numbers = list("N").unwrap_or_else(|| "100,1000,5000,10000".to_owned());
        let credentials = numbers.split(',').map(str::parse).collect::<Result<_, _>>();
        let only = list("ONLY").map_or_else(
            || Ok(NAMES.map(|(_, scenario)| scenario).to_vec()),
            |words| words.split(',').map(scenario).collect(),
        )?;
        let seconds = |name: &str, otherwise: u64| -> Outcome<Duration> {
            let text = list(name).map(|text| text.parse()).transpose()?;
            Ok(Duration::from_secs(text.unwrap_or(otherwise)))
        };
        Ok(Self {
            credentials: credentials?,
            idle: seconds("IDLE_SECONDS", 300)?,
            churn: seconds("CHURN_SECONDS", 120)?,
            operator: list("OPERATOR"),
            only,
        })
    }

    /// Whether this was asked for.
    pub fn wants(&self, scenario: Scenario) -> bool {
        self.only.contains(&scenario)
    }

    /// Whether anything was asked for that looks at credentials with tokens in place.
    pub fn needs_credentials(&self) -> bool {
        use Scenario::{Cold, Foreign, Idle, Restart, Scrape, Storm};
        [Cold, Scrape, Idle, Restart, Storm, Foreign]
            .iter()
            .any(|one| self.wants(*one))
    }

    /// Says how long it will take, by what it took on two cores.
    pub fn announce(&self) {
        let seconds: u64 = self.credentials.iter().map(|count| self.seconds(*count as u64)).sum();
        println!(
            "this takes about {} min on two cores with nothing else to do",
            seconds.div_ceil(60)
        );
    }

    fn seconds(&self, credentials: u64) -> u64 {
        let of = |scenario: Scenario, seconds: u64| if self.wants(scenario) { seconds } else { 0 };
        let populated = if self.needs_credentials() {
            30 + credentials / 50
        } else {
            0
        };
        20 + populated
            + of(Scenario::Limit, 10 + credentials / 60)
            + of(Scenario::Idle, self.idle.as_secs() + 15)
            + of(Scenario::Storm, 300 + credentials / 30)
            + of(Scenario::Restart, 20)
            + of(Scenario::Foreign, 90)
            + of(Scenario::Churn, self.churn.as_secs() + 120)
            + of(Scenario::DeadHost, 290)
            + of(Scenario::SingleHost, 20 + credentials / 50)
    }
}

fn scenario(word: &str) -> Outcome<Scenario> {
    let found = NAMES.iter().find(|(name, _)| *name == word);
    found.map(|(_, scenario)| *scenario).ok_or_else(|| {
        let known = NAMES.map(|(name, _)| name).join(", ");
        format!("ONLY={word}: there is no such scenario; these are: {known}").into()
    })
}
