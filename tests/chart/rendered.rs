//! What is rendered for which values, and what is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tracktik_operator::command_line;

use crate::chart::{
    CHART, arguments, helm, helm_of, objects, of_kind, parse, path, said, template, text, the, value_sets,
};

/// Helm 3 is at its end of life, and still what many have.
#[test]
fn helm_3_renders_the_same_objects() {
    for (name, file) in value_sets() {
        let mut helm = helm_of("helm3");
        // Built from its module alone it takes the cluster for one of 1.20.
        helm.args([
            "template",
            "tracktik-operator",
            "--namespace",
            "tracktik-system",
            "--kube-version",
            "1.36.4",
        ]);
        let manifests = said(&helm.args(["--values", &file]).arg(path(CHART)).output().unwrap()).unwrap();
        assert_eq!(
            parse(&manifests),
            objects("tracktik-operator", &["--values", &file]),
            "{name}"
        );
    }
}

#[test]
fn with_namespaces_there_is_no_right_to_a_secret_elsewhere() {
    let rendered = objects("tracktik-operator", &["--set", "namespaces={a,b}"]);
    let reads_secrets = |role: &&Value| {
        let rules = role["rules"].as_array().unwrap().iter();
        rules
            .clone()
            .any(|rule| rule["resources"].as_array().unwrap().contains(&json!("secrets")))
    };
    let roles = of_kind(&rendered, "Role");
    let places: Vec<&Value> = roles
        .into_iter()
        .filter(reads_secrets)
        .map(|role| &role["metadata"]["namespace"])
        .collect();
    assert_eq!(places, [&json!("a"), &json!("b")]);
    assert!(of_kind(&rendered, "ClusterRoleBinding").is_empty());
    assert!(!of_kind(&rendered, "ClusterRole").iter().any(reads_secrets));
    assert_eq!(arguments(&rendered), ["--namespace=a", "--namespace=b"]);
}

/// A Deployment's selector cannot be changed, so that nothing that a user may change belongs into it.
#[test]
fn whatever_selects_pods_goes_by_name_and_instance_only() {
    for (name, file) in value_sets() {
        let rendered = objects("rel", &["--values", &file]);
        let deployment = &the(&rendered, "Deployment")["spec"];
        let labels = &deployment["selector"]["matchLabels"];
        let names: BTreeSet<&String> = labels.as_object().unwrap().keys().collect();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["app.kubernetes.io/instance", "app.kubernetes.io/name"],
            "{name}"
        );
        for (label, value) in labels.as_object().unwrap() {
            assert_eq!(&deployment["template"]["metadata"]["labels"][label], value, "{name}");
        }
        for (kind, pointer) in [
            ("PodDisruptionBudget", "/spec/selector/matchLabels"),
            ("NetworkPolicy", "/spec/podSelector/matchLabels"),
            ("Service", "/spec/selector"),
            ("ServiceMonitor", "/spec/selector/matchLabels"),
            ("PodMonitor", "/spec/selector/matchLabels"),
        ] {
            for object in of_kind(&rendered, kind) {
                assert_eq!(object.pointer(pointer), Some(labels), "{name} {kind}");
            }
        }
    }
}

#[test]
fn each_flag_can_be_reached_and_each_argument_is_one() {
    let mut set = BTreeSet::new();
    let mut line = command_line::definition();
    line.build();
    for (name, file) in value_sets() {
        let arguments = arguments(&objects("tracktik-operator", &["--values", &file]));
        let whole = ["tracktik-operator", "run"]
            .into_iter()
            .chain(arguments.iter().map(String::as_str));
        let parsed = line.clone().try_get_matches_from(whole);
        parsed.unwrap_or_else(|problem| panic!("{name}: {problem}"));
        set.extend(
            arguments
                .iter()
                .map(|argument| argument.split('=').next().unwrap().to_owned()),
        );
    }
    let run = line.find_subcommand("run").unwrap();
    let flags = run
        .get_arguments()
        .filter(|flag| !flag.is_hide_set() && flag.get_env().is_some());
    let flags: BTreeSet<String> = flags.map(|flag| format!("--{}", flag.get_long().unwrap())).collect();
    assert!(flags.len() >= 14, "{flags:?}");
    assert_eq!(flags.difference(&set).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn a_budget_for_disruptions_is_there_for_several_replicas_only() {
    let one = objects("tracktik-operator", &[]);
    assert!(of_kind(&one, "PodDisruptionBudget").is_empty());
    let two = objects("tracktik-operator", &["--set", "replicaCount=2"]);
    let spec = &the(&two, "PodDisruptionBudget")["spec"];
    assert_eq!(
        (&spec["maxUnavailable"], &spec["unhealthyPodEvictionPolicy"]),
        (&json!(1), &json!("AlwaysAllow"))
    );
}

#[test]
fn the_definition_is_a_template_that_helm_keeps_or_leaves_out() {
    let annotation = "helm.sh/resource-policy: keep";
    let only = ["--show-only", "templates/crds.yaml"];
    let kept = template("tracktik-operator", &only).unwrap();
    assert_eq!(kept.matches(annotation).count(), 1);
    let dropped = template(
        "tracktik-operator",
        &[&only[..], &["--set", "crds.keep=false"]].concat(),
    )
    .unwrap();
    assert_eq!(kept.replace(&format!("    {annotation}\n"), ""), dropped);
    let plain = parse(&crate::chart::read(
        "crds/tracktikcredentials.tracktik-operator.io.yaml",
    ));
    assert_eq!(parse(&dropped), plain);
    let none = objects("tracktik-operator", &["--set", "crds.enabled=false"]);
    assert!(of_kind(&none, "CustomResourceDefinition").is_empty());
}

/// A process that ends late loses what it was granted: the pod's end leaves it time, also where requests may take longer.
#[test]
fn the_end_of_a_pod_is_35_seconds_longer_than_a_request() {
    for (value, expected) in [("null", 75), ("60", 95), ("20", 55)] {
        let rendered = objects(
            "tracktik-operator",
            &["--set", &format!("timeouts.requestSeconds={value}")],
        );
        let spec = &the(&rendered, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(spec["terminationGracePeriodSeconds"], json!(expected));
    }
}

#[test]
fn what_would_not_work_is_refused_with_what_to_do() {
    for (values, says) in [
        (
            "replicaCount=2,leaderElection.enabled=false",
            "each replica would log in on its own",
        ),
        (
            "caBundle.pem=a,caBundle.secret.name=b",
            "set one of pem, configMap.name and secret.name",
        ),
        ("terminationGracePeriodSeconds=74", "at least 75"),
        (
            "timeouts.requestSeconds=50,terminationGracePeriodSeconds=75",
            "at least 85",
        ),
        ("loginBudget=19", "loginBudget"),
        ("replicas=2", "'replicas' not allowed"),
        ("image.repo=x", "'repo' not allowed"),
        ("log.level=1", "log/level"),
        ("image.digest=sha256:1", "image/digest"),
        ("namespaces={a,a}", "namespaces"),
    ] {
        let refused = template("tracktik-operator", &["--set", values]).unwrap_err();
        assert!(refused.contains(says), "{values}: {refused}");
    }
}

#[test]
fn without_the_election_an_update_stops_the_old_pod_first() {
    let rendered = objects("tracktik-operator", &["--set", "leaderElection.enabled=false"]);
    assert_eq!(
        the(&rendered, "Deployment")["spec"]["strategy"],
        json!({ "type": "Recreate" })
    );
    assert!(of_kind(&rendered, "Role").is_empty(), "no Lease, no right to one");
}

#[test]
fn the_runbooks_are_where_the_values_say() {
    let set = "prometheusRule.enabled=true,prometheusRule.runbookUrl=https://wiki.example.com/ops/";
    let rules = of_kind(&objects("tracktik-operator", &["--set", set]), "PrometheusRule")[0].to_string();
    assert!(
        rules
            .matches("runbook_url\":\"https://wiki.example.com/ops/Tracktik")
            .count()
            > 5,
        "{rules}"
    );
    assert!(!rules.contains("tracktik-operator.io/runbooks"), "{rules}");
}

#[test]
fn a_bundle_that_changes_restarts_the_pods() {
    let checksum = |pem: &str| {
        let rendered = objects("tracktik-operator", &["--set", &format!("caBundle.pem={pem}")]);
        let template = &the(&rendered, "Deployment")["spec"]["template"];
        template["metadata"]["annotations"]["checksum/ca-bundle"].clone()
    };
    assert_ne!(checksum("a"), checksum("b"));
    assert!(checksum("a").is_string());
}

/// Those who read no documentation read these.
#[test]
fn the_notes_tell_the_next_steps() {
    let install = |values: &str| {
        let mut helm = helm();
        helm.args([
            "install",
            "tracktik-operator",
            "--dry-run=client",
            "--namespace",
            "tracktik-system",
            "--set",
            values,
        ]);
        // A rehearsal at the client's asks no API server; without this it looks for one all the same.
        let output = helm.arg(path(CHART)).env("KUBECONFIG", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let notes = install("namespaces={acme}");
    for part in [
        "no image is published",
        "-n acme create secret",
        "rollout status deployment/tracktik-operator",
        "crds.keep",
    ] {
        assert!(notes.contains(part), "no {part:?} in {notes}");
    }
    let notes = install("image.repository=registry.example.com/x,crds.keep=false");
    assert!(!notes.contains("no image is published"), "{notes}");
    assert!(notes.contains("ALL credentials"), "{notes}");
    // The values given before are kept at an upgrade, this one too: the old program would go on unnoticed.
    assert!(!notes.contains("until another one is set"), "{notes}");
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let notes = install(&format!("image.digest={digest}"));
    let kept = format!("@{digest}, as image.digest says:\nan upgrade of the chart keeps it until another one is set");
    assert!(notes.contains(&kept), "{notes}");
}
