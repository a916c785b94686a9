//! A credential as the watch delivers it, from a cluster with any version of the definition: whatever its spec and status
//! are, it is not lost; no rule is broken in silence; and no failure record makes a hot loop or a wait without an end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use tracktik_operator::{
    api::{
        Failure, Moment, Reason, Span, TrackTikCredentialSpec, TrackTikCredentialStatus, Tried, recheck::broken_rule,
    },
    cluster::{CredentialObject, CredentialView},
    rotation::{
        backoff::Pace,
        failure_record::{Setback, after_failure, after_success, announcing, folded},
        failure_wait::wait_until,
    },
    secrets::{layout::Layout, source::SourcePlan},
};

use crate::{
    canary::hidden,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "credentials",
    dictionary: &[
        "metadata",
        "annotations",
        "tracktik-operator.io/rotate",
        "reconcile.fluxcd.io/requestedAt",
        "spec",
        "domain",
        "credentials",
        "secretRef",
        "clientId",
        "clientSecret",
        "username",
        "password",
        "value",
        "key",
        "tokenSecret",
        "renewal",
        "suspend",
        "labels",
        "status",
        "failure",
        "reason",
        "count",
        "firstTime",
        "lastTime",
        "nextAttemptTime",
        "recentTimes",
        "tried",
        "pending",
        "issueId",
        "conditions",
        "\"Refresh\"",
        "\"Discard\"",
        "\"CredentialsRejected\"",
        "\"Unheard\"",
        "kubernetes.io/",
        "app.kubernetes.io/name",
        "../",
        "-2147483648",
        "2147483647",
        "\"2026-10-21T07:28:00Z\"",
    ],
    judge,
};

/// The time at which all are looked at.
const NOW: Moment = Moment::from_seconds(1_792_567_680);

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(object) = serde_json::from_slice::<CredentialObject>(bytes) else {
        kept_if_it_has_metadata(bytes)?;
        return Ok(Verdict::rejected("no object"));
    };
    let view = CredentialView::from(object);
    for echo in [view.rotate.as_deref(), view.requested_at.as_deref()]
        .into_iter()
        .flatten()
    {
        ensure((1..=256).contains(&echo.len()), || {
            format!("an echo of {} bytes", echo.len())
        })?;
    }
    // As JSON: fractions of a second, which the API server does not keep, are not written.
    let status = serde_json::to_value(&*view.status).map_err(|error| error.to_string())?;
    let read: Option<TrackTikCredentialStatus> = serde_json::from_value(status.clone()).ok();
    let again = read.and_then(|read| serde_json::to_value(read).ok());
    same(&again, &Some(status), "status written and read again")?;
    let figures = view.figures();
    same(&figures.expiration, &view.status.expiration_time, "the figure")?;
    let failure = view.status.failure.clone().unwrap_or_default();
    bounded(&failure)?;
    let broken = view.spec.as_ref().map(looked_at).transpose()?;
    let broken = broken
        .flatten()
        .map(|words| words.split(' ').next().unwrap_or_default().to_owned());
    let behaviour = format!(
        "broken {broken:?}, reason {:?}, pending {}",
        failure.reason,
        failure.pending.is_some()
    );
    Ok(match (&view.spec, broken) {
        (Some(_), None) => Verdict::accepted(behaviour),
        _ => Verdict::rejected(behaviour),
    })
}

/// What has readable metadata is in the list, whatever its spec and status are: a reading by the book says so.
fn kept_if_it_has_metadata(bytes: &[u8]) -> Result<(), String> {
    let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else {
        return Ok(());
    };
    let metadata = object.get("metadata").cloned();
    let readable = metadata.is_none_or(|metadata| serde_json::from_value::<ObjectMeta>(metadata).is_ok());
    // A key that stands there twice is read only here: the API server never sends one.
    let lost = serde_json::from_value::<CredentialObject>(Value::Object(object)).is_err();
    ensure(!(readable && lost), || "it is lost for its spec or status".to_owned())
}

/// The rule that a spec breaks, in words that hold no value; where it breaks none, its names are names.
fn looked_at(spec: &TrackTikCredentialSpec) -> Result<Option<String>, String> {
    let plan = SourcePlan::of(spec);
    let account = plan.unread().account().map(drop);
    let layout = Layout::of(&spec.token_secret);
    same(&Layout::parse(&layout.canonical()), &Some(layout), "the layout")?;
    if let Some(words) = broken_rule(spec) {
        hidden(&words)?;
        ensure(words.starts_with("spec.") && words.len() <= 1_024, || words.clone())?;
        return Ok(Some(words));
    }
    let of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let target = spec.token_secret_name("acme");
    let names = plan
        .secrets()
        .into_iter()
        .chain([target.as_str(), spec.domain.split(':').next().unwrap_or_default()]);
    for name in names {
        let good = !name.is_empty() && name.len() <= 253 && name.chars().all(of_a_name) && !name.contains("..");
        ensure(good, || format!("taken for a name: {name:?}"))?;
    }
    let metadata = spec.token_secret.metadata.as_ref();
    for key in metadata
        .iter()
        .flat_map(|of| of.labels.keys().chain(of.annotations.keys()))
    {
        let of = key
            .split('/')
            .next()
            .filter(|prefix| *prefix != key)
            .unwrap_or_default();
        let theirs = ["tracktik-operator.io", "k8s.io", "argoproj.io", "fluxcd.io", "helm.sh"];
        let reserved = theirs
            .iter()
            .any(|zone| of == *zone || of.ends_with(&format!(".{zone}")));
        ensure(!reserved && of != "kubernetes.io", || {
            format!("a key of others: {key:?}")
        })?;
    }
    if let Err(problem) = account {
        let known = matches!(problem.reason, Reason::SourceNotFound | Reason::SpecInvalid);
        ensure(known && problem.message.len() <= 1_024, || problem.message.clone())?;
    }
    Ok(None)
}

/// Whatever stands in the record: it asks to wait a day at most, and what follows it is as it should be.
fn bounded(record: &Failure) -> Result<(), String> {
    // Rounded up twice, and against a clock that is a second off.
    let day = Span::hours(24) + Span::seconds(3);
    let tried = Tried::default();
    for now in [Moment::default(), NOW, Moment::MAX] {
        if let Some(until) = wait_until(record, &tried, None, now) {
            ensure(until > now && until - now <= day, || {
                format!("at {now} it asks to wait until {until}")
            })?;
        }
    }
    same(&folded(&folded(record)), &folded(record), "folded twice")?;
    let setback = Setback {
        reason: Reason::CredentialsRejected,
        message: "refused".to_owned(),
        pace: Pace::Rejection,
        may_have_sent: true,
        retry_after: None,
    };
    let failed = after_failure(record, "uid", tried.clone(), &setback, NOW);
    let wait = failed.next_attempt_time.unwrap_or_default() - NOW;
    ensure(wait >= Span::minutes(30) && wait <= day, || {
        format!("after a refusal it waits {wait}")
    })?;
    ensure(failed.count >= 1, || format!("{} failures", failed.count))?;
    let announced = announcing(record, tried, "id", NOW);
    ensure(announced.pending.is_some(), || "nothing is announced".to_owned())?;
    for next in [&failed, &announced, &after_success(record, NOW), &folded(record)] {
        let few = next.recent_times.len() <= Failure::MOST_RECENT_TIMES.max(record.recent_times.len());
        ensure(few, || format!("{} times", next.recent_times.len()))?;
    }
    same(&after_success(record, NOW).reason, &None, "the reason after a success")
}
