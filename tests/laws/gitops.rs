//! What GitOps tools make of everything that status can say, by their own code: kstatus, by which Flux and Helm 4 wait, and
//! Argo CD with the health script of ours.

use std::path::{Path, PathBuf};

use proptest::{
    prelude::Strategy as _,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use testbed::gitops_tools::{Said, argo_health, kstatus};
use tracktik_operator::{
    api::{Binding, Moment, Span, TokenSecretStatus, TrackTikCredentialStatus, conditions::merge},
    rotation::{
        Observation, decide,
        observation::Target,
        readiness::{Readiness, readiness},
    },
};

use crate::{
    arbitrary::{START, clock, observation},
    life::{new_credential, with_token},
    status_table::{NOW, rows},
};

mod argo_actions;
mod argo_examples;
mod argo_settings;
mod flux_rules;

const GENERATION: i64 = 2;

/// Where Argo CD would have what it knows of our kind.
fn customization() -> PathBuf {
    let kind = "gitops/argocd/resource_customizations/tracktik-operator.io/TrackTikCredential";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

/// The status that is written of this.
fn status(seen: &Observation, says: &Readiness, now: Moment) -> TrackTikCredentialStatus {
    let name = "acme-token".to_owned();
    let has_token = matches!(&seen.target, Target::Ours(ours) if ours.issue.is_some()).then_some(name);
    TrackTikCredentialStatus {
        observed_generation: Some(GENERATION),
        conditions: merge(&says.statements, &[], GENERATION, now),
        token_secret: has_token.clone().map(|name| TokenSecretStatus {
            name,
            resource_version: Some("4711".to_owned()),
        }),
        binding: has_token.map(|name| Binding { name }),
        issued_time: says.issued,
        expiration_time: says.expires,
        renewal_time: says.renews,
        failure: Some(Box::new(seen.failure.clone())).filter(|failure| !failure.is_empty()),
        last_handled_rotate: seen.handled_rotate.clone(),
        last_handled_reconcile_at: None,
    }
}

/// The credential with that status, as the API server gives it.
fn object(seen: &Observation, now: Moment) -> Value {
    let says = readiness(seen, &decide(seen, now), now);
    json!({
        "apiVersion": "tracktik-operator.io/v1alpha1",
        "kind": "TrackTikCredential",
        "metadata": {
            "name": "acme",
            "namespace": "integrations",
            "uid": "0b0a52a5-6d43-4a1e-9d5f-0a3f6f3b7c11",
            "resourceVersion": "4712",
            "generation": GENERATION,
            "creationTimestamp": (START - Span::seconds(5)).to_string(),
        },
        "spec": {
            "domain": if seen.domain_problem.is_some() { "acme.example" } else { "acme.staffr.net" },
            "credentials": { "secretRef": { "name": "account" } },
            "renewal": { "grant": "Password" },
            "suspend": seen.suspended,
        },
        "status": status(seen, &says, now),
    })
}

/// The words for what status says in short, as [`status_table`](crate::status_table) puts it.
fn words(in_short: &str) -> (&'static str, &'static str) {
    match in_short {
        well if well.starts_with("True") => ("Current", "Healthy"),
        paused if paused.starts_with("False Suspended") => ("Failed", "Suspended"),
        stalled if stalled.ends_with("Stalled") => ("Failed", "Degraded"),
        _ => ("InProgress", "Progressing"),
    }
}

async fn told(objects: &[Value]) -> (Vec<Said>, Vec<Said>) {
    let health = argo_health(&customization().join("health.lua"), objects).await;
    (kstatus(objects).await.unwrap(), health.unwrap())
}

#[tokio::test]
async fn each_state_has_the_word_that_the_table_asks_for_and_none_while_it_is_of_an_older_spec() {
    let (mut about, mut objects) = (Vec::new(), Vec::new());
    for row in rows() {
        for (mut seen, in_short) in [(with_token(), row.live), (new_credential(), row.otherwise)] {
            if in_short.is_empty() {
                continue;
            }
            (row.make)(&mut seen);
            let now = object(&seen, NOW);
            let mut edited = now.clone();
            edited["metadata"]["generation"] = json!(GENERATION + 1);
            let mut deleted = now.clone();
            deleted["metadata"]["deletionTimestamp"] = json!(NOW.to_string());
            about.push((row.state, words(in_short)));
            about.push((row.state, ("InProgress", "Progressing")));
            about.push((row.state, ("Terminating", "Progressing")));
            objects.extend([now, edited, deleted]);
        }
    }
    let (kstatus, health) = told(&objects).await;
    assert_eq!((kstatus.len(), health.len()), (about.len(), about.len()));
    let found = kstatus.iter().zip(&health);
    let wrong: Vec<_> = about
        .iter()
        .zip(found)
        .filter(|((_, words), (kstatus, health))| *words != (kstatus.status.as_str(), health.status.as_str()))
        .collect();
    assert!(about.len() > 180 && wrong.is_empty(), "of {}: {wrong:#?}", about.len());
}

/// A tool's word against the word that the conditions mean, over whatever may be observed.
#[tokio::test]
async fn over_whatever_is_observed_the_tools_say_what_the_conditions_mean() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let cases = (observation(), clock());
    let objects: Vec<Value> = (0..3_000)
        .map(|_| {
            let (seen, now) = cases.new_tree(&mut runner).unwrap().current();
            object(&seen, now)
        })
        .collect();
    let (kstatus, health) = told(&objects).await;
    assert_eq!((kstatus.len(), health.len()), (objects.len(), objects.len()));
    let mut seen_words = std::collections::BTreeSet::new();
    for ((object, kstatus), health) in objects.iter().zip(&kstatus).zip(&health) {
        let condition = |of: &str| {
            let conditions = object["status"]["conditions"].as_array().unwrap();
            conditions.iter().find(|condition| condition["type"] == of)
        };
        let ready = condition("Ready").unwrap();
        let expected = match (ready["status"].as_str(), condition("Stalled")) {
            (Some("True"), None) => ("Current", "Healthy"),
            (Some("False"), Some(stalled)) if stalled["reason"] == "Suspended" => ("Failed", "Suspended"),
            (Some("False"), Some(_)) => ("Failed", "Degraded"),
            (Some("False"), None) => ("InProgress", "Progressing"),
            other => panic!("{other:?} in {object}"),
        };
        assert_eq!((kstatus.status.as_str(), health.status.as_str()), expected, "{object}");
        let says = ready["message"].as_str().unwrap();
        assert!(health.message.starts_with(says), "{} of {object}", health.message);
        seen_words.insert(health.status.as_str());
    }
    let all = ["Degraded", "Healthy", "Progressing", "Suspended"];
    assert!(seen_words.iter().eq(&all), "{seen_words:?}");
}

/// With no status at all, kstatus would call it Current; with the default of ours nobody takes it for ready.
#[tokio::test]
async fn one_that_nobody_has_looked_at_is_in_progress() {
    let mut new = object(&new_credential(), NOW);
    new["metadata"]["generation"] = json!(1);
    let mut bare = new.clone();
    bare.as_object_mut().unwrap().remove("status");
    new["status"] = json!({ "observedGeneration": -1 });
    let (kstatus, health) = told(&[new, bare]).await;
    assert_eq!(
        (kstatus[0].status.as_str(), health[0].status.as_str()),
        ("InProgress", "Progressing")
    );
    assert_eq!(
        (kstatus[1].status.as_str(), health[1].status.as_str()),
        ("Current", "Progressing"),
        "the default is needed"
    );
}

/// Else a script that needs more would pass here, and say nothing but an error in Argo CD.
#[tokio::test]
async fn a_script_runs_with_no_more_than_argo_cd_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("health.lua");
    let found = r#"
        local present = {}
        for name, value in pairs(_G) do
            if type(value) == "table" and name ~= "_G" then table.insert(present, name) end
        end
        table.sort(present)
        for name, _ in pairs(require("os")) do table.insert(present, "os." .. name) end
        return { status = "Healthy", message = table.concat(present, " ") }
    "#;
    let refused = [
        r#"return { status = ("degraded"):upper() }"#,
        "return { status = string.upper('degraded') }",
        "return { status = tostring(math.floor(1.5)) }",
        "return { status = 'Well' }",
        "return 'Healthy'",
        "while true do end",
    ];
    let object = object(&with_token(), NOW);
    std::fs::write(&script, found).unwrap();
    let said = argo_health(&script, std::slice::from_ref(&object)).await.unwrap();
    let mut found: Vec<&str> = said[0].message.split(' ').collect();
    found.sort_unstable();
    assert_eq!(found, ["actionParams", "obj", "os.date", "os.time", "package", "table"]);
    for text in refused {
        std::fs::write(&script, text).unwrap();
        let said = argo_health(&script, std::slice::from_ref(&object)).await;
        assert!(said.is_err(), "{text}: {said:?}");
    }
}
