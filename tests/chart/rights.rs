//! The rights that the chart renders suffice, in both modes, and none of them is idle: each is used, and without it a short run
//! fails.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use serde_json::{Value, json};
use testbed::manifests::apply;

use crate::{
    bench::{Bench, plane},
    chart::objects,
    smoke,
};

/// What a release in `namespace` renders that the API server has to know before the operator starts.
fn rendered(release: &str, namespace: &str, bench: &Bench<'_>, values: &[String]) -> Vec<Value> {
    let domains = format!("allowedDomains={{{}}}", bench.simulator.domain());
    let mut arguments = vec![
        "--namespace",
        namespace,
        "--set",
        "crds.enabled=false",
        "--set",
        &domains,
    ];
    arguments.extend(values.iter().flat_map(|value| ["--set", value.as_str()]));
    objects(release, &arguments)
}

const BEFORE_THE_OPERATOR: [&str; 7] = [
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

async fn install(bench: &Bench<'_>, rendered: &[Value]) {
    for object in rendered {
        if BEFORE_THE_OPERATOR.contains(&object["kind"].as_str().unwrap()) {
            apply(&bench.client, object).await.unwrap();
        }
    }
}

/// The roles of people and of other controllers are not the operator's.
fn is_the_operators(role: &Value) -> bool {
    let name = role["metadata"]["name"].as_str().unwrap();
    let is_a_role = role["kind"] == "Role" || role["kind"] == "ClusterRole";
    is_a_role
        && !["-view", "-edit", "-service-binding"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Each right as object, rule and verb, with what it is called.
fn each_right(rendered: &[Value]) -> Vec<(usize, usize, usize, String)> {
    let mut rights = Vec::new();
    for (object, role) in rendered.iter().enumerate().filter(|(_, role)| is_the_operators(role)) {
        for (number, rule) in role["rules"].as_array().unwrap().iter().enumerate() {
            let resources = rule["resources"].as_array().unwrap();
            assert_eq!(
                resources.len(),
                1,
                "one resource a rule, so that each verb is needed for it: {rule}"
            );
            for (verb, name) in rule["verbs"].as_array().unwrap().iter().enumerate() {
                let called = format!("{} {}", name.as_str().unwrap(), resources[0].as_str().unwrap());
                rights.push((object, number, verb, called));
            }
        }
    }
    rights
}

/// What a user was let do, as the audit log has it.
fn used(bench: &Bench<'_>, account: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for event in bench.plane.audit_events().unwrap() {
        if event.user == account && event.code != 403 && !event.resource.is_empty() {
            let subresource = if event.subresource.is_empty() {
                String::new()
            } else {
                format!("/{}", event.subresource)
            };
            let resource = format!("{}{subresource}", event.resource);
            used.insert(format!("{} {resource}", event.verb));
            // An apply that makes the object needs the right to create it, and is logged as a patch.
            if event.verb == "patch" && event.code == 201 {
                used.insert(format!("create {resource}"));
            }
        }
    }
    used
}

/// Asked for by an admission plugin while it looks at another request, so that no log tells it: what the run without it shows.
const ASKED_WITHIN: &str = "update tracktikcredentials/finalizers";

/// The whole run in one mode, and that what is used in it is what is granted.
async fn suffices_and_is_used(bench: &Bench<'_>, release: &str, home: &str, namespace: &str, values: &[String]) {
    bench.namespace(home).await;
    bench.namespace(namespace).await;
    let rendered = rendered(release, home, bench, values);
    install(bench, &rendered).await;
    smoke::run(bench, &rendered, namespace, json!({ "smoke": release }))
        .await
        .unwrap();

    let granted: BTreeSet<String> = each_right(&rendered).into_iter().map(|(.., called)| called).collect();
    let mut used = used(
        bench,
        &format!("system:serviceaccount:{home}:{release}-tracktik-operator"),
    );
    assert!(used.insert(ASKED_WITHIN.to_owned()));
    assert_eq!(
        used, granted,
        "on the left what was used, on the right what was granted"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everywhere_the_rights_suffice_and_none_is_idle() {
    let bench = Bench::on(plane().await).await;
    // By its label, since others work on this control plane too.
    let values = ["selector=smoke=everywhere".to_owned()];
    suffices_and_is_used(&bench, "everywhere", "everywhere-home", "everywhere-users", &values).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_some_namespaces_the_rights_suffice_and_none_is_idle() {
    let bench = Bench::on(plane().await).await;
    let values = ["namespaces={somewhere-users}".to_owned()];
    suffices_and_is_used(&bench, "somewhere", "somewhere-home", "somewhere-users", &values).await;
    // And nowhere else.
    let account = "--as=system:serviceaccount:somewhere-home:somewhere-tracktik-operator";
    for (namespace, may) in [("somewhere-users", true), ("somewhere-home", false), ("default", false)] {
        for verb in ["get", "list", "create"] {
            let asked = ["auth", "can-i", verb, "secrets", "-n", namespace, account];
            assert_eq!(bench.kubectl(&asked).await.is_ok(), may, "{verb} {namespace}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_one_of_the_rights_a_short_run_fails() {
    let bench = &Bench::on(plane().await).await;
    let whole = rendered("less", "less", bench, &["namespaces={less}".to_owned()]);
    let rights = each_right(&whole);
    assert_eq!(rights.len(), 15, "{rights:?}");
    let runs = rights
        .iter()
        .enumerate()
        .map(|(number, (object, rule, verb, called))| async move {
            // A namespace that is the operator's own and the credentials'.
            let namespace = format!("less-{number}");
            bench.namespace(&namespace).await;
            let values = [format!("namespaces={{{namespace}}}")];
            let mut rendered = rendered("less", &namespace, bench, &values);
            let verbs = rendered[*object]["rules"][*rule]["verbs"].as_array_mut().unwrap();
            verbs.remove(*verb);
            if verbs.is_empty() {
                rendered[*object]["rules"].as_array_mut().unwrap().remove(*rule);
            }
            install(bench, &rendered).await;
            let outcome = smoke::run(bench, &rendered, &namespace, json!({})).await;
            (called, outcome)
        });
    let outcomes: Vec<_> = stream::iter(runs).buffer_unordered(4).collect().await;
    for (called, outcome) in outcomes {
        let refused = outcome.expect_err(called);
        let expected = match called.as_str() {
            // Applied as a patch that makes the object.
            "create secrets" | ASKED_WITHIN => "patch secrets",
            other => other,
        };
        assert_eq!(refused, expected, "without {called}");
    }
}
