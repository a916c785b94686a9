//! `docs/reference/metrics.md`, made from a scrape that has everything; and what a scrape of a large fleet costs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use tracktik_operator::{
    api::{Grant, Moment, Reason, conditions::Truth},
    exposition::Exposition,
    metrics::{CredentialFigures, Metrics},
    oauth::{ConnectFault, ErrorCode, Misbehaviour, Silence, TokenRequestFailure},
};

use crate::metric_names::all_of_them;

#[derive(Default)]
struct Described<'t> {
    help: &'t str,
    kind: &'t str,
    labels: BTreeSet<&'t str>,
}

/// The families of a scrape in the text format, each with the labels of its series.
fn families(scrape: &str) -> BTreeMap<&str, Described<'_>> {
    let mut families: BTreeMap<&str, Described<'_>> = BTreeMap::new();
    for line in scrape.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|of| of.split_once(' ')) {
            families.entry(name).or_default().help = help.trim_end_matches('.');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|of| of.split_once(' ')) {
            families.entry(name).or_default().kind = kind;
        } else if let Some((series, _)) = line.rsplit_once(' ') {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let of = ["", "_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| {
                    families
                        .contains_key(name.strip_suffix(end)?)
                        .then(|| &name[..name.len() - end.len()])
                })
                .unwrap_or_else(|| panic!("{name} belongs to no family"));
            let labels = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
            families
                .get_mut(of)
                .unwrap()
                .labels
                .extend(labels.filter(|label| *label != "le"));
        }
    }
    families
}

fn words(values: impl IntoIterator<Item = &'static str>) -> String {
    let quoted: Vec<String> = values.into_iter().map(|value| format!("`{value}`")).collect();
    quoted.join(", ")
}

/// How a token request may end.
fn outcomes() -> BTreeSet<&'static str> {
    let refused = |grant, code| TokenRequestFailure::refused(grant, 401, code, None).outcome();
    let (status, retry_after) = (503, None);
    let redirected = Misbehaviour::Redirect;
    BTreeSet::from([
        "success",
        refused(Grant::Password, ErrorCode::InvalidCredentials),
        refused(Grant::Password, ErrorCode::InvalidClient),
        refused(Grant::Password, ErrorCode::Unknown),
        refused(Grant::Refresh, ErrorCode::InvalidGrant),
        TokenRequestFailure::Throttled { status, retry_after }.outcome(),
        TokenRequestFailure::Firewall.outcome(),
        TokenRequestFailure::ServerError { status }.outcome(),
        TokenRequestFailure::NoAnswer(Silence::Cut).outcome(),
        TokenRequestFailure::NotConnected(ConnectFault::NotAllowed).outcome(),
        TokenRequestFailure::NotConnected(ConnectFault::Refused).outcome(),
        TokenRequestFailure::Misbehaved {
            status: None,
            what: redirected,
        }
        .outcome(),
    ])
}

#[test]
fn each_metric_is_in_the_reference() {
    let scrape = Exposition::Text.of(all_of_them().render());
    let mut page = String::from(
        "# Metrics\n\nMade from what the operator exports; `UPDATE_GOLDEN=1 cargo test --test process` writes it anew.\n\
         What they are good for, and which alerts come with them, is told in [Metrics and alerts](../metrics-and-alerts.md).\n\n| metric | type | labels | what it tells |\n|---|---|---|---|\n",
    );
    for (name, Described { help, kind, labels }) in families(&scrape) {
        assert!(!help.is_empty() && !kind.is_empty(), "{name}");
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(page, "| `{name}` | {kind} | {} | {help} |", labels.join(", ")).unwrap();
    }
    page.push_str("\n## Values of labels\n\n| label | values |\n|---|---|\n");
    let outcomes = outcomes();
    assert_eq!(
        outcomes.len(),
        12,
        "as many as src/oauth/failure.rs says, and success: {outcomes:?}"
    );
    for (label, values) in [
        ("condition", words(["True", "False", "Unknown"])),
        ("reason", words(Reason::ALL.map(Reason::as_str))),
        ("grant", words(["password", "refresh"])),
        ("outcome", words(outcomes)),
        ("result", words(["success", "requeue_after", "error"])),
        ("method", words(["GET", "POST", "PUT", "PATCH", "DELETE", "other"])),
    ] {
        writeln!(page, "| `{label}` | {values} |").unwrap();
    }
    page.push_str("| `code` | the status of the answer, or `<error>` where there was none |\n");
    crate::assert_golden("docs/reference/metrics.md", &page);
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are what this test is also for")]
fn a_thousand_credentials_cost_eight_series_each() {
    let fleet = |size: usize| {
        let credentials: Vec<_> = (0..size)
            .map(|number| CredentialFigures {
                namespace: format!("integrations-{}", number % 50),
                name: format!("customer-{number:04}"),
                expiration: Some(Moment::from_seconds(1_800_003_600)),
                renewal: Some(Moment::from_seconds(1_800_002_400)),
                ready: Truth::True,
                renewed: Truth::True,
                failure: None,
                suspended: false,
            })
            .collect();
        let metrics = Metrics::default();
        metrics.credentials_from(Arc::new(move || credentials.clone()));
        let scrape = metrics.render();
        let series = scrape.lines().filter(|line| !line.starts_with('#')).count();
        (series, scrape.len())
    };
    let (none, thousand) = (fleet(0), fleet(1_000));
    eprintln!(
        "measured: {} series and {} bytes in a scrape of 1,000 credentials, {} and {} without any",
        thousand.0, thousand.1, none.0, none.1
    );
    assert_eq!(thousand.0 - none.0, 8_000);
    assert!(thousand.1 < 1_000_000, "{thousand:?}");
}
