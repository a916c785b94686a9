//! The manifests that ship, applied to a real API server as a user would, and the operator with exactly those rights.
//!
//! A control plane of its own: what is installed here for the whole cluster would give the other tests' operators rights
//! that they must show to do without.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod commands;
mod second_operator;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{
    certificates::Authority,
    control_plane::ControlPlane,
    manifests::{apply, documents},
    operator::Operator,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};

async fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> Result<String, String> {
    let output = plane.kubectl(arguments).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// A path of the repository, wherever the test is run from.
fn path(relative: &str) -> String {
    format!("{}/{relative}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ships_is_accepted_and_suffices() {
    testbed::install_tls_provider();
    let plane = ControlPlane::start().await.unwrap();
    // The definition takes a moment to be served, and what is applied beside it may ask for it: kubectl says so.
    let applied = kubectl(&plane, &["apply", "-k", &path("deploy")]).await.unwrap();
    for object in [
        "customresourcedefinition",
        "namespace",
        "serviceaccount",
        "clusterrole",
        "clusterrolebinding",
        "deployment",
    ] {
        assert!(applied.contains(object), "{applied}");
    }
    let established = [
        "wait",
        "--for=condition=Established",
        "crd/tracktikcredentials.tracktik-operator.io",
        "--timeout=30s",
    ];
    kubectl(&plane, &established).await.unwrap();
    kubectl(&plane, &["create", "namespace", "integrations"]).await.unwrap();

    the_pod_is_restricted(&plane).await;
    the_examples_are_accepted(&plane).await;
    users_get_their_rights(&plane).await;
    the_rights_suffice(&plane).await;
    second_operator::works_beside_the_first_and_leaves_nothing(&plane).await;
    plane.stop().await;
}

/// The pod of the Deployment, created as its `ReplicaSet` would, in the namespace that enforces Pod Security "restricted".
async fn the_pod_is_restricted(plane: &ControlPlane) {
    let client = plane.client().await.unwrap();
    let deployment = documents("deploy/deployment.yaml").unwrap().remove(0);
    assert_eq!(deployment["spec"]["replicas"], json!(1));
    let rolling = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } });
    assert_eq!(deployment["spec"]["strategy"], rolling);
    let template = &deployment["spec"]["template"];
    replicas_prefer_different_nodes(&deployment);
    let ndots = json!({ "options": [{ "name": "ndots", "value": "1" }] });
    assert_eq!(
        template["spec"]["dnsConfig"], ndots,
        "a host is looked for under its own name only"
    );
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "as-deployed", "namespace": "tracktik-system" }, "spec": template["spec"],
    });
    apply(&client, &pod).await.unwrap();
    // And the namespace does refuse others, so that the above means something.
    pod["metadata"]["name"] = json!("as-root");
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let refused = format!("{:?}", apply(&client, &pod).await.unwrap_err());
    assert!(refused.contains("restricted"), "{refused}");
}

/// By the label that the pods do carry, and only if they can: on a cluster of one node an update must not hang.
fn replicas_prefer_different_nodes(deployment: &Value) {
    let apart = &deployment["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"];
    let preferred = apart["preferredDuringSchedulingIgnoredDuringExecution"]
        .as_array()
        .unwrap();
    let term = &preferred[0]["podAffinityTerm"];
    assert_eq!(term["topologyKey"], json!("kubernetes.io/hostname"));
    assert_eq!(term["labelSelector"], deployment["spec"]["selector"]);
    assert_eq!(apart["requiredDuringSchedulingIgnoredDuringExecution"], Value::Null);
}

async fn the_examples_are_accepted(plane: &ControlPlane) {
    let mut checked = 0;
    for entry in std::fs::read_dir(path("examples")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "yaml") {
            let file = file.to_str().unwrap();
            // Strict: an unknown field is an error, not a warning. Dry, since their domains are real ones.
            let arguments = [
                "apply",
                "--dry-run=server",
                "--validate=strict",
                "-n",
                "integrations",
                "-f",
                file,
            ];
            kubectl(plane, &arguments).await.unwrap();
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
    let overlay = path("examples/namespaced-operator");
    let shown = kubectl(plane, &["apply", "--dry-run=server", "-k", &overlay])
        .await
        .unwrap();
    assert!(shown.contains("rolebinding"), "{shown}");
    let rendered = kubectl(plane, &["kustomize", &overlay]).await.unwrap();
    assert!(
        !rendered.contains("kind: ClusterRoleBinding"),
        "rights everywhere are left out"
    );
    assert!(rendered.contains("--namespace=integrations"), "{rendered}");
}

/// Who may edit a namespace may manage credentials there, through the aggregated roles.
async fn users_get_their_rights(plane: &ControlPlane) {
    let bind = [
        "create",
        "rolebinding",
        "ada",
        "-n",
        "integrations",
        "--clusterrole=edit",
        "--user=ada",
    ];
    kubectl(plane, &bind).await.unwrap();
    let can = ["auth", "can-i", "create", "ttc", "-n", "integrations", "--as=ada"];
    let began = Instant::now();
    // Roles are aggregated by a controller, in its own time.
    while kubectl(plane, &can).await.is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "ada cannot create credentials"
        );
    }
    assert!(
        kubectl(plane, &["auth", "can-i", "create", "ttc", "-n", "default", "--as=ada"])
            .await
            .is_err()
    );
}

/// The operator as deployed, for all namespaces, as its own ServiceAccount.
async fn the_rights_suffice(plane: &ControlPlane) {
    let client = plane.client().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let bundle = folder.path().join("ca.pem");
    authority.write_ca(&bundle).unwrap();
    let issued = authority.issue(folder.path(), &["127.0.0.1"]).unwrap();
    let certificate = Certificate {
        chain_pem: std::fs::read(issued.cert_path).unwrap(),
        key_pem: std::fs::read(issued.key_path).unwrap(),
    };
    let simulator = Simulator::start(SimulatorConfig::new(certificate).unwrap())
        .await
        .unwrap();
    simulator.add_account(Account {
        client_id: "id".to_owned(),
        client_secret: "secret".to_owned(),
        username: "ada".to_owned(),
        password: "password".to_owned(),
    });
    let operator = Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
        .args(["--allowed-domain", &simulator.domain()])
        .arg("--ca-bundle")
        .arg(bundle)
        .args(["--log-level", "debug"])
        .start(plane)
        .await
        .unwrap();
    let create = |object: Value| {
        let client = client.clone();
        async move { apply(&client, &object).await.unwrap() }
    };
    create(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "acme", "namespace": "integrations" },
        "stringData": { "client_id": "id", "client_secret": "secret", "username": "ada", "password": "password" },
    }))
    .await;
    create(json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
        "metadata": { "name": "acme", "namespace": "integrations" },
        "spec": { "domain": simulator.domain(), "credentials": { "secretRef": { "name": "acme" } } },
    }))
    .await;
    // As the README has it.
    let wait = [
        "-n",
        "integrations",
        "wait",
        "--for=condition=Ready",
        "ttc/acme",
        "--timeout=60s",
    ];
    kubectl(plane, &wait).await.unwrap();
    let events = [
        "-n",
        "integrations",
        "get",
        "events",
        "--field-selector",
        "reason=TokenValid",
        "-o",
        "name",
    ];
    let began = Instant::now();
    while kubectl(plane, &events).await.unwrap().is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "no event: {:?}",
            operator.logs()
        );
    }
    commands::of_the_documents_can_be_run(plane).await;
    // Deleted with its owner, by the cluster's garbage collector.
    kubectl(plane, &["-n", "integrations", "delete", "ttc", "acme"])
        .await
        .unwrap();
    let gone = [
        "-n",
        "integrations",
        "wait",
        "--for=delete",
        "secret/acme-token",
        "--timeout=60s",
    ];
    kubectl(plane, &gone).await.unwrap();
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    assert_eq!(simulator.counts().logins, 1);
}
