//! The example of a second operator: with what it applies it does its part beside the first, and deleted it takes nothing
//! of the first along.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use testbed::{
    control_plane::ControlPlane,
    manifests::{apply, documents},
    operator::Operator,
};

use crate::{kubectl, path};

const NAME: &str = "tracktik-operator-team-a";
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn works_beside_the_first_and_leaves_nothing(plane: &ControlPlane) {
    let folders = with_the_first_one_kept_from_them();
    let first = folders.path().join("deploy").display().to_string();
    let example = folders.path().join("examples/second-operator").display().to_string();
    kubectl(plane, &["apply", "-k", &first]).await.unwrap();
    let before = of_the_first(plane).await;
    kubectl(plane, &["apply", "-k", &example]).await.unwrap();
    assert_eq!(of_the_first(plane).await, before, "the first is as it was");
    let deployment = get(plane, &["deployment", NAME]).await;
    let first = get(plane, &["deployment", "tracktik-operator"]).await;
    assert_ne!(deployment["spec"]["selector"], first["spec"]["selector"]);

    it_may_only_its_own_lease(plane).await;
    it_may_write_no_secret_of_others(plane).await;
    it_does_its_part(plane, &deployment).await;

    kubectl(plane, &["delete", "-k", &example]).await.unwrap();
    assert_eq!(of_the_first(plane).await, before, "the first is as it was");
    kubectl(plane, &["get", "ttc", "-n", "integrations"]).await.unwrap();
}

/// The two folders, as the header of the example has a user leave them: the first operator's arguments keep it from the part of
/// the second, which inherits its Deployment.
fn with_the_first_one_kept_from_them() -> tempfile::TempDir {
    let folders = tempfile::tempdir().unwrap();
    for folder in ["deploy", "crds", "examples/second-operator"] {
        let copy = folders.path().join(folder);
        std::fs::create_dir_all(&copy).unwrap();
        for file in std::fs::read_dir(path(folder)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    let deployment = folders.path().join("deploy/deployment.yaml");
    let text = std::fs::read_to_string(&deployment).unwrap();
    let run = text.lines().find(|line| line.trim() == "- run").unwrap();
    let list = run.trim_end_matches("run");
    let kept = format!("{run}\n{list}--selector=team!=a\n{list}--login-budget=9\n");
    std::fs::write(&deployment, text.replace(&format!("{run}\n"), &kept)).unwrap();
    folders
}

async fn get(plane: &ControlPlane, what: &[&str]) -> Value {
    let arguments = [&["-n", "tracktik-system", "get", "-o", "json"], what].concat();
    serde_json::from_str(&kubectl(plane, &arguments).await.unwrap()).unwrap()
}

/// What the first operator lives on, with the versions that any write would change. Not its Lease, which goes with time.
async fn of_the_first(plane: &ControlPlane) -> Vec<String> {
    let mut found = Vec::new();
    for kind in [
        "customresourcedefinition/tracktikcredentials.tracktik-operator.io",
        "namespace/tracktik-system",
        "clusterrole/tracktik-operator",
        "clusterrole/tracktik-operator-view",
        "clusterrole/tracktik-operator-edit",
        "clusterrole/tracktik-operator-service-binding",
        "clusterrolebinding/tracktik-operator",
        "serviceaccount/tracktik-operator",
        "role/tracktik-operator",
        "rolebinding/tracktik-operator",
        "deployment/tracktik-operator",
        "validatingadmissionpolicy/tracktik-operator-own-secrets",
        "validatingadmissionpolicybinding/tracktik-operator-own-secrets",
        "validatingadmissionpolicy/tracktik-operator-readable-sources",
        "validatingadmissionpolicybinding/tracktik-operator-readable-sources",
    ] {
        let meta = get(plane, &[kind]).await["metadata"].clone();
        found.push(format!("{kind} {} {}", meta["uid"], meta["resourceVersion"]));
    }
    found
}

async fn it_may_only_its_own_lease(plane: &ControlPlane) {
    let account = format!("--as=system:serviceaccount:tracktik-system:{NAME}");
    for (lease, may) in [(NAME, true), ("tracktik-operator", false)] {
        for verb in ["get", "watch", "update"] {
            let lease = format!("leases/{lease}");
            let asked = ["auth", "can-i", verb, &lease, "-n", "tracktik-system", &account];
            assert_eq!(kubectl(plane, &asked).await.is_ok(), may, "{verb} {lease}");
        }
    }
}

/// The policy that names it is bound, and in force: RBAC alone would let it write every Secret.
async fn it_may_write_no_secret_of_others(plane: &ControlPlane) {
    let policy = "tracktik-operator-own-secrets-team-a";
    let binding = get(plane, &["validatingadmissionpolicybinding", policy]).await;
    assert_eq!(binding["spec"]["policyName"], policy);
    it_is_bound_without_the_help_of_kustomize(policy);

    let theirs: Api<Secret> = Api::namespaced(plane.client().await.unwrap(), "integrations");
    let secret = |name: &str| serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
    theirs.create(&PostParams::default(), &secret("theirs")).await.unwrap();
    let client = plane.client_for_service_account("tracktik-system", NAME).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "integrations");
    a_new_secret_is_refused_in_the_end(client).await;
    let change = Patch::Merge(json!({ "stringData": { "password": "mine" } }));
    let changed = secrets.patch("theirs", &PatchParams::default(), &change).await;
    let refused = changed.unwrap_err().to_string();
    assert!(refused.contains(policy), "{refused}");
    let refused = secrets.delete("theirs", &DeleteParams::default()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(policy), "{refused}");
    assert_eq!(theirs.get("theirs").await.unwrap().data, None);
    theirs.delete("theirs", &DeleteParams::default()).await.unwrap();

    // What has the mark of a credential of its namespace it may write.
    let mut own: Secret = secret("own");
    let mark = "integrations/acme@00000000-0000-4000-8000-000000000000";
    let mark = ("tracktik-operator.io/credential".to_owned(), mark.to_owned());
    own.metadata.annotations = Some([mark].into());
    secrets.create(&PostParams::default(), &own).await.unwrap();
    secrets.delete("own", &DeleteParams::default()).await.unwrap();
}

/// A policy takes a moment to be in force.
async fn a_new_secret_is_refused_in_the_end(operator: Client) {
    let secrets: Api<Secret> = Api::namespaced(operator, "integrations");
    let began = tokio::time::Instant::now();
    loop {
        let probe = serde_json::from_value(json!({ "metadata": { "generateName": "probe-" } })).unwrap();
        let only_tried = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let answer = match secrets.create(&only_tried, &probe).await {
            Err(refused) if refused.to_string().contains("own-secrets-team-a") => return,
            other => format!("{other:?}"),
        };
        assert!(began.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The kubectl of this test would rename it by itself; one that does not must find the name written out.
fn it_is_bound_without_the_help_of_kustomize(policy: &str) {
    let overlay = documents("examples/second-operator/kustomization.yaml")
        .unwrap()
        .remove(0);
    let patches = overlay["patches"].as_array().unwrap().iter();
    let of_the_binding = patches.filter(|patch| patch["target"]["kind"] == "ValidatingAdmissionPolicyBinding");
    let of_the_binding: Vec<&str> = of_the_binding.filter_map(|patch| patch["patch"].as_str()).collect();
    let renames = format!("- op: replace\n  path: /spec/policyName\n  value: {policy}\n");
    assert_eq!(of_the_binding, [renames]);
}

/// Run as its Deployment says, it leads by its own Lease and looks after the credentials of its label alone.
async fn it_does_its_part(plane: &ControlPlane, deployment: &Value) {
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap());
    let operator = Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
        .service_account("tracktik-system", NAME)
        .args(arguments.filter(|argument| *argument != "run"))
        .start(plane)
        .await
        .unwrap();
    operator.ready(PATIENCE).await.unwrap();
    let leading = operator.log_line("leading", PATIENCE).await.unwrap();
    assert!(leading.contains(NAME), "{leading}");
    let lease = get(plane, &["lease", NAME]).await;
    assert!(lease["spec"]["holderIdentity"].is_string(), "{lease}");

    let client = plane.client().await.unwrap();
    for (name, labels) in [("of-another", json!({})), ("of-team-a", json!({ "team": "a" }))] {
        let credential = json!({
            "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
            "metadata": { "name": name, "namespace": "integrations", "labels": labels },
            "spec": { "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "absent" } } },
        });
        apply(&client, &credential).await.unwrap();
    }
    // That its source is missing is all there is to find out: nothing leaves this machine.
    let stalled = [
        "-n",
        "integrations",
        "wait",
        "--for=condition=Stalled",
        "ttc/of-team-a",
        "--timeout=30s",
    ];
    kubectl(plane, &stalled).await.unwrap();
    let other = kubectl(plane, &["-n", "integrations", "get", "ttc", "of-another", "-o", "json"]).await;
    let other: Value = serde_json::from_str(&other.unwrap()).unwrap();
    assert_eq!(other["status"], json!({ "observedGeneration": -1 }), "it was looked at");
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
