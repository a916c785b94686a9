//! What tools that know nothing of this chart say of its manifests.
//!
//! kube-linter is not among them: no registry that this repository may use serves it.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use crate::chart::{CHART, helm, objects, path, programs, said, template, text, value_sets};

/// The folder with checkov and kubernetes-validate, installed on the first use.
fn linters() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut install = Command::new(path("tools/python-programs.sh"));
        let install = install
            .arg(path("tests/chart/linters/requirements.txt"))
            .stdin(Stdio::null());
        let installed = install.stderr(Stdio::inherit()).output().unwrap();
        assert!(
            installed.status.success(),
            "tools/python-programs.sh: the reason is above"
        );
        PathBuf::from(text(&installed.stdout).trim())
    })
}

/// What one of our own judges says of these manifests.
fn judged(program: &str, manifests: &str) -> Result<String, String> {
    let mut judge = Command::new(programs().join(program));
    let judge = judge
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut judge = judge.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
    said(&judge.wait_with_output().unwrap())
}

#[test]
fn helm_itself_has_no_warning_for_any_set_of_values() {
    for (name, file) in value_sets() {
        let linted = helm()
            .args(["lint", "--strict", "--values", &file])
            .arg(path(CHART))
            .output();
        let said = said(&linted.unwrap()).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert!(!said.contains("[WARNING]"), "{name}: {said}");
    }
}

#[test]
fn each_pod_is_restricted_for_the_api_servers_own_evaluator() {
    for (name, file) in value_sets() {
        let manifests = template("tracktik-operator", &["--values", &file]).unwrap();
        judged("podsecurity", &manifests).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        // And it would tell.
        let spoiled = manifests.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true");
        let problems = judged("podsecurity", &spoiled).unwrap_err();
        assert!(problems.contains("allowPrivilegeEscalation"), "{name}: {problems}");
    }
}

#[test]
fn a_prometheus_operator_understands_every_field() {
    let mut understood = BTreeSet::new();
    for (name, file) in value_sets() {
        let manifests = template("tracktik-operator", &["--values", &file]).unwrap();
        let said = judged("monitoring", &manifests).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        understood.insert(said);
        let spoiled = manifests.replace("honorLabels:", "honourLabels:");
        assert_eq!(
            judged("monitoring", &spoiled).is_err(),
            manifests.contains("honorLabels:"),
            "{name}"
        );
    }
    assert!(understood.contains("3 are understood\n"), "{understood:?}");
}

/// Of these the Kubernetes that is asked has no schema.
const OF_OTHERS: [&str; 3] = ["PodMonitor", "PrometheusRule", "ServiceMonitor"];

/// With nothing that is not in the schema, as `kubectl --validate=strict` has it.
#[test]
fn each_manifest_fits_the_schemas_of_the_supported_versions() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut of_others = BTreeSet::new();
    for (name, values) in value_sets() {
        for (number, object) in objects("tracktik-operator", &["--values", &values]).iter().enumerate() {
            let kind = object["kind"].as_str().unwrap();
            if OF_OTHERS.contains(&kind) {
                of_others.insert(kind.to_owned());
                continue;
            }
            let file = folder.path().join(format!("{name}-{number}-{kind}.yaml"));
            fs::write(&file, object.to_string()).unwrap();
            files.push(file);
        }
    }
    assert!(files.len() > 40, "{}", files.len());
    assert_eq!(of_others.into_iter().collect::<Vec<_>>(), OF_OTHERS);
    let validate = |version: &str, files: &[PathBuf]| {
        let mut validate = Command::new(linters().join("kubernetes-validate"));
        said(
            &validate
                .args(["--strict", "--quiet", "-k", version])
                .args(files)
                .output()
                .unwrap(),
        )
    };
    for version in ["1.35", "1.36", "1.37"] {
        validate(version, &files).unwrap_or_else(|problems| panic!("{version}: {problems}"));
        // And it would tell.
        let spoiled = folder.path().join("spoiled.yaml");
        let deployment = template("tracktik-operator", &["--show-only", "templates/deployment.yaml"]).unwrap();
        fs::write(&spoiled, deployment.replace("replicas:", "replica:")).unwrap();
        let problems = validate(version, &[spoiled]).unwrap_err();
        assert!(problems.contains("replica"), "{version}: {problems}");
    }
}

/// What checkov would have otherwise, and why it is as it is.
const EXPLAINED: [(&str, &str, &str); 10] = [
    (
        "CKV_K8S_11",
        "Deployment",
        "no limit on CPU: throttled in a busy minute, the operator would renew late",
    ),
    ("CKV_K8S_11", "Pod", "the same resources as the operator's"),
    (
        "CKV_K8S_15",
        "Deployment",
        "a version's tag is not moved, and a registry that is away must not keep a pod from starting; `image.digest` is the answer to one that is moved",
    ),
    ("CKV_K8S_15", "Pod", "the same image as the operator's"),
    ("CKV_K8S_38", "Deployment", "the operator is a client of the API server"),
    (
        "CKV_K8S_43",
        "Deployment",
        "the digest is known to who has built the image: `image.digest`, which one set of values has",
    ),
    ("CKV_K8S_43", "Pod", "the same image as the operator's"),
    (
        "CKV_K8S_8",
        "Pod",
        "the pod of `helm test` ends at once; there is nothing to probe",
    ),
    (
        "CKV_K8S_9",
        "Pod",
        "the pod of `helm test` ends at once; there is nothing to probe",
    ),
    (
        "CKV2_K8S_6",
        "Pod",
        "the pod of `helm test` connects to nothing, and a NetworkPolicy is off by default",
    ),
];

#[test]
fn checkov_finds_nothing_that_is_not_explained() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkov = Command::new(linters().join("checkov"));
    // Nothing of it may ask the network.
    checkov.args([
        "--skip-download",
        "--quiet",
        "--framework",
        "kubernetes",
        "--output",
        "json",
    ]);
    for (name, values) in value_sets() {
        let file = folder.path().join(format!("{name}.yaml"));
        fs::write(&file, template("tracktik-operator", &["--values", &values]).unwrap()).unwrap();
        // One by one: in a folder whose name begins with a dot, as this one's does, it would look at nothing.
        checkov.arg("--file").arg(file);
    }
    let output = checkov.env_remove("BC_API_KEY").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)));
    assert!(
        report["summary"]["passed"].as_u64().unwrap() > 400,
        "{}",
        report["summary"]
    );
    let found: BTreeSet<(String, String)> = report["results"]["failed_checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let resource = finding["resource"].as_str().unwrap();
            let kind = resource.split('.').next().unwrap();
            (finding["check_id"].as_str().unwrap().to_owned(), kind.to_owned())
        })
        .collect();
    let explained: BTreeSet<(String, String)> = EXPLAINED
        .into_iter()
        .map(|(check, kind, _)| (check.to_owned(), kind.to_owned()))
        .collect();
    assert_eq!(
        found, explained,
        "on the left what is found, on the right what is explained"
    );
}
