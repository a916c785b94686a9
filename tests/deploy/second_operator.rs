//! The example of a second operator: with what it applies it does its part beside the first, and deleted it takes nothing
//! of the first along.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{control_plane::ControlPlane, manifests::apply, operator::Operator};

use crate::{kubectl, path};

const NAME: &str = "tracktik-operator-team-a";
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn works_beside_the_first_and_leaves_nothing(plane: &ControlPlane) {
    let example = path("examples/second-operator");
    let before = of_the_first(plane).await;
    kubectl(plane, &["apply", "-k", &example]).await.unwrap();
    assert_eq!(of_the_first(plane).await, before, "the first is as it was");
    let deployment = get(plane, &["deployment", NAME]).await;
    let first = get(plane, &["deployment", "tracktik-operator"]).await;
    assert_ne!(deployment["spec"]["selector"], first["spec"]["selector"]);

    it_may_only_its_own_lease(plane).await;
    it_does_its_part(plane, &deployment).await;

    kubectl(plane, &["delete", "-k", &example]).await.unwrap();
    assert_eq!(of_the_first(plane).await, before, "the first is as it was");
    kubectl(plane, &["get", "ttc", "-n", "integrations"]).await.unwrap();
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
