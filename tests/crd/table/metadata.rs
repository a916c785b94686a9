//! `spec.tokenSecret.metadata`: labels and annotations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BY_THE_SCHEMA, Case, accepted, refusal, refused, unchecked, with};

const KEYS: &str = "Invalid value: each key must be up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, perhaps behind a lower-case DNS name and '/'";
const RESERVED: &str = "Forbidden: keys of kubernetes.io, k8s.io, argoproj.io, fluxcd.io, helm.sh and tracktik-operator.io are reserved, but for app.kubernetes.io/name, component, part-of and version";
const VALUES: &str = "Invalid value: each value must be letters, digits, '-', '_' and '.', with a letter or digit at both ends, or empty";

const PLACES: [(&str, &str); 2] = [
    ("labels", "spec.tokenSecret.metadata.labels"),
    ("annotations", "spec.tokenSecret.metadata.annotations"),
];

fn metadata(place: &str, entries: &Value) -> Value {
    with(&json!({ "tokenSecret": { "metadata": { place: entries } } }))
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![accepted(
        "metadata that says nothing",
        with(&json!({ "tokenSecret": { "metadata": {} } })),
    )];
    for (place, path) in PLACES {
        cases.extend(keys(place, path));
        cases.extend(reserved(place, path));
        let many = |count: usize| {
            let entries: BTreeMap<_, _> = (0..count).map(|n| (format!("k{n}"), "v")).collect();
            metadata(place, &json!(entries))
        };
        cases.push(accepted(&format!("no {place}"), many(0)));
        cases.push(accepted(&format!("32 {place}"), many(32)));
        let too_many = [refusal(path, "Too many: 33: must have at most 32 items"), unchecked()];
        cases.push(refused(&format!("33 {place}"), many(33), too_many).not_locally(BY_THE_SCHEMA));
    }
    cases.extend(values());
    cases
}

fn keys(place: &str, path: &'static str) -> Vec<Case> {
    let key = |key: &str| metadata(place, &json!({ key: "v" }));
    let prefix = [["a"; 100].join(".").as_str(), &"b".repeat(53)].join(".");
    assert_eq!(prefix.len(), 253);
    let mut cases = Vec::new();
    for good in [
        "team",
        "Team_a.B-1",
        "example.com/team",
        &"k".repeat(63),
        &format!("{prefix}/{}", "k".repeat(63)),
    ] {
        cases.push(accepted(&format!("the key {good:?} in {place}"), key(good)));
    }
    for bad in [
        "",
        "/team",
        "example.com/",
        "a/b/c",
        "-team",
        "team-",
        "te am",
        "tëam",
        "team\n",
        "a..b/team",
        ".a/team",
        "Example.com/team",
        "exa_mple.com/team",
        &"k".repeat(64),
        &format!("b{prefix}/k"),
    ] {
        cases.push(refused(
            &format!("the key {bad:?} in {place}"),
            key(bad),
            [refusal(path, KEYS)],
        ));
    }
    cases
}

fn reserved(place: &str, path: &'static str) -> Vec<Case> {
    let key = |key: &str| metadata(place, &json!({ key: "v" }));
    let mut cases = Vec::new();
    for good in [
        "app.kubernetes.io/name",
        "app.kubernetes.io/component",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/version",
        "notkubernetes.io/x",
        "kubernetes.io.example.com/x",
        "kubernetes.io",
        "example.com/kubernetes.io",
        "reloader.stakater.com/match",
        // Whoever wants copies in other namespaces may have them.
        "replicator.v1.mittwald.de/replicate-to",
        "reflector.v1.k8s.emberstack.com/reflection-allowed",
    ] {
        cases.push(accepted(&format!("the key {good:?} in {place}"), key(good)));
    }
    for bad in [
        "kubernetes.io/service-account.name",
        "kubernetes.io/legacy-token-last-used",
        "sub.kubernetes.io/x",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/names",
        "kubectl.kubernetes.io/last-applied-configuration",
        "k8s.io/x",
        "applyset.k8s.io/part-of",
        "cli-utils.sigs.k8s.io/on-remove",
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/sync-options",
        "argocd.argoproj.io/instance",
        "helm.sh/resource-policy",
        "helm.sh/chart",
        "meta.helm.sh/release-name",
        "kustomize.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/name",
        "reconcile.fluxcd.io/watch",
        "tracktik-operator.io/issue",
        "tracktik-operator.io/credential",
        "x.tracktik-operator.io/y",
    ] {
        cases.push(refused(
            &format!("the key {bad:?} in {place}"),
            key(bad),
            [refusal(path, RESERVED)],
        ));
    }
    cases
}

fn values() -> Vec<Case> {
    let label = |value: &str| metadata("labels", &json!({ "team": value }));
    let note = |value: &str| metadata("annotations", &json!({ "team": value }));
    let mut cases = Vec::new();
    for good in ["", "a", "A.b_c-1", &"v".repeat(63)] {
        cases.push(accepted(&format!("the label {good:?}"), label(good)));
    }
    for bad in ["a b", "-a", "a-", "a/b", "ä", "a\n", "true "] {
        let refusals = [refusal("spec.tokenSecret.metadata.labels", VALUES)];
        cases.push(refused(&format!("the label {bad:?}"), label(bad), refusals));
    }
    let too_long = [
        refusal(
            "spec.tokenSecret.metadata.labels.team",
            "Too long: may not be more than 63 bytes",
        ),
        unchecked(),
    ];
    cases.push(refused("a label of 64 characters", label(&"v".repeat(64)), too_long).not_locally(BY_THE_SCHEMA));
    for good in ["", "a b", "https://example.com/?a=b", "ä\n", &"v".repeat(1024)] {
        cases.push(accepted(&format!("the annotation {good:?}"), note(good)));
    }
    let too_long = [
        refusal(
            "spec.tokenSecret.metadata.annotations.team",
            "Too long: may not be more than 1024 bytes",
        ),
        unchecked(),
    ];
    cases.push(
        refused("an annotation of 1025 characters", note(&"v".repeat(1025)), too_long).not_locally(BY_THE_SCHEMA),
    );
    let wrong_type = [
        refusal(
            "spec.tokenSecret.metadata.labels.team",
            "Invalid value: \"boolean\": spec.tokenSecret.metadata.labels.team in body must be of type string: \"boolean\"",
        ),
        unchecked(),
    ];
    let spec = metadata("labels", &json!({ "team": true }));
    cases.push(refused("a label that YAML takes for a boolean", spec, wrong_type).not_locally(BY_THE_SCHEMA));
    cases
}
