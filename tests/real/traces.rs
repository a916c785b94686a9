//! Everything that an operator leaves where somebody without access to Secrets might read it.

use std::fs;

use kube::{
    Api,
    api::{DynamicObject, ListParams},
    discovery::{ApiGroup, Discovery, Scope, verbs},
};
use serde_json::Value;
use testbed::{
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE},
    operator::Operator,
};

use crate::{leak_scan::Scanner, scene::Scene};

/// One place where something can be read.
pub struct Trace {
    pub place: String,
    pub text: Vec<u8>,
}

/// Gathers the traces of a running operator in the namespace of its scene.
pub async fn traces(scene: &Scene, operator: &Operator) -> Vec<Trace> {
    let mut all = traces_of_process(operator);
    for path in ["/metrics", "/readyz", "/livez"] {
        let (_, text) = operator.get(path).await.unwrap();
        all.push(trace(path, text));
    }
    all.extend(objects(scene).await);
    all.push(trace("audit log", audit_log(scene)));
    all
}

fn traces_of_process(operator: &Operator) -> Vec<Trace> {
    let read = |file: &str| fs::read(format!("/proc/{}/{file}", operator.pid())).unwrap();
    vec![
        // Both streams.
        trace("log", operator.logs().join("\n")),
        trace("command line", read("cmdline")),
        trace("environment", read("environ")),
    ]
}

pub fn trace(place: impl Into<String>, text: impl Into<Vec<u8>>) -> Trace {
    Trace {
        place: place.into(),
        text: text.into(),
    }
}

/// Every object of the namespace, of any kind that can be listed, as the API server shows it, managed fields included.
/// Of Secrets all but the values.
pub async fn objects(scene: &Scene) -> Vec<Trace> {
    let discovery = Discovery::new(scene.client.clone()).run().await.unwrap();
    let mut found = Vec::new();
    for (resource, capabilities) in discovery.groups().flat_map(ApiGroup::recommended_resources) {
        if capabilities.scope != Scope::Namespaced || !capabilities.supports_operation(verbs::LIST) {
            continue;
        }
        let api: Api<DynamicObject> = Api::namespaced_with(scene.client.clone(), &scene.namespace, &resource);
        for mut object in api.list(&ListParams::default()).await.unwrap() {
            if resource.kind == "Secret" {
                object.data["data"] = Value::Null;
            }
            let place = format!(
                "{}.{}/{}",
                resource.plural,
                resource.group,
                object.metadata.name.as_ref().unwrap()
            );
            found.push(trace(place, serde_json::to_string_pretty(&object).unwrap()));
        }
    }
    found
}

/// What the API server logged of the operator's requests. What an admission policy of the cluster's administrator
/// answered is not the operator's doing.
fn audit_log(scene: &Scene) -> String {
    let user = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_NAME}");
    let log = fs::read_to_string(scene.plane.audit_log_path()).unwrap();
    let mut kept = String::new();
    for line in log.lines().filter(|line| line.contains(&scene.namespace)) {
        // The last one may be half written.
        let Ok(mut record) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if record["user"]["username"] != user.as_str() {
            continue;
        }
        if record["responseStatus"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("ValidatingAdmissionPolicy"))
        {
            record["responseStatus"] = Value::Null;
        }
        kept.push_str(&record.to_string());
        kept.push('\n');
    }
    kept
}

/// Fails with all that was found.
pub fn assert_clean(scanner: &Scanner, traces: &[Trace]) {
    let leaks = leaks(scanner, traces);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// Where a value was found, and how.
pub fn leaks(scanner: &Scanner, traces: &[Trace]) -> Vec<String> {
    let of = |trace: &Trace| {
        scanner
            .find(&trace.text)
            .into_iter()
            .map(|found| format!("{}: {found}", trace.place))
            .collect::<Vec<_>>()
    };
    traces.iter().flat_map(of).collect()
}

/// Shows that the traces are those of this operator, and that a value in any of them would be found: the namespace is
/// no secret, and stands in all of them but the environment.
pub fn assert_complete(scene: &Scene, traces: &[Trace]) {
    let scanner = Scanner::of([("namespace", &scene.namespace)]);
    let holds = |place: &str| {
        traces
            .iter()
            .any(|trace| trace.place.starts_with(place) && !scanner.find(&trace.text).is_empty())
    };
    for place in [
        "log",
        "command line",
        "/metrics",
        "audit log",
        "events.events.k8s.io/",
        "secrets./",
        "tracktikcredentials.tracktik-operator.io/",
    ] {
        assert!(
            holds(place),
            "nothing of {place} was looked at, of {:?}",
            traces.iter().map(|trace| &trace.place).collect::<Vec<_>>()
        );
    }
    let environment = traces.iter().find(|trace| trace.place == "environment").unwrap();
    assert!(!Scanner::of([("", "KUBECONFIG=/")]).find(&environment.text).is_empty());
}
